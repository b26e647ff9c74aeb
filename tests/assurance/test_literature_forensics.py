"""Forensic checks: published worked examples, brute force, and the known contradictions."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from statistics import mean, stdev

import pytest

from multifidus.literature.consistency.comparisons import (
    denominators_for_share,
    intervals_that_give,
    mean_tests_that_give,
    share_tests_that_give,
)
from multifidus.literature.consistency.forensics import forensic_checks
from multifidus.literature.consistency.granularity import debit, grim, grimmer
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.printed import parse_printed

_FOUND = forensic_checks(load_literature(Path(__file__).parents[2] / "literature"))
_EVOKE = [(67, 67)]


def _disagreeing(check: str) -> set[str]:
    rows = _FOUND[(_FOUND["check"] == check) & (_FOUND["verdict"] == "disagrees")]
    return set(rows["subject"])


def test_grim_equals_published_examples() -> None:
    """Brown and Heathers 2017: 5.19 of 28 is impossible; then hand calculations.

    7.22 of 32 is 231/32 = 7.21875; 4.74 of 25 lies between 118/25 = 4.72 and 119/25 = 4.76.
    """
    assert not grim("5.19", 28)
    assert grim("5.18", 28)
    assert grim("7.22", 32)
    assert not grim("4.74", 25)
    assert grim("4.74", 25, items=2)  # 237/50


def test_grimmer_and_debit_equal_published_examples() -> None:
    """Vignettes of the R package scrutiny: debit("0.35", "0.18", 20) is FALSE."""
    assert not debit("0.35", "0.18", 20)
    assert debit("0.35", "0.49", 20)  # 7 of 20: sqrt(7 * 13 / (20 * 19)) = 0.489
    assert not grimmer("7.3", "2.51", 12)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_grimmer_with_a_scale_equals_brute_force(n: int) -> None:
    """Every data set of answers 1 to 5, rounded half away from zero or to even."""
    possible = set()
    for data in combinations_with_replacement(range(1, 6), n):
        possible.add((f"{mean(data):.2f}", f"{stdev(data):.2f}"))
    for total in range(n, 5 * n + 1):
        for hundredths in range(0, 240, 3):
            pair = (f"{total / n:.2f}", f"{hundredths / 100:.2f}")
            if pair in possible:
                assert grimmer(*pair, n, scale=(1, 5))
            elif not any(
                abs(float(s) - hundredths / 100) < 0.011 for m, s in possible if m == pair[0]
            ):
                assert not grimmer(*pair, n, scale=(1, 5))


@pytest.mark.parametrize("n", [7, 12, 40])
def test_debit_equals_brute_force(n: int) -> None:
    """Every count of n gives its own mean and SD, and only those."""
    pairs = {(f"{k / n:.2f}", f"{stdev([1] * k + [0] * (n - k)):.2f}") for k in range(n + 1)}
    for average, _ in pairs:
        for hundredths in range(60):
            sd = f"{hundredths / 100:.2f}"
            assert debit(average, sd, n) == ((average, sd) in pairs)


def _tests(p: str, first: str, second: str) -> set[tuple[str, int]]:
    shares = (parse_printed(first), parse_printed(second))
    return {(m.test, m.tails) for m in share_tests_that_give(parse_printed(p), shares, _EVOKE)}


def test_evoke_used_two_tests() -> None:
    """33 v 18 of 67: Fisher 0.0124. 33 v 21 of 67: Wald z 0.0316, Fisher 0.052 (R fisher.test)."""
    assert _tests("0.012", "49.3%", "26.9%") == {("Fisher", 2)}
    assert _tests("0.032", "49.3%", "31.3%") == {("Wald z", 2)}
    assert ("Fisher", 2) in _tests("0.052", "49.3%", "31.3%")
    assert _disagreeing("one_test_per_study") == {"evoke"}


def test_evoke_limits_are_wald_limits() -> None:
    """The three printed intervals of the trial (Mekhail 2024, abstract)."""
    shares = (parse_printed("77.6%"), parse_printed("49.3%"))
    limits = (parse_printed("12.8%"), parse_printed("43.9%"))
    assert {m.test for m in intervals_that_give(limits, shares, _EVOKE)} == {"Wald"}


def test_newcombe_limits_equal_the_published_example() -> None:
    """Newcombe 1998, Stat Med 17:873-890, table II: 56/70 v 48/80, method 10, 0.0524 to 0.3339."""
    shares = (parse_printed("80%"), parse_printed("60%"))
    limits = (parse_printed("5.24"), parse_printed("33.39"))
    found = intervals_that_give(limits, shares, [(70, 80)])
    assert {(m.test, m.counts) for m in found} == {("Newcombe", (56, 70, 48, 80))}


def test_shares_that_are_no_counts() -> None:
    """162 and 107 have no counts for 72.6 % and 7.1 %; 102 has none for 57.1 %."""
    assert 162 not in denominators_for_share(parse_printed("72.6%"), 162)
    assert _disagreeing("share_is_a_count") == {"distinct_nrs_ge50_m6", "reactiv8b_primary_d120"}
    assert denominators_for_share(parse_printed("71.8%"), 126)[124] == [89]
    assert 126 not in denominators_for_share(parse_printed("71.8%"), 126)


def test_means_name_their_tests() -> None:
    """Equal SDs of 2 and 50 a side, means 1 apart: t = 2.5 on 98, p = 0.0141; z p = 0.0124."""
    means = (parse_printed("1.000"), parse_printed("0.000"))
    sds = (parse_printed("2.000"), parse_printed("2.000"))
    found = mean_tests_that_give(parse_printed("0.0141"), means, sds, [(50, 50)])
    assert {(m.test, m.tails) for m in found} == {("Student's t", 2), ("Welch's t", 2)}
    found = mean_tests_that_give(parse_printed("0.0124"), means, sds, [(50, 50)])
    assert {(m.test, m.tails) for m in found} == {("z", 2)}


def test_standard_errors_called_sds_are_found() -> None:
    """The pooled posters' spreads, by their size; the labelled SDs of other studies are not."""
    found = _disagreeing("spread_is_sd")
    assert {f"pooled2024_{x}_baseline_all_mean" for x in ("age", "bmi", "odi", "eq5d")} <= found
    assert not any(name.startswith(("mitchell2021", "schwab2025")) for name in found)


def test_two_figures_for_one_quantity_are_found() -> None:
    """Two-year, three-year and press figures, and the EQ-5D share of the sister trial."""
    assert _disagreeing("printings_agree") >= {
        "gilligan2023two_vas_ge50_y2",
        "gilligan2023two_vas_le25_y2",
        "gilligan2023three_attended_y3",
        "jsams2021_baseline_age_mean",
        "gilligan2021_primary_treatment",
        "deckers2018_eq5d_mcid_d90_all_percent",
    }
