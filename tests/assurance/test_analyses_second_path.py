"""A second path to the primary outcomes: plain loops over the raw text, no pandas, no package code.

It reads the CSV files as text and computes windows, scores, changes, means, limits and responder
counts with the standard library alone. The t quantiles of the hand-written participants are typed
from a table (two-sided 95 %), those of the default cohort are scipy's.
"""

from __future__ import annotations

import csv
import math
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hand_written_cohort import FOLDER, USA_2019, inputs, mme_factors, study, value_sets
from scipy import stats

from multifidus.analyses.efficacy.effectiveness import summarise_effectiveness
from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.responders.maintained import summarise_maintained
from multifidus.analyses.responders.shares import summarise_responders
from multifidus.analyses.sensitivity.single_imputation import summarise_single_imputation
from multifidus.contracts.check import parse_table
from multifidus.instruments.scores import build_scores
from synthetic_cohort import cohort_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.results.table import ResultRow

Raw = dict[str, str]
# anchor column, target day, first and last day of the windows in the study file
WINDOWS = {
    "baseline": ("treatment_start_date", -14, -90, 0),
    "d120": ("activation_date", 120, 90, 150),
    "m6": ("activation_date", 183, 151, 258),
    "y1": ("activation_date", 365, 259, 547),
    "y2": ("activation_date", 731, 548, 913),
    "y3": ("activation_date", 1096, 914, 1278),
    "y4": ("activation_date", 1461, 1279, 1643),
    "y5": ("activation_date", 1826, 1644, 2100),
}
T_975 = {4: 2.7764451051977987, 7: 2.3646242515927845, 13: 2.1603686564627917}  # by df


def rows_of(name: str) -> list[Raw]:
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def vas(row: Raw) -> float | None:
    return int(row["vas_mm"]) / 10 if row["vas_mm"] else None


def odi(row: Raw) -> float | None:
    answers = [int(row[f"odi_{n:02d}"]) for n in range(1, 11) if row[f"odi_{n:02d}"]]
    return 100 * sum(answers) / (5 * len(answers)) if len(answers) >= 9 else None


def odi_times_nine(row: Raw) -> int | None:
    """Return nine times the index, a whole number with ten and with nine sections answered."""
    answers = [int(row[f"odi_{n:02d}"]) for n in range(1, 11) if row[f"odi_{n:02d}"]]
    return {10: 18, 9: 20}.get(len(answers), 0) * sum(answers) if len(answers) >= 9 else None


def eq5d(row: Raw) -> float | None:
    levels = {name: row[f"eq5d_{name}"] for name in USA_2019}
    if not all(levels.values()):
        return None
    index = 1.0
    for name, level in levels.items():
        if int(level) > 1:
            index -= USA_2019[name][int(level) - 2]
    return index


def values_by_visit(
    table: str, score: Callable[[Raw], float | None], read: Callable[[str], list[Raw]] = rows_of
) -> dict[tuple[str, str], float]:
    """Keep, for each participant and window, the record nearest the target, then the earlier."""
    people = {row["participant_id"]: row for row in read("participants")}
    best: dict[tuple[str, str], tuple[int, date, float]] = {}
    for row in read(table):
        value, day = score(row), date.fromisoformat(row["assessment_date"])
        if value is None:
            continue
        for visit, (anchor, target, first, last) in WINDOWS.items():
            start = date.fromisoformat(people[row["participant_id"]][anchor])
            since = (day - start).days
            switch = people[row["participant_id"]]["crossover_date"]
            if visit == "d120" and switch and day > date.fromisoformat(switch):
                continue
            if first <= since <= last:
                found = (abs(since - target), day, value)
                key = (row["participant_id"], visit)
                best[key] = min(best.get(key, found), found)
    return {key: value for key, (_, _, value) in best.items()}


@pytest.fixture(scope="module")
def results() -> dict[str, float]:
    given = inputs()
    rows = [*summarise_effectiveness(given), *summarise_responders(given)]
    return {row.result_id: row.value for row in rows}


@pytest.mark.parametrize(("name", "score"), [("vas", vas), ("odi", odi), ("eq5d", eq5d)])
def test_levels_and_changes_agree(
    results: dict[str, float], name: str, score: Callable[[Raw], float | None]
) -> None:
    values = values_by_visit(name, score)
    levels = [value for (_, visit), value in sorted(values.items()) if visit == "y5"]
    changes = [
        value - values[person, "baseline"]
        for (person, visit), value in sorted(values.items())
        if visit == "y5" and (person, "baseline") in values
    ]
    n = len(changes)
    mean = math.fsum(changes) / n
    sd = math.sqrt(math.fsum((one - mean) ** 2 for one in changes) / (n - 1))
    half = T_975[n - 1] * sd / math.sqrt(n)
    wanted = {"n": n, "mean": mean, "sd": sd, "ci_lower": mean - half, "ci_upper": mean + half}
    for statistic, value in wanted.items():
        found = results[f"change.{name}.y5.observed.all.{statistic}"]
        assert found == pytest.approx(value, abs=1e-10), statistic
    level = math.fsum(levels) / len(levels)
    assert results[f"level.{name}.y5.observed.all.mean"] == pytest.approx(level, abs=1e-10)
    assert results[f"level.{name}.y5.observed.all.n"] == len(levels)


def test_responder_counts_agree_in_whole_numbers(results: dict[str, float]) -> None:
    """In millimetres and in sums of points the cuts need no tolerance: 2 x after <= before."""
    people = {row["participant_id"]: row for row in rows_of("participants")}
    millimetres = values_by_visit("vas", lambda row: int(row["vas_mm"]) if row["vas_mm"] else None)
    at_five = [
        (after, millimetres.get((person, "baseline")))
        for (person, visit), after in millimetres.items()
        if visit == "y5" and people[person]["randomisation_date"]
    ]
    paired = [(after, before) for after, before in at_five if before]
    halved = sum(2 * after <= before for after, before in paired)
    by_thirty = sum(10 * (before - after) >= 3 * before for after, before in paired)
    low = sum(after <= 25 for after, _ in at_five)
    prefix = "responder.{}.y5.observed.all.count"
    assert results[prefix.format("vas_ge50")] == halved
    assert results[prefix.format("vas_ge30")] == by_thirty
    assert results[prefix.format("vas_le25")] == low
    assert results["responder.vas_ge50.y5.observed.all.percent"] == pytest.approx(
        100 * halved / len(paired), abs=1e-10
    )


SEED = 20240110
"""Seed of the default run."""
SCORES = (("vas", vas), ("odi", odi), ("eq5d", eq5d))
LATER = [visit for visit in WINDOWS if visit != "baseline"]


def cohort_rows(name: str) -> list[Raw]:
    """Return a raw table of the default cohort as text."""
    frame = cohort_of(SEED)[name].astype(object)
    return [
        {str(key): str(value) for key, value in row.items()}
        for row in frame.where(frame.notna(), "").to_dict("records")
    ]


@pytest.fixture(scope="module")
def cohort_results() -> dict[str, ResultRow]:
    tables = {name: parse_table(name, cohort_of(SEED)[name])[0] for name in cohort_of(SEED)}
    trial = study().model_copy(update={"opioids": None})  # doses are no part of this path
    scores = build_scores(tables, trial, value_sets(), mme_factors())
    given = AnalysisInputs(trial, tables, scores)
    parts = (
        summarise_effectiveness,
        summarise_responders,
        summarise_maintained,
        summarise_single_imputation,
    )
    return {row.result_id: row for part in parts for row in part(given)}


@pytest.mark.parametrize("visit", LATER)
@pytest.mark.parametrize(("name", "score"), SCORES)
def test_the_default_cohort_agrees_at_every_visit(
    cohort_results: dict[str, ResultRow],
    name: str,
    score: Callable[[Raw], float | None],
    visit: str,
) -> None:
    values = values_by_visit(name, score, cohort_rows)
    changes = {
        person: value - values[person, "baseline"]
        for (person, seen), value in sorted(values.items())
        if seen == visit and (person, "baseline") in values
    }
    _agree(cohort_results, f"change.{name}.{visit}.observed.all", list(changes.values()))
    attended = {
        row["participant_id"]
        for row in cohort_rows("visits")
        if row["visit"] == "y5" and row["attended"].lower() == "true"
    }
    maintained = [
        change
        for person, change in changes.items()
        if person in attended and (person, "y5") in values
    ]
    _agree(cohort_results, f"change.{name}.{visit}.completers.all", maintained)


def _agree(results: dict[str, ResultRow], stem: str, changes: list[float]) -> None:
    n = len(changes)
    assert n > 80
    mean = math.fsum(changes) / n
    sd = math.sqrt(math.fsum((one - mean) ** 2 for one in changes) / (n - 1))
    half = float(stats.t.ppf(0.975, n - 1)) * sd / math.sqrt(n)
    wanted = {"n": n, "mean": mean, "sd": sd, "ci_lower": mean - half, "ci_upper": mean + half}
    for statistic, value in wanted.items():
        assert results[f"{stem}.{statistic}"].value == pytest.approx(value, abs=1e-10), statistic


@pytest.mark.parametrize("visit", LATER)
def test_responders_of_the_default_cohort_agree(
    cohort_results: dict[str, ResultRow], visit: str
) -> None:
    """In millimetres, and in twice the sum of ten sections or its exact fraction of nine."""
    pain = values_by_visit(
        "vas", lambda row: int(row["vas_mm"]) if row["vas_mm"] else None, cohort_rows
    )
    points = values_by_visit("odi", odi_times_nine, cohort_rows)
    people = [row["participant_id"] for row in cohort_rows("participants")]
    halved, twenty, worse = {}, {}, {}
    for person in people:
        after, before = pain.get((person, visit)), pain.get((person, "baseline"))
        if after is not None and before:
            halved[person] = 2 * after <= before
        late, early = points.get((person, visit)), points.get((person, "baseline"))
        if late is not None and early is not None:
            twenty[person] = early - late >= 20 * 9
        if None not in (after, before, late, early):
            worse[person] = after > before or late > early
    either = {p: halved.get(p, False) or twenty.get(p, False) for p in {*halved, *twenty}}
    both = {p: halved[p] and twenty[p] for p in {*halved} & {*twenty}}
    kept = {p: either[p] and not worse[p] for p in {*either} & {*worse}}
    wanted = {
        "vas_ge50": halved, "odi_ge20": twenty, "vas50_or_odi20": either, "vas50_and_odi20": both,
        "vas50_or_odi20_not_worse": kept,
    }  # fmt: skip
    for name, met in wanted.items():
        row = cohort_results[f"responder.{name}.{visit}.observed.all.count"]
        assert (row.value, row.total) == (sum(met.values()), len(met)), name
        row = cohort_results[f"responder_nri.{name}.{visit}.itt.all.count"]
        assert (row.value, row.total) == (sum(met.values()), 204), name
