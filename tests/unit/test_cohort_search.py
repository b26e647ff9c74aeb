"""The constrained search and the parts that feed it."""

from __future__ import annotations

import numpy as np
import pytest

from multifidus.base.errors import DataError
from multifidus.cohort.answers.items import split_sum
from multifidus.cohort.calibration.attrition import likelihood_means
from multifidus.cohort.calibration.search import Problem, solve
from multifidus.cohort.participants.latent import residual_ratio


def problem(n: int = 40) -> Problem:
    values = np.tile(np.arange(0.0, 11.0), (n, 1))
    desired = np.linspace(2, 8, n)[:, None]
    return Problem(values, 0.01 * (values - desired) ** 2, np.ones_like(values, dtype=bool))


def test_goals_are_met_together() -> None:
    task = problem()
    columns = task.moments(task.values)
    task.add_mean("mean", (4.95, 5.05), columns, 2.0)
    task.add_sd("sd", (2.45, 2.55), columns, 2.0)
    task.add_count("low", (11,), task.values <= 3)
    chosen = solve(task, np.random.default_rng(0), "test").chosen
    assert chosen.mean() == pytest.approx(5.0, abs=0.05)
    assert chosen.std(ddof=1) == pytest.approx(2.5, abs=0.05)
    assert (chosen <= 3).sum() == 11


def test_what_is_not_allowed_is_never_chosen() -> None:
    task = problem()
    task.allowed[:, 5] = False
    columns = task.moments(task.values)
    task.add_mean("mean", (6.0, 6.2), columns, 2.0)
    chosen = solve(task, np.random.default_rng(1), "test").chosen
    assert 5 not in set(chosen.tolist())
    assert 6.0 <= chosen.mean() <= 6.2


def test_contradictory_goals_are_named() -> None:
    task = problem(6)
    columns = task.moments(task.values)
    task.add_mean("low mean", (1.0, 1.2), columns, 2.0)
    task.add_count("all high", (6,), task.values >= 9)
    with pytest.raises(DataError, match=r"COH-001.*vas at y5") as caught:
        solve(task, np.random.default_rng(2), "vas at y5")
    assert "mean" in caught.value.message or "high" in caught.value.message


def test_residual_ratios_fall_right_at_the_cuts() -> None:
    """128, 111 and 96 of 155 at or below 0.7, 0.5 and 0.3 of baseline (two years, NICE)."""
    response = np.random.default_rng(3).standard_normal(155)
    cuts = ((0.3, 96), (0.5, 111), (0.7, 128))
    ratios = residual_ratio(response, 0.341, 0.326, cuts, 1.3)
    assert [(ratios <= cut).sum() for cut, _ in cuts] == [96, 111, 128]
    assert ratios.mean() == pytest.approx(0.341, abs=0.03)
    assert (np.argsort(ratios) == np.argsort(-response)).all()


def test_sections_add_up_to_the_sum() -> None:
    rng = np.random.default_rng(4)
    answered = rng.random((400, 10)) > 0.05
    sums = np.minimum(rng.integers(0, 51, 400), 5 * answered.sum(axis=1))
    answers = split_sum(sums, rng.normal(2, 0.8, (400, 10)), answered)
    assert (answers.sum(axis=1) == sums).all()
    assert answers.min() >= 0
    assert answers.max() <= 5
    assert (answers[~answered] == 0).all()


def test_likelihood_means_of_a_monotone_pattern() -> None:
    """Hand calculation: with a complete first column the estimate is the regression at its mean.

    First column 1 to 4, second 2, 4, 6 and missing: the line is 2x, its mean at 2.5 is 5.
    """
    values = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, np.nan]])
    values[1, 1] = 4.3
    slope, intercept = np.polyfit(values[:3, 0], values[:3, 1], 1)
    means = likelihood_means(values)
    assert means[0] == pytest.approx(2.5)
    assert means[1] == pytest.approx(intercept + slope * 2.5, abs=1e-3)
