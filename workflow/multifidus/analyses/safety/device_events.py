"""Events of the implanted device, with zero counts and exact upper limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.safety.exposure import SAFETY, TimeAtRisk, day_numbers, observation_days
from multifidus.stats.proportions import proportion

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

__all__ = ["summarise_device_events"]


def summarise_device_events(inputs: AnalysisInputs) -> list[ResultRow]:
    """Count participants with each kind of device event that the study file lists.

    Kinds that never occurred have their zero and the exact upper limit of their share
    (Clopper-Pearson) and of their rate (Garwood), the rate being participants with a first event
    over their time to it or to the end of observation. Reads the tables ``participants`` and
    ``device_events`` and the sections analysis_sets and adverse_events.

    Returns
    -------
    list of ResultRow
        ``device_events.<event_type>.overall.safety.all.<participants|percent|events|ci_lower|
        ci_upper>``, limits of the share in per cent, and ``device_event_rates.<event_type>.overall.
        safety.all.<patient_years|rate|ci_lower|ci_upper>`` per 100 patient-years.
    """
    members = inputs.members(SAFETY)
    table = inputs.tables["device_events"]
    events = table[table["participant_id"].isin(members["participant_id"])]
    kinds = inputs.study.adverse_events.device_event_types
    if not kinds:
        return []
    time = observation_days(members, inputs.study.adverse_events)
    risk, everyone = TimeAtRisk.of(time), np.ones(len(time), dtype=bool)
    rows: list[ResultRow] = []
    for kind in kinds:
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
            onset = np.full(len(time), np.inf)
            person = time.index.get_indexer(pd.Index(own["participant_id"]))
            np.minimum.at(onset, person, day_numbers(own["event_date"]))
            cell = cell.of(analysis="device_event_rates")
            rows += risk.rate_rows(cell, onset, everyone)
    return rows
