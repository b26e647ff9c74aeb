"""A second path to the primary outcomes: plain loops over the raw text, no pandas, no package code.

It reads the CSV files as text and computes windows, scores, changes, means, limits and responder
counts with the standard library alone. The t quantiles are typed from a table (two-sided 95 %).
"""

from __future__ import annotations

import csv
import math
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hand_written_cohort import FOLDER, USA_2019, inputs

from multifidus.analyses.effectiveness import summarise_effectiveness
from multifidus.analyses.responders import summarise_responders

if TYPE_CHECKING:
    from collections.abc import Callable

Raw = dict[str, str]
# anchor column, target day, first and last day of the windows in the study file
WINDOWS = {
    "baseline": ("treatment_start_date", -14, -90, 0),
    "d120": ("activation_date", 120, 90, 150),
    "y1": ("activation_date", 365, 259, 547),
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
    table: str, score: Callable[[Raw], float | None]
) -> dict[tuple[str, str], float]:
    """Keep, for each participant and window, the record nearest the target, then the earlier."""
    people = {row["participant_id"]: row for row in rows_of("participants")}
    best: dict[tuple[str, str], tuple[int, date, float]] = {}
    for row in rows_of(table):
        value, day = score(row), date.fromisoformat(row["assessment_date"])
        if value is None:
            continue
        for visit, (anchor, target, first, last) in WINDOWS.items():
            start = date.fromisoformat(people[row["participant_id"]][anchor])
            since = (day - start).days
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
