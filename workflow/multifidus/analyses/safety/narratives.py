"""Narratives: one row per serious or related adverse event, death and explantation.

A narrative describes one participant, so it can be no row of the results: the listing is a product
of its own, and only the counts of narratives by reason go to the results. It holds no date, no site
and no free text of the site but the outcome and the reason of a device event: days count from the
start of treatment, ages stand in bands of ten years.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.analyses.safety.exposure import SAFETY
from multifidus.analyses.safety.treatment_emergent import RELATIONS, adverse_event_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.results.table import ResultRow

__all__ = ["NARRATIVE_COLUMNS", "REASONS", "REMOVALS", "list_narratives", "summarise_narratives"]

REMOVALS = ("explant", "infection_removal")
"""Device events by which the system left the participant."""
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "serious": "Serious event",
        "related": "Related event",
        "death": "Death or fatal event",
        "explant": "Explantation",
    }
)
"""Why an event has a narrative, and the words for it."""
_TEXT, _WHOLE, _BOOLEAN = pd.StringDtype(na_value=np.nan), pd.Int64Dtype(), pd.BooleanDtype()
_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("participant_id", _TEXT, "Pseudonym of the participant"),
    ("arm", _TEXT, "Arm of the study file"),
    ("age_band", _TEXT, "Age at consent in bands of ten years, 80 and over together"),
    ("sex", _TEXT, "F, M or U (unknown)"),
    ("event_id", _TEXT, "Identifier in the table named by kind; empty for a death without one"),
    ("kind", _TEXT, "adverse_event, device_event or death"),
    ("reasons", _TEXT, "Why it is included, joined by ';': " + ", ".join(REASONS)),
    ("preferred_term", _TEXT, "Coded term, or kind of the device event"),
    ("system_organ_class", _TEXT, "Class of the term"),
    ("onset_day", _WHOLE, "Days from the start of treatment to the onset, negative before it"),
    ("onset_imputed", _TEXT, "Part of the onset that was imputed: D day, M month, Y whole date"),
    ("duration_days", _WHOLE, "Days from onset to end, both counted; only for complete dates"),
    ("treatment_emergent", _BOOLEAN, "Whether it started on or after the start of treatment"),
    ("severity", _TEXT, "Worst severity"),
    ("serious", _BOOLEAN, "Whether it was serious"),
    ("related", _BOOLEAN, "Whether it counts as related to anything"),
    ("related_device", _TEXT, "Relation to the device or study drug, as recorded"),
    ("related_procedure", _TEXT, "Relation to a procedure, as recorded"),
    ("related_stimulation", _TEXT, "Relation to stimulation, as recorded"),
    ("anticipated", _BOOLEAN, "Whether it was anticipated in the protocol"),
    ("outcome", _TEXT, "Outcome as recorded, or the reason of the device event"),
    ("device_action", _TEXT, "Device events near it, each with its day, joined by ';'"),
    ("days_treated", _WHOLE, "Days of treatment before the onset"),
    ("days_stimulated", _WHOLE, "Days since therapy began before the onset, in device trials"),
)
NARRATIVE_COLUMNS: Mapping[str, str] = MappingProxyType({name: what for name, _, what in _COLUMNS})
"""Columns of the listing in order, and what they hold."""
_DECADE, _TOP_DECADE = 10, 80


def list_narratives(inputs: AnalysisInputs) -> pd.DataFrame:
    """List what deserves a narrative in the safety set.

    An adverse event is listed when it is serious, related by the study file's rule, or fatal;
    events before treatment are listed too and marked. A death has a row of its own unless a fatal
    event tells of it. Every explantation has a row.

    Parameters
    ----------
    inputs
        The tables ``participants``, ``adverse_events`` and ``device_events`` and the sections
        analysis_sets, adverse_events and device_use.

    Returns
    -------
    DataFrame
        Columns :data:`NARRATIVE_COLUMNS`, sorted by participant, onset, kind and event.
    """
    people = inputs.members(SAFETY).set_index("participant_id")
    device = inputs.tables["device_events"]
    device = device[device["participant_id"].isin(people.index)]
    events = _adverse_events(inputs)
    told = events.loc[events["reasons"].str.contains("death"), "participant_id"]
    parts = [events, _deaths(people[~people.index.isin(told)]), _explantations(device)]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype, _ in _COLUMNS})
    rows = pd.concat(parts, ignore_index=True)
    rules = inputs.study.adverse_events
    start = people[rules.treatment_emergent_from]
    rows = _about_people(rows, people, start, inputs)
    rows["device_action"] = _device_actions(rows, device, start, rules.narrative_device_days)
    rows = rows.reindex(columns=list(NARRATIVE_COLUMNS))
    rows = rows.astype({name: dtype for name, dtype, _ in _COLUMNS})
    order = ["participant_id", "onset_day", "kind", "event_id"]
    return rows.sort_values(order, kind="stable").reset_index(drop=True)


def summarise_narratives(inputs: AnalysisInputs) -> list[ResultRow]:
    """Count narratives and the participants they tell of, by reason, together and by arm.

    Returns
    -------
    list of ResultRow
        ``narratives.<any|serious|related|serious_related|death|explant>.overall.safety.<group>.
        <participants|events>``.
    """
    listed = list_narratives(inputs)
    told = listed["reasons"].str.split(";")
    masks = {reason: told.map(lambda found, name=reason: name in found) for reason in REASONS}
    wanted = {
        "any": ("Any narrative", pd.Series(True, index=listed.index)),
        **{name: (label, masks[name].astype(bool)) for name, label in REASONS.items()},
        "serious_related": (
            "Serious and related event",
            masks["serious"].astype(bool) & masks["related"].astype(bool),
        ),
    }
    rows: list[ResultRow] = []
    for group in inputs.groups(inputs.members(SAFETY)):
        inside = listed["participant_id"].isin(group.members["participant_id"])
        for reason, (label, mask) in wanted.items():
            own = listed[mask & inside]
            people = own["participant_id"].nunique()
            cell = Cell(
                "narratives", reason, "overall", SAFETY, group.id, label, people, group.size
            )
            rows.append(cell.row("participants", people, "d0"))
            rows.append(cell.of(n=len(own)).row("events", len(own), "d0"))
    return rows


def _adverse_events(inputs: AnalysisInputs) -> pd.DataFrame:
    """Return the adverse events that deserve a narrative, with their reasons."""
    listed = adverse_event_list(inputs)
    reasons = {"serious": listed["serious"], "related": listed["related"], "death": listed["fatal"]}
    wanted = listed[pd.DataFrame(reasons).any(axis=1)]
    words = pd.DataFrame(reasons).loc[wanted.index]
    keys = ["participant_id", "event_id"]
    raw = inputs.tables["adverse_events"][[*keys, *RELATIONS]]
    rows = wanted.drop(columns=[*RELATIONS]).merge(raw, on=keys, how="left", validate="1:1")
    complete = (rows["start_imputed"] == "") & (rows["end_imputed"] == "")
    length = (rows["end_day"] - rows["start_day"]).dt.days + 1
    why = [";".join(words.columns[row]) for row in words.to_numpy(dtype=bool)]
    return rows.assign(
        kind="adverse_event",
        reasons=pd.Series(why, index=rows.index, dtype=_TEXT),
        preferred_term=rows["pt"],
        system_organ_class=rows["soc"],
        onset=rows["start_day"],
        end=rows["end_day"].fillna(rows["start_day"]),
        onset_imputed=rows["start_imputed"].replace("", np.nan),
        duration_days=length.where(complete),
    )


def _deaths(people: pd.DataFrame) -> pd.DataFrame:
    """Return the deaths that no fatal adverse event records."""
    died = people[people["death_date"].notna()]
    days = died["death_date"].to_numpy()
    return pd.DataFrame(
        {
            "participant_id": died.index.to_numpy(),
            "kind": "death",
            "reasons": "death",
            "preferred_term": "Death",
            "onset": days,
            "end": days,
        }
    )


def _explantations(device: pd.DataFrame) -> pd.DataFrame:
    own = device[device["event_type"].isin(REMOVALS)]
    return pd.DataFrame(
        {
            "participant_id": own["participant_id"].to_numpy(),
            "event_id": own["event_id"].to_numpy(),
            "kind": "device_event",
            "reasons": "explant",
            "preferred_term": [_readable(kind) for kind in own["event_type"]],
            "onset": own["event_date"].to_numpy(),
            "end": own["event_date"].to_numpy(),
            "outcome": own["reason"].to_numpy(),
        }
    )


def _about_people(
    rows: pd.DataFrame, people: pd.DataFrame, starts: pd.Series[Any], inputs: AnalysisInputs
) -> pd.DataFrame:
    """Add who it was and the exposure before the onset."""
    who = rows["participant_id"]
    start = who.map(starts)
    ended = who.map(people["treatment_end_date"])
    until = rows["onset"].where(ended.isna() | (ended > rows["onset"]), ended)
    decade = (who.map(people["age_years"]) // _DECADE * _DECADE).clip(upper=_TOP_DECADE)
    rows = rows.assign(
        arm=who.map(people["arm"]),
        sex=who.map(people["sex"]),
        age_band=decade.map(_band, na_action="ignore"),
        onset_day=(rows["onset"] - start).dt.days,
        treatment_emergent=rows["onset"] >= start,
        days_treated=(until - start).dt.days.clip(lower=0),
    )
    if inputs.study.device_use is not None:
        began = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[s]")
        for arm, column in inputs.study.device_use.exposure_start.items():
            began = began.where(rows["arm"] != arm, who.map(people[column]))
        therapy = (until - began).dt.days.clip(lower=0)
        rows["days_stimulated"] = therapy.where(began.notna(), 0)
    return rows


def _band(decade: float) -> str:
    if decade >= _TOP_DECADE:
        return f"{_TOP_DECADE} or over"
    return f"{int(decade)} to {int(decade) + _DECADE - 1}"


def _device_actions(
    rows: pd.DataFrame, device: pd.DataFrame, start: pd.Series[Any], days: int
) -> list[str | None]:
    """Name the device events from ``days`` before each onset to ``days`` after its end."""
    near = pd.Timedelta(days=days)
    ordered = device.sort_values(["event_date", "event_id"], kind="stable")
    day = (ordered["event_date"] - ordered["participant_id"].map(start)).dt.days
    ordered = ordered.assign(
        words=[
            f"{_readable(kind)} (day {number})"
            for kind, number in zip(ordered["event_type"], day, strict=True)
        ]
    )
    of_person = dict(list(ordered.groupby("participant_id")))
    actions: list[str | None] = []
    for row in rows.to_dict("records"):
        own = of_person.get(row["participant_id"], ordered.iloc[:0])
        own = own[own["event_date"].between(row["onset"] - near, row["end"] + near)]
        if row["kind"] == "device_event":
            own = own[own["event_id"] != row["event_id"]]
        actions.append("; ".join(own["words"]) or None)
    return actions


def _readable(kind: str) -> str:
    return kind.replace("_", " ").capitalize().replace("Ipg", "IPG")
