"""Device events beside published rates of comparable devices, as data for a forest plot.

Populations, follow-up and definitions differ between the sources: the rows stand side by side and
are not tested against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.safety.exposure import SAFETY
from multifidus.analyses.safety.narratives import REMOVALS
from multifidus.analyses.safety.treatment_emergent import adverse_event_list
from multifidus.results.ids import slug
from multifidus.stats.proportions import proportion

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

__all__ = ["OWN_EVENTS", "summarise_comparison"]

OWN_EVENTS = {
    "lead_migration": ("lead_migration",),
    "lead_revision": ("lead_revision",),
    "explant": REMOVALS,
    "hardware_failure": ("lead_fracture", "device_deficiency"),
}
"""Published kinds of event and the kinds of the device-events table that answer them."""
_QUALIFIERS = {
    "Lower end": ", low end of a range",
    "Upper end": ", high end of a range",
    "Events, not": ", events",
}
"""How a note of the comparators begins, and what the label says of it."""
_ANY_COMPLICATION = "any_complication"


def summarise_comparison(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give shares of participants with an event, here and as published.

    Own events are those of the device-events table, of the preferred terms that the study file
    names (``comparator_terms``), and any related adverse event for "any complication". A published
    interval is taken as printed; where only a count is printed its Wilson interval is computed;
    where neither is, there is none. Rates per year are left out: they are no shares. Own shares
    have exact intervals. Reads the tables ``participants``, ``adverse_events`` and
    ``device_events``, the comparators and the sections analysis_sets and adverse_events.

    Returns
    -------
    list of ResultRow
        ``comparison.<event>.overall.safety.all`` and ``comparison.<event>.overall.published.
        <comparator>``, each ``.<percent|ci_lower|ci_upper>``; none without comparators.
    """
    published = inputs.comparators
    if published is None:
        return []
    shares = published[_is_share(published)]
    members = inputs.members(SAFETY)
    rows: list[ResultRow] = []
    for event in (*OWN_EVENTS, *inputs.study.adverse_events.comparator_terms, _ANY_COMPLICATION):
        others = shares[shares["event"] == event]
        if others.empty or members.empty:
            continue
        rows += _own(inputs, event, members)
        for item in others.to_dict("records"):
            rows += _published(event, item)
    return rows


def _is_share(published: pd.DataFrame) -> pd.Series[Any]:
    """Mark the rows that print a share, or a count from which one follows, and no yearly rate."""
    plain = published["percent_printed"].astype("str").str.match(r"^\d[\d.]*%$")
    counted = published["events"].map(_given) & published["n"].map(_given)
    share: pd.Series[Any] = (plain | counted) & ~published["rate_printed"].map(_given)
    return share


def _own(inputs: AnalysisInputs, event: str, members: pd.DataFrame) -> list[ResultRow]:
    what, people = _who_had(inputs, event)
    count = int(members["participant_id"].isin(people).sum())
    label = event.replace("_", " ").capitalize()
    share = proportion(count, len(members), method="clopper_pearson")
    cell = Cell("comparison", event, "overall", SAFETY, ALL, f"{label}: this run")
    cell = cell.of(n=count, total=len(members), method=f"{what}{share.method}")
    return _rows(cell, share.estimate, share.ci_lower, share.ci_upper)


def _who_had(inputs: AnalysisInputs, event: str) -> tuple[str, pd.Series[Any]]:
    """Return what answers a published kind of event here, in words, and who had it."""
    if event in OWN_EVENTS:
        device = inputs.tables["device_events"]
        kinds = OWN_EVENTS[event]
        words = " or ".join(kind.replace("_", " ") for kind in kinds)
        here = f"{event.replace('_', ' ').capitalize()} here is {words}; "
        own = device.loc[device["event_type"].isin(kinds), "participant_id"]
        return here if len(kinds) > 1 else "", own
    listed = adverse_event_list(inputs)
    listed = listed[listed["treatment_emergent"]]
    if event == _ANY_COMPLICATION:
        return (
            "Any complication here is any related adverse event; ",
            listed.loc[listed["related"], "participant_id"],
        )
    terms = inputs.study.adverse_events.comparator_terms[event]
    known = listed["pt"].map(slug).isin([slug(term) for term in terms])
    words = f"{event.replace('_', ' ').capitalize()} here is {' or '.join(terms).lower()}; "
    return words, listed.loc[known, "participant_id"]


def _published(event: str, item: dict[Any, Any]) -> list[ResultRow]:
    label = f"{event.replace('_', ' ').capitalize()}: {item['study']}"
    if isinstance(item["follow_up"], str) and item["follow_up"]:
        label += f", {item['follow_up']}"
    label += next(
        (words for start, words in _QUALIFIERS.items() if str(item.get("note")).startswith(start)),
        "",
    )
    cell = Cell(
        "comparison", event, "overall", "published", slug(str(item["comparator_id"])), label
    )
    count, total = item["events"], item["n"]
    if _given(item["ci_lower_printed"]) and _given(item["ci_upper_printed"]):
        cell = cell.of(total=int(total) if _given(total) else None, method="Interval as printed")
        numbers = (item["percent_printed"], item["ci_lower_printed"], item["ci_upper_printed"])
        return _rows(cell, *(_number(text) / 100.0 for text in numbers))
    if _given(count) and _given(total):
        share = proportion(int(count), int(total), method="wilson")
        cell = cell.of(
            n=int(count), total=int(total), method=f"From the printed count; {share.method}"
        )
        return _rows(cell, share.estimate, share.ci_lower, share.ci_upper)
    cell = cell.of(method="As printed, without interval")
    return _rows(cell, _number(item["percent_printed"]) / 100.0)[:1]


def _given(value: Any) -> bool:
    return bool(pd.notna(value)) and value != ""


def _number(printed: Any) -> float:
    return float(str(printed).rstrip("%"))


def _rows(
    cell: Cell, share: float, lower: float = float("nan"), upper: float = float("nan")
) -> list[ResultRow]:
    return [
        cell.row("percent", 100.0 * share, "pct1", "%"),
        cell.row("ci_lower", 100.0 * lower, "pct1", "%"),
        cell.row("ci_upper", 100.0 * upper, "pct1", "%"),
    ]
