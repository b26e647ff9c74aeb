"""Tables of opioids and device events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import DASH, ReportTable

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = [
    "device_events_table",
    "opioids_table",
]

_CATEGORIES = (
    ("discontinued", "Discontinued"),
    ("decreased", "Decreased"),
    ("unchanged", "Unchanged"),
    ("increased", "Increased"),
    ("eliminated_or_reduced", "Discontinued or decreased"),
)


def opioids_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the change of opioid use at every visit, of those who used opioids at baseline."""
    rules = study.opioids
    assert rules is not None  # noqa: S101 - the manuscript's study declares it
    visits = [visit for visit in study.visits if visit.id in rules.visits]
    table = ReportTable(results, ["Opioid use", *(visit.label for visit in visits)])
    totals = []
    for visit in visits:
        stem = f"opioids.discontinued.{visit.id}.observed.all.count"
        totals.append(results.people(stem, "N"))
    table.row("On opioids at baseline and seen", totals)
    for category, label in _CATEGORIES:
        stems = [f"opioids.{category}.{visit.id}.observed.all" for visit in visits]
        table.row(label, [table.count_percent(stem) for stem in stems])
    table.note("Number (per cent) of those on opioids at baseline and seen at the visit.")
    return table


def device_events_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return device events, zero rows kept, with exact limits of shares and rates."""
    table = ReportTable(
        results, ["Device event", "Participants (%)", "95 % CI", "Events", "Rate", "95 % CI"]
    )
    for kind in study.adverse_events.device_event_types:
        stem, rate = (
            f"{name}.{kind}.overall.safety.all" for name in ("device_events", "device_event_rates")
        )
        shown = f"{table.number(f'{stem}.participants')} ({table.number(f'{stem}.percent')})"
        table.row(
            kind.replace("_", " ").capitalize().replace("Ipg", "IPG"),
            [
                shown,
                table.interval(stem),
                table.number(f"{stem}.events"),
                table.number(f"{rate}.rate", display="f2"),
                _limits(table, rate),
            ],
        )
    table.note("Rate: participants with a first event per 100 patient-years at risk of it.")
    return table


def _limits(table: ReportTable, stem: str) -> str:
    if f"{stem}.ci_lower" not in table.results:
        return DASH
    low, high = (table.number(f"{stem}.{name}", display="f2") for name in ("ci_lower", "ci_upper"))
    return f"{low} to {high}"
