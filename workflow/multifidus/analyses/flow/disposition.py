"""Participant flow: counts at every stage with reasons, as CONSORT 2010 asks."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from multifidus.analyses.inputs import AnalysisInputs, Cell, Group
from multifidus.results.ids import slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from multifidus.results.table import ResultRow

__all__ = ["summarise_flow"]

_Stage = tuple[str, str, int]
"""Slug, label, count."""
_OVERALL = "overall"
_DISPOSITION = "disposition event"
_COMPLETED = "completed"
_SCREEN_FAILURE = "screen failure"
_DATED = {
    "treated": ("treatment_start_date", "Treated"),
    "treatment_ended": ("treatment_end_date", "Treatment ended"),
    "died": ("death_date", "Died"),
}
_DEVICE_DATED = {
    "implanted": ("treatment_start_date", "Implanted"),
    "activated": ("activation_date", "Stimulation activated"),
    "crossed_over": ("crossover_date", "Switched from sham to therapy"),
}

_REASONS = MappingProxyType(
    {
        "covid19": "COVID-19 restrictions",
        "lost_to_follow_up": "lost to follow-up",
        "missed": "visit missed",
    }
)
"""Reasons of the visits table that read differently in print."""


def summarise_flow(inputs: AnalysisInputs) -> list[ResultRow]:
    """Count participants at every stage, together and by arm.

    Overall: screened, not randomised by reason, randomised (an arm was allocated), treated, not
    treated by reason, treatment ended, died; in trials of a device implanted, activated and crossed
    over; in and out of each analysis set; completed and discontinued by reason. At each visit:
    attended, missed by reason, answered per outcome. A visit without a row counts as missed without
    a recorded reason. Reads the tables ``participants``, ``visits`` and
    ``disposition``, the scores (where the study has outcomes) and the sections analysis_sets, arms,
    visits, outcomes and device_use.

    Returns
    -------
    list of ResultRow
        ``flow.<stage>.<visit|overall>.<set>.<group>.count``.
    """
    population = inputs.main_set()
    everyone = inputs.participants
    rows = _screening(inputs, population)
    for group in inputs.groups(everyone[everyone["arm"].notna()]):
        stages = [*_stages(inputs, group), *_disposition(inputs, group)]
        rows += [_row(population, group, _OVERALL, stage) for stage in stages]
        for visit in inputs.study.visits:
            stages = list(_visit_stages(inputs, group, visit.id))
            rows += [_row(population, group, visit.id, stage) for stage in stages]
    return rows


def _row(population: str, group: Group, visit: str, stage: _Stage) -> ResultRow:
    name, label, count = stage
    cell = Cell("flow", name, visit, population, group.id, label, count, group.size)
    return cell.row("count", count, "d0")


def _screening(inputs: AnalysisInputs, population: str) -> list[ResultRow]:
    """Count who was screened; participants without an arm did not pass screening."""
    everyone = inputs.participants
    group = next(inputs.groups(everyone, by_arm=False))
    failed = everyone[everyone["arm"].isna()]
    stages = [
        ("screened", "Screened", len(everyone)),
        ("screen_failure", "Not randomised", len(failed)),
        *_reasons(inputs, failed, failed, ("screen_failure", "Not randomised")),
    ]
    return [_row(population, group, _OVERALL, stage) for stage in stages]


def _reasons(
    inputs: AnalysisInputs, everyone: pd.DataFrame, own: pd.DataFrame, stage: tuple[str, str]
) -> Iterator[_Stage]:
    """Yield the disposition terms of those who left at a stage; terms of anyone there are kept.

    "Screen failure" by itself is what happened and no reason.
    """
    ends = _ends(inputs)
    ends = ends[ends["participant_id"].isin(everyone["participant_id"])]
    mine = ends[ends["participant_id"].isin(own["participant_id"])]
    for term in sorted(set(ends["term"]) - {_COMPLETED, _SCREEN_FAILURE}):
        count = mine.loc[mine["term"] == term, "participant_id"].nunique()
        yield f"{stage[0]}_{slug(term)}", f"{stage[1]}: {term}", count


def _ends(inputs: AnalysisInputs) -> pd.DataFrame:
    """Return the disposition events, terms in lower case."""
    table = inputs.tables["disposition"]
    ends = table[table["category"].str.lower() == _DISPOSITION]
    return ends.assign(term=ends["term"].str.lower())


def _stages(inputs: AnalysisInputs, group: Group) -> Iterator[_Stage]:
    yield "randomised", "Randomised", group.size
    dated = _DATED | (_DEVICE_DATED if inputs.study.device_use is not None else {})
    for stage, (column, label) in dated.items():
        yield stage, label, int(group.members[column].notna().sum())
    randomised = inputs.participants[inputs.participants["arm"].notna()]
    start = _DATED["treated"][0]
    untreated = group.members[group.members[start].isna()]
    yield "not_treated", "Not treated", len(untreated)
    yield from _reasons(
        inputs, randomised[randomised[start].isna()], untreated, ("not_treated", "Not treated")
    )
    for item in inputs.study.analysis_sets:
        members = group.members["participant_id"].isin(inputs.members(item.id)["participant_id"])
        yield f"set_{item.id}", item.label, int(members.sum())
        yield f"outside_{item.id}", f"Not in: {item.label}", int((~members).sum())


def _disposition(inputs: AnalysisInputs, group: Group) -> Iterator[_Stage]:
    """Yield completion and discontinuation by reason, every reason of the table in each group."""
    ends = _ends(inputs)
    ends = ends[ends["term"] != _SCREEN_FAILURE]
    own = ends[ends["participant_id"].isin(group.members["participant_id"])]
    if ends.empty:
        return
    done = own.loc[own["term"] == _COMPLETED, "participant_id"].nunique()
    yield "completed", "Completed", done
    left = own[own["term"] != _COMPLETED]
    yield "discontinued", "Discontinued", left["participant_id"].nunique()
    for term in sorted(set(ends["term"]) - {_COMPLETED}):
        count = left.loc[left["term"] == term, "participant_id"].nunique()
        yield f"discontinued_{slug(term)}", f"Discontinued: {term}", count


def _visit_stages(inputs: AnalysisInputs, group: Group, visit: str) -> Iterator[_Stage]:
    table = inputs.tables["visits"]
    here = table[table["visit"] == visit]
    own = here[here["participant_id"].isin(group.members["participant_id"])]
    attended = own["attended"].fillna(False).astype(bool)
    yield "attended", "Attended", int(attended.sum())
    missed = own[~attended]
    yield "missed", "Not seen", group.size - int(attended.sum())
    for reason in sorted(here["reason_missed"].dropna().unique()):
        count = int((missed["reason_missed"] == reason).sum())
        yield f"missed_{reason}", f"Not seen: {_REASONS.get(reason, reason)}", count
    unrecorded = group.size - len(own) + int(missed["reason_missed"].isna().sum())
    yield "missed_unrecorded", "Not seen: no reason recorded", unrecorded
    yield from _answered(inputs, group, visit)


def _answered(inputs: AnalysisInputs, group: Group, visit: str) -> Iterator[_Stage]:
    if not inputs.study.outcomes:
        return
    scores: pd.DataFrame = inputs.scored()
    here = scores[scores["visit"] == visit]
    here = here[here["participant_id"].isin(group.members["participant_id"])]
    for outcome in inputs.study.outcomes:
        count = int((here["parameter"] == outcome.id).sum())
        yield f"{outcome.id}_answered", f"{outcome.label} answered", count
