"""Constrained local search: one candidate per person, totals inside windows, least distortion.

Every person has a short list of candidate answers. Each candidate contributes a row of features
(a change, its square, an indicator of a responder); every published statistic is a function of
the column totals. The search starts from the answers that the latent trajectories suggest and
changes one answer at a time, always by the candidate that lowers

    weight x (distance of the statistics from their windows) + (implausibility of the answers)

the most, until every statistic lies inside its window. The distance is an exact penalty (linear
near the window), so the search ends inside the windows and not merely close to them. When no
single change helps, random pairs of changes are tried; when no pair helps either, the weight grows
and a few answers are changed at random.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from multifidus.base.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]

__all__ = ["Goal", "Problem", "Solution", "solve"]

_SAMPLE = 56
_MAX_STEPS = 2500
_FIRST_WEIGHT, _LARGEST_WEIGHT = 30.0, 1e4
_PAIR_PEOPLE, _PAIR_TRIES = 120, 25
_DISTURBED = 3
_POLISH_STEPS = 250
_NOISE = 1e-9
_MARGIN = 0.12
_CONFIDENCE = 0.975


class Goal(NamedTuple):
    """A statistic that must end inside a window.

    Parameters
    ----------
    name
        Result id, for the report.
    lower, upper
        The window, already narrowed by a safety margin.
    scale
        Unit of distance: a sampling standard error, or one for counts.
    statistic
        Function of the totals, shape (..., columns) to (...).
    """

    name: str
    lower: float
    upper: float
    scale: float
    statistic: Callable[[FloatArray], FloatArray]

    def distance(self, totals: FloatArray) -> FloatArray:
        """Return the penalty of totals, zero inside the window; same leading shape."""
        value = self.statistic(totals)
        outside = np.maximum(self.lower - value, value - self.upper)
        away: FloatArray = np.maximum(outside, 0.0) / self.scale
        return away + away * away


class Solution(NamedTuple):
    """A selection that meets every goal."""

    chosen: IntArray
    steps: int


@dataclass
class Problem:
    """Candidates, features and goals of one visit and outcome.

    Parameters
    ----------
    values
        Candidate scores, shape (persons, candidates).
    cost
        Implausibility of each candidate, same shape; the start has about the least.
    allowed
        Which candidates may be chosen, same shape; at least one per person.
    """

    values: FloatArray
    cost: FloatArray
    allowed: BoolArray
    goals: list[Goal] = field(default_factory=list)
    columns: list[FloatArray] = field(default_factory=list)

    @property
    def start(self) -> IntArray:
        """Index of each person's most plausible candidate, shape (persons,)."""
        return np.asarray(np.where(self.allowed, self.cost, np.inf).argmin(axis=1))

    def column(self, values: FloatArray, members: BoolArray | None = None) -> int:
        """Add a feature and return its column; people outside ``members`` contribute nothing."""
        array = np.broadcast_to(values, self.values.shape).astype(float)
        self.columns.append(array if members is None else array * members[:, None])
        return len(self.columns) - 1

    def moments(self, values: FloatArray, members: BoolArray | None = None) -> tuple[int, int, int]:
        """Add a feature and its square; return both columns and the number of members."""
        n = self.values.shape[0] if members is None else int(members.sum())
        return self.column(values, members), self.column(values * values, members), n

    def add(
        self,
        name: str,
        window: tuple[float, float],
        scale: float,
        statistic: Callable[[FloatArray], FloatArray],
        margin: float = _MARGIN,
    ) -> None:
        """Add a goal for a continuous statistic; the window is narrowed by a share of its width."""
        slack = margin * (window[1] - window[0])
        self.goals.append(Goal(name, window[0] + slack, window[1] - slack, scale, statistic))

    def add_mean(
        self, name: str, window: tuple[float, float], at: tuple[int, int, int], sd: float
    ) -> None:
        """Add a goal for a mean; ``sd`` is the rough SD that sets the unit of distance."""
        total, _, n = at
        self.add(name, window, sd / np.sqrt(n), lambda totals: totals[..., total] / n)

    def add_sd(
        self, name: str, window: tuple[float, float], at: tuple[int, int, int], sd: float
    ) -> None:
        """Add a goal for a standard deviation (denominator n - 1)."""
        self.add(name, window, sd / np.sqrt(2 * at[2]), lambda totals: _sd(totals, at))

    def add_limit(
        self,
        name: str,
        window: tuple[float, float],
        at: tuple[int, int, int],
        sd: float,
        *,
        upper: bool,
    ) -> None:
        """Add a goal for a limit of the two-sided 95 % t interval of a mean."""
        total, _, n = at
        factor = float(stats.t.ppf(_CONFIDENCE, n - 1)) / np.sqrt(n) * (1 if upper else -1)
        self.add(
            name,
            window,
            sd / np.sqrt(n),
            lambda totals: totals[..., total] / n + factor * _sd(totals, at),
        )

    def add_count(self, name: str, allowed: tuple[int, ...], indicator: BoolArray) -> None:
        """Add a goal for a count that must be one of some neighbouring integers."""
        at = self.column(indicator.astype(float))
        self.goals.append(
            Goal(name, min(allowed) - 0.1, max(allowed) + 0.1, 1.0, lambda totals: totals[..., at])
        )


def solve(problem: Problem, rng: np.random.Generator, what: str) -> Solution:
    """Choose a candidate for every person so that all goals are met.

    Parameters
    ----------
    problem
        Candidates and goals.
    rng
        Source of the order in which people are looked at.
    what
        Name of the visit and outcome, for the error.

    Returns
    -------
    Solution
        Chosen candidate per person and the number of changes tried.

    Raises
    ------
    DataError
        ``COH-001`` when the goals cannot be met together.
    """
    chosen = problem.start.copy()
    if not problem.goals:
        return Solution(chosen, 0)
    descent = _Descent(problem, rng, chosen)
    for step in range(_MAX_STEPS):
        if descent.distance == 0.0:
            descent.polish()
            return Solution(descent.chosen, step)
        descent.step()
    missed = [goal.name for goal in problem.goals if goal.distance(descent.totals) > 0]
    raise DataError(
        "COH-001",
        f"the synthetic cohort cannot meet {len(missed)} published figure(s) of {what} together "
        f"({', '.join(missed[:3])}); check these claims for contradictions or decline one of them",
    )


class _Descent:
    """The state of a search: chosen candidates, totals, and the weight of the goals."""

    def __init__(self, problem: Problem, rng: np.random.Generator, chosen: IntArray) -> None:
        self.problem, self.rng, self.chosen = problem, rng, chosen
        self.features = np.stack(problem.columns, axis=-1)
        self.cost = np.where(problem.allowed, problem.cost, np.inf)
        self.people = np.arange(len(chosen))
        self.weight = _FIRST_WEIGHT
        self._count()

    def _count(self) -> None:
        self.totals = self.features[self.people, self.chosen].sum(axis=0)
        self.distance = float(self._away(self.totals))

    def _away(self, totals: FloatArray) -> FloatArray:
        away = np.zeros(totals.shape[:-1])
        for goal in self.problem.goals:
            away += goal.distance(totals)
        return away

    def step(self) -> None:
        """Make the best single change, else the best of some pairs, else a random disturbance."""
        some = self.rng.choice(self.people, min(_SAMPLE, len(self.people)), replace=False)
        if not (self._single(some) or self._single(self.people) or self._pair()):
            self.weight = min(2.0 * self.weight, _LARGEST_WEIGHT)
            self._disturb()
        self._count()

    def polish(self) -> None:
        """Make the answers more plausible while every goal stays met.

        The way into the windows is greedy and leaves a few large changes near the cuts; exchanging
        them for many small ones takes the traces of the calibration out again.
        """
        self.weight = _LARGEST_WEIGHT
        for _ in range(_POLISH_STEPS):
            if not (self._single(self.people) or self._pair()):
                break
            self._count()

    def _single(self, looked_at: IntArray) -> bool:
        now = self.chosen[looked_at]
        delta = self.features[looked_at] - self.features[looked_at, now][:, None, :]
        cost = self.cost[looked_at] - self.cost[looked_at, now][:, None]
        gain = self.weight * (self._away(self.totals + delta) - self.distance) + cost
        best = int(np.argmin(gain))
        row, candidate = divmod(best, gain.shape[1])
        if gain[row, candidate] >= -_NOISE:
            return False
        self.chosen[looked_at[row]] = candidate
        return True

    def _pair(self) -> bool:
        people = np.stack([self.rng.permutation(self.people)[:2] for _ in range(_PAIR_PEOPLE)])
        people = np.repeat(people, _PAIR_TRIES, axis=0)
        moves = self.rng.integers(self.features.shape[1], size=people.shape)
        now = self.chosen[people]
        delta = (self.features[people, moves] - self.features[people, now]).sum(axis=1)
        cost = (self.cost[people, moves] - self.cost[people, now]).sum(axis=1)
        gain = self.weight * (self._away(self.totals + delta) - self.distance) + cost
        best = int(np.argmin(gain))
        if gain[best] >= -_NOISE:
            return False
        self.chosen[people[best]] = moves[best]
        return True

    def _disturb(self) -> None:
        for person in self.rng.choice(self.people, _DISTURBED, replace=False):
            self.chosen[person] = self.rng.choice(np.flatnonzero(self.problem.allowed[person]))


def _sd(totals: FloatArray, at: tuple[int, int, int]) -> FloatArray:
    total, square, n = at
    variance = (totals[..., square] - totals[..., total] ** 2 / n) / (n - 1)
    return np.sqrt(np.maximum(variance, 0.0))
