"""Exploratory subgroups: change at the last visit, and whether it differs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.instruments.mme import MME
from multifidus.stats.means import mean_interval, two_sample_difference

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.study import Outcome
    from multifidus.results.table import ResultRow

__all__ = ["AGE_CUT", "summarise_subgroups"]

AGE_CUT = 50
"""Age in years at which participants are split, declared before looking."""
_EXPLORATORY = "Exploratory, not adjusted for multiplicity"


def summarise_subgroups(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give the mean change at the last visit in subgroups, with interaction tests.

    Pairs of subgroups by sex, age, randomised arm and opioid use at baseline. With one treatment
    for all after the blinded phase, the interaction of subgroup and time is the difference of the
    mean changes (Welch). Reads the scores, participants and the sections analysis_sets, arms,
    visits, outcomes and opioids.

    Returns
    -------
    list of ResultRow
        ``subgroup.<outcome>.<last visit>.observed.<subgroup>.<mean|ci_lower|ci_upper>`` and
        ``subgroup.<outcome>.<last visit>.observed.<split>_interaction.<estimate|ci..|p_value>``.
    """
    if not inputs.study.visits:
        return []
    splits = _splits(inputs)
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        for split, parts in splits.items():
            rows += _split(inputs, outcome, split, parts)
    return rows


def _splits(inputs: AnalysisInputs) -> dict[str, dict[str, tuple[str, pd.Series]]]:
    """Return split -> subgroup -> (label, participant ids); each split has two subgroups."""
    people = inputs.members(inputs.main_set())
    ids = people["participant_id"]
    age = people["age_years"]
    splits = {
        "sex": {
            "female": ("Female", ids[people["sex"] == "F"]),
            "male": ("Male", ids[people["sex"] == "M"]),
        },
        "age": {
            "younger": (f"Under {AGE_CUT} years", ids[age < AGE_CUT]),
            "older": (f"{AGE_CUT} years and over", ids[age >= AGE_CUT]),
        },
    }
    if len(inputs.study.arms) == 2:  # noqa: PLR2004 - a pair of arms makes a split
        splits["arm"] = {
            arm.id: (arm.label, ids[people["arm"] == arm.id]) for arm in inputs.study.arms
        }
    if inputs.study.opioids is not None:
        scores = inputs.scored()
        first = scores[
            (scores["parameter"] == MME) & (scores["visit"] == inputs.study.opioids.baseline_visit)
        ]
        users = first.loc[first["value"] > 0, "participant_id"]
        others = first.loc[first["value"] == 0, "participant_id"]
        splits["opioids"] = {
            "opioid_users": ("On opioids at baseline", ids[ids.isin(users)]),
            "no_opioids": ("Not on opioids at baseline", ids[ids.isin(others)]),
        }
    return splits


def _split(
    inputs: AnalysisInputs, outcome: Outcome, split: str, parts: dict[str, tuple[str, pd.Series]]
) -> list[ResultRow]:
    last = inputs.study.visits[-1].id
    scores = inputs.scored()
    here = scores[(scores["parameter"] == outcome.id) & (scores["visit"] == last)]
    here = here.dropna(subset=["change"])
    display = f"f{outcome.decimals}"
    rows: list[ResultRow] = []
    changes = []
    for name, (label, members) in parts.items():
        own = here.loc[here["participant_id"].isin(members), "change"].to_numpy(dtype="float64")
        if len(own) < 2:  # noqa: PLR2004 - an interval needs two values
            return []
        changes.append(own)
        found = mean_interval(own)
        cell = Cell("subgroup", outcome.id, last, "observed", name, f"{outcome.label}: {label}")
        cell = cell.of(n=found.n, total=len(members), method=f"{_EXPLORATORY}; {found.method}")
        rows.append(cell.row("mean", found.mean, display, outcome.unit))
        rows.append(cell.row("ci_lower", found.ci_lower, display, outcome.unit))
        rows.append(cell.row("ci_upper", found.ci_upper, display, outcome.unit))
    test = two_sample_difference(changes[0], changes[1], method="welch")
    labels = " minus ".join(label for label, _ in parts.values())
    group = f"{split}_interaction"
    cell = Cell("subgroup", outcome.id, last, "observed", group, f"{outcome.label}: {labels}")
    total = sum(len(members) for _, members in parts.values())
    cell = cell.of(n=sum(map(len, changes)), total=total, method=f"{_EXPLORATORY}; {test.method}")
    rows.append(cell.row("estimate", test.estimate, display, outcome.unit))
    rows.append(cell.row("ci_lower", test.ci_lower, display, outcome.unit))
    rows.append(cell.row("ci_upper", test.ci_upper, display, outcome.unit))
    return [*rows, cell.row("p_value", test.p_value, "p")]
