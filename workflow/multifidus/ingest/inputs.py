"""What a reader hands on: tables, findings and the record of every file read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multifidus.base.files import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from multifidus.config.study import StudyConfig
    from multifidus.contracts.check import Finding

__all__ = ["FOLDER", "IngestOutcome", "InputFile", "required_tables"]

FOLDER = "data folder"
"""Place of findings that concern no single table."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read.

    Parameters
    ----------
    name
        File name without its folder.
    table
        Table that it became.
    sha256
        SHA-256 of its bytes.
    rows, columns
        Records and fields read from it; both 0 when it could not be read.
    """

    name: str
    table: str
    sha256: str
    rows: int
    columns: int

    @classmethod
    def of(cls, path: Path, table: str, rows: int, columns: int) -> InputFile:
        """Describe a file that was read."""
        return cls(path.name, table, sha256_of(path), rows, columns)


@dataclass(frozen=True, slots=True)
class IngestOutcome:
    """Result of reading a source.

    Parameters
    ----------
    tables
        Every table of the contracts by name, typed; tables that the source lacks are empty. Fit for
        use only when there are no errors.
    findings
        All findings, errors before notes, by rule id and place.
    inputs
        The files read, in order of the tables.
    """

    tables: dict[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    inputs: tuple[InputFile, ...] = field(default=())

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that stop the run."""
        return tuple(item for item in self.findings if item.severity == "error")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """Findings that do not stop the run."""
        return tuple(item for item in self.findings if item.severity == "note")


def required_tables(study: StudyConfig) -> frozenset[str]:
    """Return the tables that a folder of CSV files must hold for a study.

    A table that the study's analyses read is required even when it has no rows: a file with a
    header and no rows says that there was no event, an absent file says nothing.

    A study of which a workflow rule declared only some sections is asked for those alone; such a
    rule is handed the tables that the whole study needs.
    """
    sections = vars(study)
    adverse_events = sections.get("adverse_events")
    wanted = {"participants", "adverse_events"}
    wanted |= {outcome.instrument for outcome in sections.get("outcomes", ())}
    wanted |= {name for name in ("visits", "characteristics", "opioids") if sections.get(name)}
    if any(item.refuse_analgesic_increase for item in sections.get("responders", ())):
        wanted.add("analgesics")
    if adverse_events is not None and adverse_events.device_event_types:
        wanted.add("device_events")
    return frozenset(wanted)
