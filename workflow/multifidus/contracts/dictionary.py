"""The data dictionary, made from the tables: entries for the data report, Markdown for the docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multifidus.config.instruments import INSTRUMENTS
from multifidus.contracts.columns import Kind
from multifidus.contracts.rules import RULES
from multifidus.contracts.tables import TABLES

if TYPE_CHECKING:
    import pandera.pandas as pa

    from multifidus.contracts.tables import Table

__all__ = ["ColumnEntry", "describe_table", "dictionary_markdown"]

_KINDS = {
    Kind.TEXT: "text",
    Kind.NUMBER: "number",
    Kind.INTEGER: "whole number",
    Kind.DATE: "date, YYYY-MM-DD",
    Kind.PARTIAL_DATE: "date, may be cut: YYYY-MM-DD, YYYY-MM or YYYY",
    Kind.BOOLEAN: "true or false",
}

_INTRODUCTION = """\
# Data: the tables a trial brings

<!-- Made from the tables of multifidus.contracts; do not edit. -->

A trial's holder brings one folder with one CSV file per table, named `<table>.csv`: UTF-8, commas
between the fields, fields that hold a comma in double quotes (RFC 4180), column names in the first
row, an empty field for a missing value, dates as YYYY-MM-DD, numbers with a decimal point. The
columns may be in any order; all of them are there, even if empty. Set `data.source: csv` and
`data.path` in `config/config.yaml`.

The study file decides which tables are needed: `participants` and `adverse_events` always, `visits`
with scheduled visits, the table of an instrument with outcomes on it, `characteristics`, `opioids`,
`analgesics` and `device_events` with the analyses that read them. A file with a header and no rows
says that there was nothing to record. Words such as arms, visits and characteristics are the ids
of the study file.

Stimulator downloads lie in the folder `logs`, named after the participant.

## SDTM

A trial in CDISC's Study Data Tabulation Model (SDTM) brings SAS transport files, one per domain
(`dm.xpt`, `ae.xpt`, `ex.xpt`, `ds.xpt`), and a `mapping.yaml` beside its study file that says which
variable becomes which column; there is no code for a trial. Set `data.source: sdtm`.

* Times are cut from dates; an incomplete date keeps its known part from the left.
* Screen failures stay in `participants`, without an arm and without a start of treatment.
* Records are never joined or dropped: an event is what the domain's sequence number numbers.

The mapping that is shipped, `config/studies/cdiscpilot01/mapping.yaml`, reads the SDTM/ADaM Pilot
Project of CDISC (study CDISCPILOT01). Those data are CDISC's and are not part of this repository.
Source: CDISC SDTM/ADaM Pilot Project; variables after the CDISC SDTM Implementation Guide.

## Checks

Every fault of every table is collected before the run stops. `results/data_report/index.html` lists
them with their rows, likely cause and remedy, and never shows a participant's value.

"""


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """One column of the data dictionary.

    Parameters
    ----------
    name
        Column name.
    kind
        How its text is read, in words.
    needed
        ``key``, ``key, may be empty``, ``yes`` or ``may be empty``.
    description
        What it holds, with its unit.
    allowed
        Words or range that it may have; empty when any.
    """

    name: str
    kind: str
    needed: str
    description: str
    allowed: str


def describe_table(table: Table) -> list[ColumnEntry]:
    """Return the dictionary's entries of one table, in column order."""
    return [
        ColumnEntry(
            name,
            _KINDS[table.kind(name)],
            _needed(name in table.key, column.nullable),
            str(column.description),
            _allowed(column),
        )
        for name, column in table.columns.items()
    ]


def dictionary_markdown() -> str:
    """Return the text of ``docs/data.md``."""
    parts = [_INTRODUCTION, _table("Rule", "What is wrong", "How to fix it")]
    parts += [f"| {rule.id} | {rule.sentence} | {rule.remedy} |\n" for rule in RULES]
    parts.append("\n## Instruments\n\nCitations are keys of `literature/methods.bib`.\n\n")
    parts.append(_table("Table", "One record", "Answers", "Limits", "Scored by", "Citation"))
    parts += [
        f"| `{one.id}` | {one.record} | {len(one.items)} | {one.lowest:g} to {one.highest:g} "
        f"| `{one.scorer}` | {one.citation} |\n"
        for one in INSTRUMENTS.values()
    ]
    parts.append("\n## Tables\n")
    for table in TABLES.values():
        parts.append(f"\n### {table.name}\n\n{table.description}. Key: ")
        parts.append(f"{', '.join(f'`{name}`' for name in table.key)}.\n\n")
        parts.append(_table("Column", "Kind", "Needed", "Description", "Allowed"))
        parts += [
            f"| `{entry.name}` | {entry.kind} | {entry.needed} | {entry.description} "
            f"| {entry.allowed} |\n"
            for entry in describe_table(table)
        ]
    return "".join(parts)


def _needed(key: bool, nullable: bool) -> str:
    if key:
        return "key, may be empty" if nullable else "key"
    return "may be empty" if nullable else "yes"


def _table(*heads: str) -> str:
    return f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}\n"


def _allowed(column: pa.Column) -> str:
    texts = []
    for check in column.checks:
        statistics: dict[str, Any] = check.statistics or {}
        if "words" in statistics:
            texts.append(", ".join(statistics["words"]))
        elif "low" in statistics:
            texts.append(f"{statistics['low']:g} to {statistics['high']:g}")
        elif check.name == "dose_positive":
            texts.append("above 0")
    return "; ".join(texts)
