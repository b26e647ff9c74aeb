"""One CSV file to a frame of text: encoding, delimiter, header and row shape.

Encoding and records are those of :mod:`multifidus.base.csv_text`, with commas between fields. Blank
rows count and are left out.

Names found in a header are repeated in a message only where they are near a name of the contract:
in a file without a header row the first row holds a participant's values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from multifidus.base.csv_text import CsvRecord, csv_records, decode_csv, near_name
from multifidus.contracts.check import ROW, Finding
from multifidus.contracts.rules import rule_named
from multifidus.contracts.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CsvText", "read_csv_text"]

_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class CsvText(NamedTuple):
    """Text of one file: the declared columns that it has, its findings, its rows and columns."""

    frame: pd.DataFrame | None
    findings: list[Finding]
    rows: int
    columns: int


def read_csv_text(path: Path, name: str) -> CsvText:
    """Read the file of one table as text.

    Parameters
    ----------
    path
        The file.
    name
        Table name.

    Returns
    -------
    CsvText
        The frame has every declared column (all missing where the file lacks it) and its row
        numbers as index; it is ``None`` when the file's structure could not be made out.
    """
    try:
        text = decode_csv(path.read_bytes())
    except ValueError as error:
        return CsvText(None, [_fault("encoding", name, detail=str(error))], 0, 0)
    if (delimiter := _wrong_delimiter(text, name)) is not None:
        return CsvText(None, [delimiter], 0, 0)
    records, findings = _records(text, name)
    if not records:
        return CsvText(None, findings or [_fault("header_present", name, "", "it is empty")], 0, 0)
    header = [field.strip() for field in records[0].fields]
    if not set(header) & set(TABLES[name].columns) and not _near_names(header, name):
        return CsvText(None, [_fault("header_present", name)], 0, 0)
    findings += _header_findings(header, name)
    rows, more = _shaped(records[1:], len(header), name)
    return CsvText(_frame(header, rows, name), findings + more, len(rows), len(header))


def _fault(
    rule: str, name: str, column: str = "", detail: str = "", rows: tuple[int, ...] = ()
) -> Finding:
    return Finding(rule_named(rule), name, column, rows, detail)


def _records(text: str, name: str) -> tuple[list[CsvRecord], list[Finding]]:
    """Split text into records; blank lines are counted and left out."""
    records, broken = csv_records(text)
    if broken is None:
        return records, []
    detail = "a quotation mark from here on is not closed or not doubled"
    return records, [_fault("row_shape", name, detail=detail, rows=(broken,))]


def _wrong_delimiter(text: str, name: str) -> Finding | None:
    """Recognise a file that is separated by something else than commas, by its first line."""
    known = set(TABLES[name].columns)
    line = next(iter(text.splitlines()), "")
    if line.lower().startswith("sep="):
        return _fault("delimiter", name, detail="its first line is a spreadsheet's separator hint")

    def names(delimiter: str) -> int:
        return len(known & {field.strip().strip('"') for field in line.split(delimiter)})

    for delimiter, words in _DELIMITERS.items():
        if delimiter in line and names(delimiter) > names(","):
            return _fault("delimiter", name, detail=f"its fields are separated by {words}")
    return None


def _near_names(header: list[str], name: str) -> dict[str, str]:
    """Unknown header names that are near a declared column, with that column."""
    declared = list(TABLES[name].columns)
    near = {field: near_name(field, declared) for field in header if field not in declared}
    return {field: column for field, column in near.items() if column is not None}


def _header_findings(header: list[str], name: str) -> list[Finding]:
    declared = TABLES[name].columns
    near = _near_names(header, name)
    findings = [
        _fault("column_repeated", name, column)
        for column in declared
        if header.count(column) > 1
    ]  # fmt: skip
    for position, field in enumerate(header, start=1):
        if field in declared:
            continue
        detail = f"it is the {_ordinal(position)} of the file"
        if field in near:
            detail = f"'{field}' is in the header, did you mean '{near[field]}'?"
        findings.append(_fault("column_unknown", name, detail=detail))
    for column in declared:
        if column not in header:
            similar = [field for field, meant in near.items() if meant == column]
            detail = f"the header has '{similar[0]}'" if similar else ""
            findings.append(_fault("column_present", name, column, detail))
    return findings


def _ordinal(position: int) -> str:
    return f"column number {position}"


def _shaped(
    records: list[CsvRecord], width: int, name: str
) -> tuple[list[CsvRecord], list[Finding]]:  # fmt: skip
    """Leave out rows that are blank or do not have as many fields as the header."""
    blank = [item.row for item in records if not any(field.strip() for field in item.fields)]
    skipped = set(blank)
    ragged = [item.row for item in records if item.row not in skipped and len(item.fields) != width]
    findings = []
    if ragged:
        findings.append(_fault("row_shape", name, rows=tuple(ragged)))
    if blank:
        findings.append(
            Finding(rule_named("row_blank"), name, rows=tuple(blank), severity="note")
        )  # fmt: skip
    skipped.update(ragged)
    return [item for item in records if item.row not in skipped], findings


def _frame(header: list[str], records: list[CsvRecord], name: str) -> pd.DataFrame:
    index = pd.Index([item.row for item in records], name=ROW, dtype="int64")
    columns = {}
    for column in TABLES[name].columns:
        if column in header:
            place = header.index(column)
            values: list[str | None] = [item.fields[place] for item in records]
        else:
            values = [None] * len(records)
        columns[column] = pd.Series(values, index=index, dtype="str")
    return pd.DataFrame(columns, index=index)
