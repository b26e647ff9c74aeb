"""The data report: what was read and what was wrong with it, in protocol terms, without a value.

``index.html`` is one self-contained page (no script, no network); ``report.json`` holds the same
for programs. Both have the same bytes for the same data.
"""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from multifidus.base.files import write_json, write_text
from multifidus.base.pages import render_page
from multifidus.contracts.dictionary import describe_table
from multifidus.contracts.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from multifidus.config.run import Tier
    from multifidus.config.study import StudyFacts
    from multifidus.contracts.check import Finding
    from multifidus.ingest.inputs import IngestOutcome

__all__ = ["DATA", "PAGE", "row_ranges", "write_data_report"]

PAGE = "index.html"
DATA = "report.json"

_SHOWN_RANGES = 24
_SOURCES = MappingProxyType(
    {
        "synthetic": "the synthetic cohort",
        "csv": "a folder of CSV files",
        "sdtm": "SDTM domains in SAS transport files",
    }
)


def write_data_report(
    outcome: IngestOutcome,
    folder: Path,
    *,
    tier: Tier,
    study: StudyFacts,
    source: Literal["synthetic", "csv", "sdtm"],
) -> None:
    """Write ``index.html`` and ``report.json``.

    Parameters
    ----------
    outcome
        What ingestion read and found.
    folder
        Folder of the two files; each is written whole or not at all.
    tier
        Data tier, on every page.
    study
        Names of the trial.
    source
        Kind of the source.
    """
    content = _content(outcome, tier, study, source)
    write_json(folder / DATA, content)
    write_text(folder / PAGE, _page(outcome, content, study))


def row_ranges(rows: tuple[int, ...]) -> list[str]:
    """Write row numbers as ranges: 2, 3, 4, 9 gives ``2-4`` (with an en dash) and ``9``."""
    ranges = []
    for _, run in groupby(enumerate(sorted(set(rows))), key=lambda item: item[1] - item[0]):
        numbers = [number for _, number in run]
        first, last = numbers[0], numbers[-1]
        ranges.append(str(first) if first == last else f"{first}\N{EN DASH}{last}")
    return ranges


def _content(
    outcome: IngestOutcome, tier: Tier, study: StudyFacts, source: str
) -> dict[str, Any]:  # fmt: skip
    return {
        "study": study.id,
        "source": source,
        "tier": str(tier),
        "tier_banner": tier.banner,
        "sensitivity": tier.sensitivity,
        "verdict": "refused" if outcome.errors else "accepted",
        "errors": len(outcome.errors),
        "notes": len(outcome.notes),
        "inputs": [
            {
                "name": item.name,
                "table": item.table,
                "rows": item.rows,
                "columns": item.columns,
                "sha256": item.sha256,
            }
            for item in outcome.inputs
        ],
        "tables": [
            {"name": name, "rows": len(frame), "columns": len(frame.columns)}
            for name, frame in outcome.tables.items()
        ],
        "findings": [_finding(item) for item in outcome.findings],
    }


def _finding(item: Finding) -> dict[str, Any]:
    return {
        "id": item.rule.id,
        "rule": item.rule.name,
        "term": item.rule.term,
        "severity": item.severity,
        "table": item.table,
        "column": item.column,
        "rows": list(item.rows),
        "row_count": len(item.rows),
        "problem": item.rule.sentence,
        "detail": item.detail,
        "likely_cause": item.rule.cause,
        "remedy": item.rule.remedy,
        "sentence": item.sentence,
        "dictionary": f"docs/data.md#{item.table}" if item.table in TABLES else "docs/data.md",
    }


def _page(outcome: IngestOutcome, content: dict[str, Any], study: StudyFacts) -> str:
    return render_page(
        "multifidus.ingest",
        "data_report.html.j2",
        "data_report.css",
        **content,
        title=study.short_title,
        origin=_SOURCES[content["source"]],
        rows_read=sum(item.rows for item in outcome.inputs),
        groups=[_group(list(items)) for _, items in groupby(outcome.findings, key=_group_key)],
        dictionary=[
            {"name": name, "description": table.description, "columns": describe_table(table)}
            for name, table in TABLES.items()
        ],
    )


def _group_key(item: Finding) -> tuple[str, str]:
    return (item.severity, item.rule.id)


def _group(items: list[Finding]) -> dict[str, Any]:
    """One rule with all its places."""
    return {
        "rule": items[0].rule,
        "severity": items[0].severity,
        "places": [_place(item) for item in items],
    }


def _place(item: Finding) -> dict[str, Any]:
    ranges = row_ranges(item.rows)
    known = item.table in TABLES and item.column in TABLES[item.table].columns
    anchor = f"{item.table}.{item.column}" if known else item.table
    return {
        "table": item.table,
        "column": item.column,
        "anchor": anchor if item.table in TABLES else "",
        "ranges": ranges[:_SHOWN_RANGES],
        "more_ranges": max(0, len(ranges) - _SHOWN_RANGES),
        "rows": len(item.rows),
        "detail": item.detail,
    }
