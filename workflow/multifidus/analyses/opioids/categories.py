"""Opioid use: users at baseline, categories of change at each visit, daily doses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.efficacy.descriptives import count_rows, describe
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.instruments.mme import MME
from multifidus.stats.wilcoxon import wilcoxon_signed_rank

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.analysis import OpioidRules
    from multifidus.results.table import ResultRow

__all__ = ["CATEGORIES", "classify_opioids", "summarise_opioids"]

CATEGORIES = {
    "discontinued": "Discontinued opioids",
    "decreased": "Decreased opioid dose",
    "unchanged": "Unchanged opioid dose",
    "increased": "Increased opioid dose",
}
_TOLERANCE = 1e-9
_NUMBERS = ("n", "mean", "sd", "median", "q1", "q3", "min", "max")


def classify_opioids(scores: pd.DataFrame, rules: OpioidRules) -> pd.DataFrame:
    """Classify the opioid dose of every baseline user at every visit at which it was seen.

    Parameters
    ----------
    scores
        Scores with the parameter ``mme``: one row per participant and attended visit.
    rules
        Baseline visit, visits and the share of the baseline dose within which it is unchanged.

    Returns
    -------
    DataFrame
        participant_id, visit, baseline and value (MME mg/day), category (one of
        :data:`CATEGORIES`). Only participants with a dose above zero at the baseline visit.
    """
    doses = scores[scores["parameter"] == MME]
    first = doses.loc[doses["visit"] == rules.baseline_visit, ["participant_id", "value"]]
    users = first[first["value"] > 0].rename(columns={"value": "baseline"})
    later = doses.loc[doses["visit"].isin(rules.visits), ["participant_id", "visit", "value"]]
    pairs = later.merge(users, on="participant_id").reset_index(drop=True)
    slack = pairs["baseline"] * (rules.unchanged_within_percent / 100.0 + _TOLERANCE)
    change = pairs["value"] - pairs["baseline"]
    pairs["category"] = np.select(
        [pairs["value"] == 0, change < -slack, change > slack],
        ["discontinued", "decreased", "increased"],
        default="unchanged",
    )
    return pairs[["participant_id", "visit", "baseline", "value", "category"]]


def summarise_opioids(inputs: AnalysisInputs) -> list[ResultRow]:
    """Count opioid users at baseline and the categories of change at each visit.

    The denominator of the categories is the participants on opioids at baseline *and* seen at the
    visit (``users`` at the visit); of users at baseline, the members of the main set seen there.
    Doses are described for baseline users, of all of whom those seen are n; their change is tested
    by Wilcoxon's signed-rank test, since doses are skewed.
    Reads the scores and the sections analysis_sets and opioids.

    Returns
    -------
    list of ResultRow
        ``opioids`` rows; none where the study has no section opioids.
    """
    rules = inputs.study.opioids
    if rules is None:
        return []
    population = inputs.main_set()
    scores = inputs.scored()
    scores = scores[scores["participant_id"].isin(inputs.members(population)["participant_id"])]
    doses = scores[scores["parameter"] == MME]
    rows = _users(doses, rules, population)
    classified = classify_opioids(scores, rules)
    first = doses.loc[doses["visit"] == rules.baseline_visit, "value"]
    users = int((first > 0).sum())
    for visit in rules.visits:
        rows += _categories(classified[classified["visit"] == visit], visit)
        rows += _doses(classified[classified["visit"] == visit], visit, users)
        rows += _started(doses, rules, visit)
    return rows


def _users(doses: pd.DataFrame, rules: OpioidRules, population: str) -> list[ResultRow]:
    first = doses[doses["visit"] == rules.baseline_visit]
    label, visit = "Participants on opioids", rules.baseline_visit
    cell = Cell("opioids", "users", visit, population, ALL, label)
    rows = count_rows(cell, int((first["value"] > 0).sum()), len(first))
    users = first.loc[first["value"] > 0, "value"].to_numpy(dtype="float64")
    cell = Cell("opioids", MME, visit, population, ALL, "Opioid dose of users", total=len(first))
    return rows + describe(cell, users, display="f1", unit="MME/day", statistics=_NUMBERS)


def _categories(here: pd.DataFrame, visit: str) -> list[ResultRow]:
    cell = Cell("opioids", "users", visit, "observed", ALL, "On opioids at baseline and seen")
    rows = [cell.of(n=len(here), total=len(here)).row("count", len(here), "d0")]
    for category, label in CATEGORIES.items():
        count = int((here["category"] == category).sum())
        rows += count_rows(cell.of(outcome=category, label=label), count, len(here))
    less = int(here["category"].isin(["discontinued", "decreased"]).sum())
    cell = cell.of(outcome="eliminated_or_reduced", label="Discontinued or decreased opioids")
    return rows + count_rows(cell, less, len(here))


def _doses(here: pd.DataFrame, visit: str, users: int) -> list[ResultRow]:
    label = "Opioid dose of baseline users"
    cell = Cell("opioids", MME, visit, "observed", ALL, label, total=users)
    value, before = (here[name].to_numpy(dtype="float64") for name in ("value", "baseline"))
    rows = describe(cell, value, display="f1", unit="MME/day", statistics=_NUMBERS)
    cell = cell.of(outcome="mme_change", label="Change of opioid dose of baseline users")
    rows += describe(cell, value - before, display="f1", unit="MME/day", statistics=_NUMBERS)
    if not len(value):
        return rows
    ranks = wilcoxon_signed_rank(value - before)
    cell = cell.of(outcome="mme_signed_rank", n=len(value), method=ranks.method)
    return [*rows, cell.row("p_value", ranks.p_value, "p")]


def _started(doses: pd.DataFrame, rules: OpioidRules, visit: str) -> list[ResultRow]:
    first = doses[(doses["visit"] == rules.baseline_visit) & (doses["value"] == 0)]
    here = doses[(doses["visit"] == visit) & doses["participant_id"].isin(first["participant_id"])]
    cell = Cell("opioids", "started", visit, "observed", ALL, "Started opioids after baseline")
    return count_rows(cell, int((here["value"] > 0).sum()), len(here))
