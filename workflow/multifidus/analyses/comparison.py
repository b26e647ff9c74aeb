"""Device events beside published rates of comparable devices, as data for a forest plot.

Populations, follow-up and definitions differ between the sources: the rows stand side by side and
are not tested against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.analyses.adverse_events import SAFETY
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.results import slug
from multifidus.stats.proportions import proportion

if TYPE_CHECKING:
    from multifidus.results import ResultRow

__all__ = ["OWN_EVENTS", "summarise_comparison"]

OWN_EVENTS = {
    "lead_migration": ("lead_migration",),
    "lead_revision": ("lead_revision",),
    "explant": ("explant", "infection_removal"),
    "hardware_failure": ("lead_fracture", "device_deficiency"),
}
"""Published kinds of event and the kinds of the device-events table that answer them."""


def summarise_comparison(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give shares of participants with an event, here and as published.

    A published interval is taken as printed; where only a count is printed its Wilson interval is
    computed; where neither is, there is none. Rates per year are left out: they are no shares. Own
    shares have exact intervals. Reads the tables ``participants`` and ``device_events``, the
    comparators and the sections analysis_sets and adverse_events.

    Returns
    -------
    list of ResultRow
        ``comparison.<event>.overall.safety.all`` and ``comparison.<event>.overall.published.
        <comparator>``, each ``.<percent|ci_lower|ci_upper>``; none without comparators.
    """
    published = inputs.comparators
    if published is None:
        return []
    rows: list[ResultRow] = []
    for event, kinds in OWN_EVENTS.items():
        plain = published["percent_printed"].astype("str").str.match(r"^\d[\d.]*%$")
        yearly = published["rate_printed"].map(_given)
        others = published[(published["event"] == event) & plain & ~yearly]
        if others.empty:
            continue
        rows += _own(inputs, event, kinds)
        for item in others.to_dict("records"):
            rows += _published(event, item)
    return rows


def _own(inputs: AnalysisInputs, event: str, kinds: tuple[str, ...]) -> list[ResultRow]:
    members = inputs.members(SAFETY)
    table = inputs.tables["device_events"]
    own = table[table["event_type"].isin(kinds)]
    count = int(members["participant_id"].isin(own["participant_id"]).sum())
    if members.empty:
        return []
    label = event.replace("_", " ").capitalize()
    share = proportion(count, len(members), method="clopper_pearson")
    cell = Cell("comparison", event, "overall", SAFETY, ALL, f"{label}: this trial")
    cell = cell.of(n=count, total=len(members), method=share.method)
    return _rows(cell, share.estimate, share.ci_lower, share.ci_upper)


def _published(event: str, item: dict[Any, Any]) -> list[ResultRow]:
    label = f"{event.replace('_', ' ').capitalize()}: {item['study']}"
    if isinstance(item["follow_up"], str) and item["follow_up"]:
        label += f", {item['follow_up']}"
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
