"""Tables of opioids, adverse events and device events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import DASH, ReportTable
from multifidus.report.tables.groups import groups_in

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from multifidus.config import StudyConfig
    from multifidus.results import Results

__all__ = [
    "adverse_events_table",
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
        totals.append(str(int(results.row(stem)["N"])) if stem in results else DASH)
    table.row("On opioids at baseline and seen", totals)
    for category, label in _CATEGORIES:
        stems = [f"opioids.{category}.{visit.id}.observed.all" for visit in visits]
        table.row(label, [table.count_percent(stem) for stem in stems])
    table.note("Number (per cent) of those on opioids at baseline and seen at the visit.")
    return table


def adverse_events_table(
    results: Results, study: StudyConfig, *, minimum_percent: float = 2.0
) -> ReportTable:
    """Return adverse events by class and term: participants, per cent, events, rate.

    Parameters
    ----------
    results, study
        As ever.
    minimum_percent
        Preferred terms that reach this share in no group are left to the results table.
    """
    rows = results.select(analysis="adverse_events", statistic="participants")
    groups = groups_in(rows, study)
    if len(groups) > 3:  # noqa: PLR2004 - a page holds three groups with events beside them
        groups = groups[:-1]
    totals = {
        group: int(results.row(f"adverse_events.any.overall.safety.{group}.participants")["N"])
        for group, _ in groups
    }
    table = ReportTable(
        results,
        ["Event", *(head for _ in groups for head in ("n (%)", "Events"))],
        [("", 1), *((f"{label} (N = {totals[group]})", 2) for group, label in groups)],
    )

    def cells(outcome: str) -> list[str]:
        found = []
        for group, _ in groups:
            stem = f"adverse_events.{outcome}.overall.safety.{group}"
            shown = f"{table.number(f'{stem}.participants')} ({table.number(f'{stem}.percent')})"
            found += [shown, table.number(f"{stem}.events")]
        return found

    table.group("Summary")
    for outcome, label in (
        ("any", "Any adverse event"),
        ("serious", "Any serious adverse event"),
        ("related", "Any related adverse event"),
        ("serious_related", "Any serious and related adverse event"),
    ):
        if f"adverse_events.{outcome}.overall.safety.{groups[0][0]}.participants" in results:
            table.row(label, cells(outcome), indent=True)
    _classes_and_terms(table, rows, cells, minimum_percent)
    table.note(
        f"Participants (per cent of N) and number of events. Terms below {minimum_percent:g} % in "
        "every group are left to the results table; classes count distinct participants."
    )
    return table


def _classes_and_terms(
    table: ReportTable, rows: pd.DataFrame, cells: Callable[[str], list[str]], minimum: float
) -> None:
    results = table.results
    percent = results.select(analysis="adverse_events", statistic="percent")
    highest = percent.groupby("outcome")["value"].max()
    order = rows.groupby("outcome")["value"].sum().sort_values(ascending=False, kind="stable")
    labels = rows.drop_duplicates("outcome").set_index("outcome")["label"]
    for heading, prefix in (("By system organ class", "soc_"), ("By preferred term", "pt_")):
        wanted = [
            outcome
            for outcome in order.index
            if str(outcome).startswith(prefix) and highest[outcome] >= minimum
        ]
        if wanted:
            table.group(heading)
        for outcome in wanted:
            label = str(labels[outcome]).rpartition(" / ")[2]
            table.row(label, cells(outcome), indent=True)


def device_events_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return device events, zero rows kept, with exact upper limits."""
    table = ReportTable(results, ["Device event", "Participants (%)", "Events", "Upper 95 % limit"])
    for kind in study.adverse_events.device_event_types:
        stem = f"device_events.{kind}.overall.safety.all"
        shown = f"{table.number(f'{stem}.participants')} ({table.number(f'{stem}.percent')})"
        table.row(
            kind.replace("_", " ").capitalize().replace("Ipg", "IPG"),
            [shown, table.number(f"{stem}.events"), table.number(f"{stem}.ci_upper")],
        )
    return table
