"""Tables of adverse events: overview and terms, parts of them, and counts of narratives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import DASH, ReportTable
from multifidus.report.tables.groups import groups_in

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = ["adverse_events_table", "narratives_table", "terms_table"]

_MOST_GROUPS = 3
"""Groups that fit on a page with their rates."""
_OVERVIEW = (
    ("any", "Any adverse event", False),
    ("worst_mild", "mild at worst", True),
    ("worst_moderate", "moderate at worst", True),
    ("severe", "severe or worse", True),
    ("serious", "Serious", False),
    ("related", "Related", False),
    ("related_device", "to device or drug", True),
    ("related_procedure", "to a procedure", True),
    ("related_stimulation", "to stimulation", True),
    ("serious_related", "Serious and related", False),
    ("anticipated", "Anticipated", False),
    ("unanticipated", "Not anticipated", False),
    ("fatal", "Fatal", False),
)
_NO_DECIMAL = 99.95
_ONLY_IF_ANY = frozenset(
    {"related_procedure", "related_stimulation", "anticipated", "unanticipated"}
)
"""Headings that a trial may not record at all; without any event they are left out."""
_HEADS = ("n (%)", "E", "Rate")
_HOW = (
    "n (%): participants and per cent of N; E: events; rate: participants with a first event per "
    "100 patient-years at risk of it."
)


def adverse_events_table(
    results: Results, study: StudyConfig, *, minimum_percent: float = 2.0
) -> ReportTable:
    """Return treatment-emergent adverse events: overview, then terms within their classes.

    Parameters
    ----------
    results, study
        As ever.
    minimum_percent
        Preferred terms that reach this share in no group are left to the results table.
    """
    table, groups = _frame(results, study)
    table.group("Overview")
    for outcome, label, indent in _OVERVIEW:
        stem = f"adverse_events.{outcome}.overall.safety"
        rows = results.select(analysis="adverse_events", outcome=outcome, statistic="events")
        empty = (rows["value"] == 0).all()
        if f"{stem}.{groups[0][0]}.participants" in results and not (
            empty and outcome in _ONLY_IF_ANY
        ):
            table.row(label, _cells(table, outcome, groups), indent=indent)
    _classes(table, groups, "", minimum_percent)
    table.note(
        f"{_HOW} Terms below {minimum_percent:g} % in every group are left to the results table; "
        "classes count distinct participants."
    )
    return table


def terms_table(results: Results, study: StudyConfig, part: str) -> ReportTable:
    """Return one part of the adverse events, ``serious`` or ``related``, by class and term."""
    table, groups = _frame(results, study)
    label = {"serious": "Any serious event", "related": "Any related event"}[part]
    table.row(label, _cells(table, part, groups))
    _classes(table, groups, f"{part}_", 0.0)
    table.note(_HOW)
    return table


def narratives_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return how many narratives there are and of how many participants, by reason."""
    rows = results.select(analysis="narratives", statistic="participants")
    groups = groups_in(rows, study)
    table = ReportTable(results, ["Reason", *(label for _, label in groups)])
    for outcome, label in (
        ("any", "Any"),
        ("death", "Death or fatal event"),
        ("serious", "Serious event"),
        ("serious_related", "Serious and related event"),
        ("related", "Related event"),
        ("explant", "Explantation"),
    ):
        if outcome == "explant" and not study.adverse_events.device_event_types:
            continue
        cells = []
        for group, _ in groups:
            stem = f"narratives.{outcome}.overall.safety.{group}"
            people, events = (table.number(f"{stem}.{name}") for name in ("participants", "events"))
            cells.append(f"{people}\N{NO-BREAK SPACE}[{events}]")
        table.row(label, cells, indent=outcome != "any")
    table.note(
        "Participants [narratives]; an event may have several reasons. Events that started before "
        "treatment have a narrative too, and are not among the treatment-emergent ones."
    )
    return table


def _frame(results: Results, study: StudyConfig) -> tuple[ReportTable, list[tuple[str, str]]]:
    """Return an empty table with a spanner for each group, and the groups."""
    rows = results.select(analysis="adverse_events", statistic="participants", outcome="any")
    groups = groups_in(rows, study)
    if len(groups) > _MOST_GROUPS:
        groups = groups[:-1]
    total = {
        group: int(results.row(f"adverse_events.any.overall.safety.{group}.participants")["N"])
        for group, _ in groups
    }
    heads = [head for _ in groups for head in _HEADS]
    width = len(_HEADS)
    spanners = [
        ("", 1),
        *(
            (f"{label} (N\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{total[group]})", width)
            for group, label in groups
        ),
    ]
    return ReportTable(results, ["Event", *heads], spanners), groups


def _cells(table: ReportTable, outcome: str, groups: list[tuple[str, str]]) -> list[str]:
    cells = []
    for group, _ in groups:
        stem = f"adverse_events.{outcome}.overall.safety.{group}"
        people, events = (table.number(f"{stem}.{name}") for name in ("participants", "events"))
        percent = table.number(f"{stem}.percent", display="f1")
        shown = people if percent == DASH else f"{people}\N{NO-BREAK SPACE}({percent})"
        cells += [shown, events, _rate(table, f"{stem}.rate")]
    return cells


def _rate(table: ReportTable, result_id: str) -> str:
    """Return a rate, without its decimal where it has three digits before it."""
    high = result_id in table.results and table.results.value(result_id) >= _NO_DECIMAL
    return table.number(result_id, display="f0" if high else None)


def _classes(
    table: ReportTable, groups: list[tuple[str, str]], prefix: str, minimum: float
) -> None:
    """Add classes, most frequent first, and under each its terms that reach the minimum."""
    results = table.results
    rows = results.select(analysis="adverse_events", group="all")
    people = rows[rows["statistic"] == "participants"].set_index("outcome")
    percent = results.select(analysis="adverse_events", statistic="percent")
    highest = percent.groupby("outcome")["value"].max()
    classes = _ordered(people, f"{prefix}soc_")
    terms = _ordered(people, f"{prefix}pt_")
    if len(classes):
        table.group("By system organ class and preferred term")
    for outcome, label in zip(classes.index, classes["label"], strict=True):
        name = str(label).rpartition(": ")[2]
        table.row(name, _cells(table, outcome, groups))
        for term, words in zip(terms.index, terms["label"], strict=True):
            of_class, _, own = str(words).rpartition(" / ")
            # A suppressed share is not known to lie below the minimum.
            if of_class == label and not highest.get(term, 0.0) < minimum:
                table.row(own, _cells(table, term, groups), indent=True)


def _ordered(people: pd.DataFrame, prefix: str) -> pd.DataFrame:
    own = people[people.index.str.startswith(prefix)]
    return own.sort_values("value", ascending=False, kind="stable", na_position="last")
