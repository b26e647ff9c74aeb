"""Read a folder of CSV files, one per table, as ``docs/data.md`` describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.base.csv_text import near_name
from multifidus.contracts.check import Finding, check_parsed, empty_table, parse_table
from multifidus.contracts.rules import rule_named
from multifidus.contracts.tables import TABLES
from multifidus.ingest.csv_text import read_csv_text
from multifidus.ingest.inputs import FOLDER, InputFile, required_tables

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import pandas as pd

    from multifidus.config.study import StudyConfig

__all__ = ["read_csv_files", "read_csv_folder"]


def read_csv_folder(
    folder: Path, study: StudyConfig
) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Read every table of a folder and collect every finding of every table.

    Parameters
    ----------
    folder
        Folder with ``<table>.csv`` files.
    study
        The study; it decides which tables must be there (see :func:`required_tables`).

    Returns
    -------
    tuple
        Every table by name (empty where the folder has none), on an index of source rows, and the
        findings. Checks across tables are not part of it.
    """
    tables, findings, _ = read_csv_files(folder, study)
    return tables, findings


def read_csv_files(
    folder: Path, study: StudyConfig, required: Collection[str] | None = None
) -> tuple[dict[str, pd.DataFrame], list[Finding], list[InputFile]]:
    """Read as :func:`read_csv_folder` does and return the record of the files read as well.

    ``required`` names the tables that must be there; ``None`` asks the study.
    """
    tables: dict[str, pd.DataFrame] = {}
    inputs: list[InputFile] = []
    required = required_tables(study) if required is None else required
    misspelt = _misspelt_files(folder)
    findings = _file_findings(folder, misspelt)
    for name in TABLES:
        path = folder / f"{name}.csv"
        tables[name] = empty_table(name)
        if not path.is_file():
            if name in required and name not in misspelt.values():
                findings.append(
                    Finding(rule_named("file_present"), name, detail=f"{name}.csv is not there")
                )
            continue
        text = read_csv_text(path, name)
        inputs.append(InputFile.of(path, name, text.rows, text.columns))
        findings += text.findings
        if text.frame is not None:
            tables[name], parsed = parse_table(name, text.frame)
            findings += _checked(name, tables[name], parsed, text.findings)
    return tables, findings, inputs


def _checked(
    name: str, frame: pd.DataFrame, parsed: list[Finding], structure: list[Finding]
) -> list[Finding]:
    """Check the values; what follows from a missing column is not said a second time."""
    absent = {item.column for item in structure if item.rule.name == "column_present"}
    key_is_whole = not absent & set(TABLES[name].key)
    return [
        item
        for item in check_parsed(name, frame, parsed)
        if item.column not in absent and (key_is_whole or item.rule.name != "unique_key")
    ]


def _other_files(folder: Path) -> list[Path]:
    known = {f"{name}.csv" for name in TABLES}
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".") and path.name not in known
    ]


def _misspelt_files(folder: Path) -> dict[str, str]:
    """Files whose name is near that of a table which the folder lacks, with that table."""
    lacking = [name for name in TABLES if not (folder / f"{name}.csv").is_file()]
    found: dict[str, str] = {}
    for path in _other_files(folder):
        meant = near_name(path.stem, lacking)
        if meant is not None and path.suffix.lower() in (".csv", ".txt", ".tsv", ".xlsx", ".xls"):
            found[path.name] = meant
    return found


def _file_findings(folder: Path, misspelt: dict[str, str]) -> list[Finding]:
    """Report files that are no tables.

    A name is repeated only when it is near that of a table: others may name a participant.
    """
    findings = [
        Finding(
            rule_named("file_present"),
            meant,
            detail=f"the folder has '{name}', did you mean '{meant}.csv'?",
        )
        for name, meant in misspelt.items()
    ]
    others = [path for path in _other_files(folder) if path.name not in misspelt]
    if others:
        detail = f"{len(others)} such file{'s' if len(others) > 1 else ''}"
        findings.append(Finding(rule_named("file_unknown"), FOLDER, detail=detail, severity="note"))
    return findings
