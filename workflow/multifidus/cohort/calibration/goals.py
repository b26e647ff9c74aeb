"""Published windows of one visit and outcome as goals of the search.

All statistics are those of the pipeline: change is follow-up minus baseline among people with
both, SD has the denominator n - 1, intervals are two-sided 95 % t intervals, responder cuts act on
unrounded scores, and the randomised difference is treatment minus control in the change from
baseline, tested by the two-sample t test with pooled variance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from multifidus.cohort.calibration.search import Problem
    from multifidus.cohort.calibration.targets import CohortTargets, Window

    FloatArray = npt.NDArray[np.float64]
    BoolArray = npt.NDArray[np.bool_]

__all__ = [
    "VisitScores",
    "add_level_goals",
    "add_responder_goals",
    "allowed_counts",
    "cut_counts",
    "responder_flags",
]

ALL = "all"
PAIN, DISABILITY = "vas_ge50", "odi_ge20"
EITHER, BOTH = "vas50_or_odi20", "vas50_and_odi20"
_PERCENT_REDUCTION = re.compile(r"vas_ge(\d+)$")
_LEVEL_AT_MOST = re.compile(r"vas_le(\d)(\d)$")
_POINT_REDUCTION = re.compile(r"odi_ge(\d+)$")
_TINY = 1e-9
_NARROW = 0.02  # estimate, limits and p leave a strip of a tenth of a window together


@dataclass(frozen=True)
class VisitScores:
    """Candidate scores at a visit, of those who answered.

    Parameters
    ----------
    outcome, visit
        Ids.
    scores
        Candidate scores, shape (persons, candidates).
    baseline
        Baseline scores, shape (persons,).
    groups
        Group id to members, shape (persons,); ``all`` among them.
    """

    outcome: str
    visit: str
    scores: FloatArray
    baseline: FloatArray
    groups: Mapping[str, BoolArray]

    @property
    def change(self) -> FloatArray:
        """Change from baseline of each candidate."""
        return np.asarray(self.scores - self.baseline[:, None])

    @property
    def percent_change(self) -> FloatArray:
        """Per cent change from baseline of each candidate."""
        return np.asarray(100 * self.change / self.baseline[:, None])


def add_level_goals(problem: Problem, targets: CohortTargets, at: VisitScores) -> None:
    """Add goals for levels, changes and per cent changes, and for the randomised difference."""
    kinds = {"level": at.scores, "change": at.change}
    if at.outcome != "eq5d":
        kinds["percent_change"] = at.percent_change
    for analysis, values in kinds.items():
        for group, members in at.groups.items():
            stem = f"{analysis}.{at.outcome}.{at.visit}.observed.{group}"
            _add_moment_goals(problem, targets, stem, values, members)
    _add_difference_goals(problem, targets, at)


def _add_moment_goals(
    problem: Problem, targets: CohortTargets, stem: str, values: FloatArray, members: BoolArray
) -> None:
    """Add the goals for mean, SD and limits of one series of values."""
    names = ("mean", "sd", "ci_lower", "ci_upper")
    windows = {name: targets.get(f"{stem}.{name}") for name in names}
    wanted = {name: window for name, window in windows.items() if window is not None}
    if not wanted:
        return
    columns = problem.moments(values, members)
    start = values[np.arange(len(values)), problem.start][members]
    sd = float(start.std())
    for name, window in wanted.items():
        limits = (window.lower, window.upper)
        if stem.startswith("percent_change") and name == "mean" and window.lower > 0:
            limits = (-window.upper, -window.lower)  # a reduction, printed without its sign
        if name == "mean":
            problem.add_mean(window.result_id, limits, columns, sd)
        elif name == "sd":
            problem.add_sd(window.result_id, limits, columns, sd)
        else:
            problem.add_limit(window.result_id, limits, columns, sd, upper=name == "ci_upper")


def _add_difference_goals(problem: Problem, targets: CohortTargets, at: VisitScores) -> None:
    """Add the goals for the randomised comparison, of changes and likewise of levels."""
    stem = f"difference.{at.outcome}.{at.visit}.itt.treatment_vs_control"
    names = ("estimate", "ci_lower", "ci_upper", "p_value")
    windows = {name: targets.get(f"{stem}.{name}") for name in names}
    estimate = windows["estimate"]
    if estimate is None:
        return
    for label, values in (("", at.change), (" (levels)", at.scores)):
        arms = [problem.moments(values, at.groups[arm]) for arm in ("treatment", "control")]
        df = arms[0][2] + arms[1][2] - 2
        critical = float(stats.t.ppf(0.975, df))
        for name, window in windows.items():
            if window is None:
                continue
            if name == "p_value":
                limits, factor = _t_window(window, df, np.sign(estimate.centre)), None
                scale = 1.0
            else:
                limits = (window.lower, window.upper)
                factor = {"estimate": 0.0, "ci_lower": -critical, "ci_upper": critical}[name]
                scale = float(values.std()) * np.sqrt(1 / arms[0][2] + 1 / arms[1][2])
            statistic = _difference(arms[0], arms[1], factor)
            problem.add(window.result_id + label, limits, scale, statistic, _NARROW)


def _t_window(window: Window, df: int, sign: float) -> tuple[float, float]:
    """Return the t statistics whose two-sided p lies in a window."""
    low = float(stats.t.isf(window.upper / 2, df))
    high = float(stats.t.isf(max(window.lower, 1e-300) / 2, df))
    return (low, high) if sign > 0 else (-high, -low)


class _difference:  # noqa: N801 - a function of the totals with its columns bound
    """Difference of two means plus a multiple of its pooled SE, or its t statistic."""

    def __init__(
        self, first: tuple[int, int, int], second: tuple[int, int, int], factor: float | None
    ) -> None:
        self.first, self.second, self.factor = first, second, factor

    def __call__(self, totals: FloatArray) -> FloatArray:
        (sum_1, square_1, n_1), (sum_2, square_2, n_2) = self.first, self.second
        mean_1, mean_2 = totals[..., sum_1] / n_1, totals[..., sum_2] / n_2
        within = totals[..., square_1] - n_1 * mean_1**2 + totals[..., square_2] - n_2 * mean_2**2
        se = np.sqrt(np.maximum(within, _TINY) / (n_1 + n_2 - 2) * (1 / n_1 + 1 / n_2))
        if self.factor is None:
            return np.asarray((mean_1 - mean_2) / se)
        return np.asarray(mean_1 - mean_2 + self.factor * se)


def responder_flags(responder: str, scores: FloatArray, baseline: FloatArray) -> BoolArray | None:
    """Return who responds under a definition on one outcome; nothing for composites.

    Parameters
    ----------
    responder
        ``vas_geNN`` (per cent), ``vas_leNN`` (millimetres) or ``odi_geNN`` (points).
    scores
        Scores, shape (persons, candidates) or (persons,); VAS in cm.
    baseline
        Baseline scores, broadcast against ``scores``.
    """
    if found := _PERCENT_REDUCTION.match(responder):
        return np.asarray(100 * (baseline - scores) >= int(found[1]) * baseline - _TINY)
    if found := _LEVEL_AT_MOST.match(responder):
        return np.asarray(scores <= float(f"{found[1]}.{found[2]}") + _TINY)
    if found := _POINT_REDUCTION.match(responder):
        return np.asarray(baseline - scores >= int(found[1]) - _TINY)
    return None


def allowed_counts(
    targets: CohortTargets, responder: str, visit: str, group: str, n: int
) -> tuple[int, ...]:
    """Return the counts of responders that print as published, alone and in the composites.

    The counts of a union and an intersection add up to those of their parts; so the published
    shares for "pain or disability" and "both" also bind the count for pain.
    """

    def printed(name: str) -> tuple[int, ...]:
        return targets.counts_that_print(f"responder.{name}.{visit}.observed.{group}", n)

    alone = printed(responder)
    if responder != PAIN:
        return alone
    disability, either, both = printed(DISABILITY), printed(EITHER), printed(BOTH)
    if not (disability and either and both):
        return alone
    joint = {u + b - d for u in either for b in both for d in disability}
    return tuple(k for k in alone or range(n + 1) if k in joint) or alone


def add_responder_goals(
    problem: Problem, targets: CohortTargets, at: VisitScores, ids: tuple[str, ...]
) -> None:
    """Add the goals for the counts of responders defined on this outcome."""
    for responder in ids:
        flags = responder_flags(responder, at.scores, at.baseline[:, None])
        if flags is None:
            continue
        for group, members in at.groups.items():
            stem = f"responder.{responder}.{at.visit}.observed.{group}"
            allowed = allowed_counts(targets, responder, at.visit, group, int(members.sum()))
            if allowed:
                problem.add_count(f"{stem}.count", allowed, flags & members[:, None])


def cut_counts(
    targets: CohortTargets, visit: str, n: int, ids: tuple[str, ...]
) -> tuple[tuple[float, int], ...]:
    """Return the (residual ratio, count) cuts of the published per cent responders."""
    cuts = []
    for responder in ids:
        found = _PERCENT_REDUCTION.match(responder)
        allowed = allowed_counts(targets, responder, visit, ALL, n)
        if found and allowed:
            cuts.append((1 - int(found[1]) / 100, allowed[len(allowed) // 2]))
    return tuple(sorted(cuts))
