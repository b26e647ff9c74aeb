"""Events of the implanted device, with zero counts and exact upper limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.adverse_events import SAFETY
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.stats.proportions import proportion

if TYPE_CHECKING:
    from multifidus.results import ResultRow

__all__ = ["summarise_device_events"]


def summarise_device_events(inputs: AnalysisInputs) -> list[ResultRow]:
    """Count participants with each kind of device event that the study file lists.

    Kinds that never occurred have their zero and the exact upper limit of their share
    (Clopper-Pearson). Reads the tables ``participants`` and ``device_events`` and the sections
    analysis_sets and adverse_events.

    Returns
    -------
    list of ResultRow
        ``device_events.<event_type>.overall.safety.all.<participants|percent|events|ci_lower|
        ci_upper>``; limits of the share in per cent.
    """
    members = inputs.members(SAFETY)
    table = inputs.tables["device_events"]
    events = table[table["participant_id"].isin(members["participant_id"])]
    rows: list[ResultRow] = []
    for kind in inputs.study.adverse_events.device_event_types:
        own = events[events["event_type"] == kind]
        participants, total = own["participant_id"].nunique(), len(members)
        label = kind.replace("_", " ").capitalize().replace("Ipg", "IPG")
        cell = Cell("device_events", kind, "overall", SAFETY, ALL, label, participants, total)
        rows.append(cell.row("participants", participants, "d0"))
        rows.append(cell.of(n=len(own)).row("events", len(own), "d0"))
        if total:
            share = proportion(participants, total, method="clopper_pearson")
            cell = cell.of(method=share.method)
            rows.append(cell.row("percent", 100.0 * participants / total, "pct1", "%"))
            rows.append(cell.row("ci_lower", 100.0 * share.ci_lower, "pct1", "%"))
            rows.append(cell.row("ci_upper", 100.0 * share.ci_upper, "pct1", "%"))
    return rows
