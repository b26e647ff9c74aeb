"""Treatment-emergent adverse events: participants, events, shares and exposure-adjusted rates.

The rate is participants with at least one event per 100 patient-years at risk, where a participant
is at risk until the first event of that kind or the end of observation (term-specific exposure),
with the exact Poisson interval of Garwood (1936). A first event after the end of observation counts
as a participant and not in the rate, since its time at risk was not observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.safety.exposure import SAFETY, TimeAtRisk, day_numbers, observation_days
from multifidus.analyses.safety.treatment_emergent import RELATIONS, adverse_event_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from multifidus.results.table import ResultRow

__all__ = ["summarise_adverse_events"]

_SEVERE = ("severe", "life threatening", "fatal")
_MODERATE, _SEVERE_GRADE = 2, 3
_GRADES = {"mild": 1, "moderate": _MODERATE} | dict.fromkeys(_SEVERE, _SEVERE_GRADE)
_LABELS = {
    "any": "Any adverse event",
    "serious": "Serious",
    "related": "Related to device, procedure, stimulation or study drug",
    "related_device": "Related to the device or study drug",
    "related_procedure": "Related to a procedure",
    "related_stimulation": "Related to stimulation",
    "serious_related": "Serious and related",
    "mild": "Mild",
    "moderate": "Moderate",
    "severe": "Severe or worse",
    "worst_mild": "Worst severity mild",
    "worst_moderate": "Worst severity moderate",
    "anticipated": "Anticipated",
    "unanticipated": "Not anticipated",
    "fatal": "Fatal",
}
_ANSWERS = (
    ("severity", "severity", "severity"),
    ("seriousness", "serious_recorded", "seriousness"),
    ("anticipation", "anticipated", "anticipation"),
)
_SUBSETS = {"serious": "Serious", "related": "Related", "severe": "Severe or worse"}
"""Headings that are broken down by class and term too."""


def summarise_adverse_events(inputs: AnalysisInputs) -> list[ResultRow]:
    """Count treatment-emergent adverse events, together and by arm.

    Headings, system organ classes (``soc_<slug>``) and preferred terms (``pt_<slug>``, labelled
    "class / term"). A class counts distinct participants. Terms seen in any group have rows, zeros
    included, in every group. Serious, related and severe events are counted by class and term
    (``serious_soc_<slug>``, ``related_pt_<slug>``) as well. Reads the tables ``participants`` and
    ``adverse_events`` and the sections analysis_sets, arms and adverse_events.

    Returns
    -------
    list of ResultRow
        ``adverse_events.<what>.overall.safety.<group>.<participants|percent|events|patient_years|
        rate|ci_lower|ci_upper>``; per cent of the group's participants, years at risk, limits of
        the rate. Rows are in the order of frequency over all arms within classes. Events without
        an answer on relation, severity, seriousness or anticipation are counted in rows
        ``<what>_missing``.

    Raises
    ------
    AnalysisError
        ``ANA-003`` when a participant's observation has no start or end.
    """
    members = inputs.members(SAFETY)
    listed = adverse_event_list(inputs)
    emergent = listed[listed["treatment_emergent"]]
    time = observation_days(members, inputs.study.adverse_events)
    headings = dict(_headings(emergent))
    kinds = [_Kind.of(name, _LABELS[name], own, time) for name, own in headings.items()]
    kinds += [_Kind.of(*kind, time) for kind in _terms(emergent)]
    kinds += [
        _Kind.of(f"{name}_{outcome}", f"{words}: {label}", own, time)
        for name, words in _SUBSETS.items()
        for outcome, label, own in _terms(headings[name])
    ]
    risk = TimeAtRisk.of(time)
    rows: list[ResultRow] = []
    for group in inputs.groups(members):
        inside = time.index.isin(group.members["participant_id"])
        for kind in kinds:
            cell = Cell("adverse_events", kind.outcome, "overall", SAFETY, group.id, kind.label)
            rows += _rows(cell, kind, risk, inside)
    return [*rows, *_notes(listed, len(members))]


@dataclass(frozen=True, slots=True, eq=False)
class _Kind:
    """Events of one heading, class or term.

    ``person`` is the place of each event's participant in the safety set, ``onset`` the day number
    of each participant's first event, infinite where there was none.
    """

    outcome: str
    label: str
    person: NDArray[np.intp]
    onset: NDArray[np.float64]

    @classmethod
    def of(cls, outcome: str, label: str, events: pd.DataFrame, time: pd.DataFrame) -> _Kind:
        person = time.index.get_indexer(pd.Index(events["participant_id"]))
        onset = np.full(len(time), np.inf)
        np.minimum.at(onset, person, day_numbers(events["start_day"]))
        return cls(outcome, label, person, onset)


def _headings(emergent: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield slug and events of every heading."""
    severe = emergent["severity"].isin(_SEVERE)
    grade = emergent["severity"].map(_GRADES).astype("float64")
    worst = grade.groupby(emergent["participant_id"]).transform("max")
    anticipated = emergent["anticipated"]
    masks: dict[str, Any] = {
        "any": pd.Series(True, index=emergent.index),
        "serious": emergent["serious"],
        "related": emergent["related"],
        **{name: emergent[name] for name in RELATIONS},
        "serious_related": emergent["serious"] & emergent["related"],
        "mild": grade == 1,
        "moderate": grade == _MODERATE,
        "severe": severe,
        "worst_mild": worst == 1,
        "worst_moderate": worst == _MODERATE,
        "anticipated": anticipated.fillna(False).astype(bool),
        "unanticipated": ~anticipated.fillna(True).astype(bool),
        "fatal": emergent["fatal"],
    }
    for outcome, mask in masks.items():
        yield outcome, emergent[mask]


def _terms(emergent: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield slug, label and events of every class and of the terms in it."""
    for soc, of_class in _by_frequency(emergent, "soc_slug"):
        label = str(of_class["soc"].iloc[0])
        yield f"soc_{soc}", label, of_class
        for pt, of_term in _by_frequency(of_class, "pt_slug"):
            yield f"pt_{pt}", f"{label} / {of_term['pt'].iloc[0]}", of_term


def _by_frequency(events: pd.DataFrame, by: str) -> list[tuple[str, pd.DataFrame]]:
    """Split events by a slug: most participants first, then most events, then by name."""
    parts = [(str(name), own) for name, own in events.groupby(by, sort=True)]
    return sorted(parts, key=lambda part: (-part[1]["participant_id"].nunique(), -len(part[1])))


def _rows(cell: Cell, kind: _Kind, risk: TimeAtRisk, inside: NDArray[np.bool_]) -> list[ResultRow]:
    """Give the rows of one kind of event in one group, whose members ``inside`` marks."""
    size = int(inside.sum())
    participants = int((np.isfinite(kind.onset) & inside).sum())
    events = int(inside[kind.person].sum())
    cell = cell.of(n=participants, total=size)
    rows = [
        cell.row("participants", participants, "d0"),
        cell.of(n=events).row("events", events, "d0"),
    ]
    if not size:
        return rows
    rows.append(cell.row("percent", 100.0 * participants / size, "pct1", "%"))
    return rows + risk.rate_rows(cell, kind.onset, inside)


def _notes(listed: pd.DataFrame, total: int) -> list[ResultRow]:
    """Say how many events are not treatment-emergent, imputed in part, or lack an answer."""
    emergent = listed[listed["treatment_emergent"]]
    counts = {
        "recorded": ("Recorded in the safety set", len(listed)),
        "not_emergent": (
            "Started before treatment",
            int((~listed["treatment_emergent"]).sum()),
        ),
        "start_imputed": ("Start date imputed", int((listed["start_imputed"] != "").sum())),
        "relation_missing": (
            "No answer on relation to anything",
            int(emergent["relation_missing"].sum()),
        ),
        **{
            f"{name}_missing": (f"No answer on {words}", int(emergent[column].isna().sum()))
            for name, column, words in _ANSWERS
        },
    }
    cell = Cell("adverse_events", "any", "overall", SAFETY, ALL, "", total=total)
    return [
        cell.of(outcome=outcome, label=label, n=count).row("events", count, "d0")
        for outcome, (label, count) in counts.items()
    ]
