"""Adverse events with imputed start days, treatment emergence, relation and term slugs.

Partial start dates are completed by one declared rule and flagged: ``D`` the day was imputed, ``M``
month and day, ``Y`` the whole date (the imputation flags of ADaM's ADAE, where a flag names the
highest part imputed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from multifidus.instruments.partial_dates import date_precision, earliest_day, latest_day
from multifidus.results.ids import slug

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.config.analysis import AdverseEventRules

__all__ = ["RELATIONS", "adverse_event_list"]

RELATIONS = ("related_device", "related_procedure", "related_stimulation")
_IMPUTED = {"D": "", "M": "D", "Y": "M", "-": "Y"}


def adverse_event_list(inputs: AnalysisInputs) -> pd.DataFrame:
    """List the adverse events of the safety set.

    Parameters
    ----------
    inputs
        The tables ``participants`` and ``adverse_events`` and the sections analysis_sets and
        adverse_events.

    Returns
    -------
    DataFrame
        participant_id, event_id, arm, start_day, start_imputed ('' D M Y), end_day (the last day
        that the end date allows), end_imputed ('' D M), treatment_start, treatment_emergent,
        related (to anything), the three relations as booleans, relation_missing (none of the three
        was answered), serious, serious_recorded (as answered), fatal, severity, outcome,
        anticipated, soc and pt (labels), soc_slug and pt_slug; sorted.
    """
    rules = inputs.study.adverse_events
    people = inputs.members("safety").set_index("participant_id")
    table = inputs.tables["adverse_events"]
    events = table[table["participant_id"].isin(people.index)].reset_index(drop=True)
    origin = events["participant_id"].map(people[rules.treatment_emergent_from])
    listed = events[["participant_id", "event_id", "severity", "outcome"]].copy()
    listed["arm"] = events["participant_id"].map(people["arm"])
    listed["treatment_start"] = origin
    listed["start_day"] = _start_day(events, origin, rules)
    listed["start_imputed"] = date_precision(events["start_date"]).map(_IMPUTED)
    listed["end_day"] = latest_day(events["end_date"])
    listed["end_imputed"] = date_precision(events["end_date"]).map(_IMPUTED | {"-": ""})
    listed["treatment_emergent"] = listed["start_day"] >= origin
    for name in RELATIONS:
        listed[name] = events[name].isin(rules.related_values)
    listed["relation_missing"] = events[list(RELATIONS)].isna().all(axis=1)
    listed["related"] = listed[list(RELATIONS)].any(axis=1)
    if rules.missing_relation == "related":
        listed["related"] |= listed["relation_missing"]
    listed["serious_recorded"] = events["serious"]
    listed["serious"] = events["serious"].fillna(False).astype(bool)
    listed["fatal"] = (events["severity"] == "fatal").fillna(False).astype(bool) | events[
        "outcome"
    ].str.lower().eq("fatal").fillna(False).astype(bool)
    listed["anticipated"] = events["anticipated"]
    return _with_terms(listed, events).sort_values(["participant_id", "event_id"], kind="stable")


def _start_day(
    events: pd.DataFrame, origin: pd.Series[Any], rules: AdverseEventRules
) -> pd.Series[Any]:
    """Complete start dates by the declared rule.

    Under ``earliest_on_treatment`` the day is the first one allowed by the date that lies on or
    after the start of treatment and not after the event's own end; when there is none, the first
    day allowed. An event without any date is taken to start with treatment, unless it ended before.
    """
    first, last = earliest_day(events["start_date"]), latest_day(events["start_date"])
    end = latest_day(events["end_date"])
    undated = first.isna()
    before = origin.where(end.isna() | (end >= origin), end)
    if rules.partial_start_date == "first_possible":
        return first.where(~undated, before)
    limit = last.where(end.isna() | (end >= last), end)
    later = first.where(origin.isna() | (first >= origin), origin)
    completed = later.where(later <= limit, first)
    return completed.where(~undated, before)


def _with_terms(listed: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Add readable labels and slugs of classes and terms; a term counts within its class.

    A term coded to several classes keeps its plain slug in the class where it is most frequent.
    """
    soc, pt = (events[name].map(_readable) for name in ("system_organ_class", "preferred_term"))
    listed["soc_slug"], listed["pt_slug"] = soc.map(slug), pt.map(slug)
    counts = listed.groupby(["pt_slug", "soc_slug"], as_index=False).size()
    counts = counts.sort_values(["pt_slug", "size", "soc_slug"], ascending=[True, False, True])
    home = counts.drop_duplicates("pt_slug").set_index("pt_slug")["soc_slug"]
    away = listed["soc_slug"] != listed["pt_slug"].map(home)
    listed["pt_slug"] = listed["pt_slug"].where(
        ~away, listed["pt_slug"] + "_in_" + listed["soc_slug"]
    )
    # One label per slug: spellings that differ in case or punctuation are one term.
    listed["soc"] = soc.groupby(listed["soc_slug"]).transform("min")
    listed["pt"] = pt.groupby(listed["pt_slug"]).transform("min")
    return listed


def _readable(term: str) -> str:
    """Give terms in capitals, as SDTM stores them, a sentence's case; COVID-19 is a name."""
    shouted = term.isupper() and not any(letter.isdigit() for letter in term)
    return term.capitalize() if shouted else term
