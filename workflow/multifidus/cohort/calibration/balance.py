"""Where the arms' baseline means must lie for all figures of the randomised phase to print.

Levels, changes, their difference, its interval and its p value are printed separately and rounded
separately. Together they leave a narrow strip for the baseline means; a linear program finds its
middle (the point with the largest relative distance from every window's edge).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from multifidus.base.errors import DataError

if TYPE_CHECKING:
    from multifidus.cohort.calibration.targets import CohortTargets

__all__ = ["balanced_baseline"]

_VISIT = "d120"
_BASE, _LEVEL_T, _LEVEL_C, _SE, _SLACK = range(5)


class _Strip:
    """Linear constraints on (baseline, level of treatment, level of control, SE, slack)."""

    def __init__(self, targets: CohortTargets) -> None:
        self.targets = targets
        self.rows: list[list[float]] = []
        self.bounds: list[float] = []

    def add(self, result_id: str, weights: dict[int, float]) -> None:
        """Hold a weighted sum inside the window of a result, if one was published."""
        window = self.targets.get(result_id)
        if window is not None:
            self.between(weights, window.lower, window.upper)

    def between(self, weights: dict[int, float], lower: float, upper: float) -> None:
        """Hold a weighted sum between two limits, away from both by the slack."""
        self.at_least(weights, lower, upper - lower)
        self.at_least({at: -weight for at, weight in weights.items()}, -upper, upper - lower)

    def at_least(self, weights: dict[int, float], lower: float, width: float) -> None:
        """Hold a weighted sum above a limit by the slack times a width."""
        row = np.zeros(_SLACK + 1)
        for at, weight in weights.items():
            row[at] = -weight
        row[_SLACK] = width
        self.rows.append(list(row))
        self.bounds.append(-lower)


def balanced_baseline(
    targets: CohortTargets, outcome: str, arms: tuple[str, ...]
) -> dict[str, float]:
    """Return the baseline mean that each arm should have, equal in both arms.

    Parameters
    ----------
    targets
        Windows of the published figures.
    outcome
        Outcome of the randomised comparison.
    arms
        Treatment and control.

    Returns
    -------
    dict
        Arm to baseline mean; empty when no comparison was published for the outcome.

    Raises
    ------
    DataError
        ``COH-003`` when no baseline mean lets every figure print as published.
    """
    stem = f"difference.{outcome}.{_VISIT}.itt.treatment_vs_control"
    if targets.get(f"{stem}.estimate") is None:
        return {}
    strip = _Strip(targets)
    for arm, level in zip(arms, (_LEVEL_T, _LEVEL_C), strict=True):
        strip.add(f"level.{outcome}.{_VISIT}.observed.{arm}.mean", {level: 1.0})
        strip.add(f"change.{outcome}.{_VISIT}.observed.{arm}.mean", {level: 1.0, _BASE: -1.0})
        for name in (f"level.{outcome}.baseline.observed", f"baseline.{outcome}.baseline.itt"):
            for group in (arm, "all"):
                strip.add(f"{name}.{group}.mean", {_BASE: 1.0})
    _add_difference(strip, stem, _degrees_of_freedom(targets, arms))
    found = optimize.linprog(
        [0.0] * _SLACK + [-1.0],
        A_ub=np.array(strip.rows),
        b_ub=np.array(strip.bounds),
        bounds=[(None, None)] * _SLACK + [(0.0, 0.5)],
    )
    if not found.success or found.x is None:
        raise DataError(
            "COH-003",
            f"the published figures of {outcome} at {_VISIT} by arm cannot all print together; "
            "check the claims of the randomised comparison",
        )
    return {arm: float(found.x[_BASE]) for arm in arms}


def _degrees_of_freedom(targets: CohortTargets, arms: tuple[str, ...]) -> int:
    sizes = [targets.count(f"flow.randomised.overall.itt.{arm}.count", 100) for arm in arms]
    return sum(sizes) - len(sizes)


def _add_difference(strip: _Strip, stem: str, df: int) -> None:
    """Add the difference (treatment minus control), its limits and its t statistic."""
    critical = float(stats.t.ppf(0.975, df))
    apart = {_LEVEL_T: 1.0, _LEVEL_C: -1.0}
    strip.add(f"{stem}.estimate", apart)
    strip.add(f"{stem}.ci_lower", apart | {_SE: -critical})
    strip.add(f"{stem}.ci_upper", apart | {_SE: critical})
    p_value = strip.targets.get(f"{stem}.p_value")
    estimate = strip.targets.get(f"{stem}.estimate")
    if p_value is None or estimate is None or p_value.lower <= 0:
        return
    sign = float(np.sign(estimate.centre))
    small, large = (float(stats.t.isf(p / 2, df)) for p in (p_value.upper, p_value.lower))
    # |difference| lies between small x SE and large x SE.
    width = abs(estimate.centre) * (large / small - 1)
    strip.at_least({_LEVEL_T: sign, _LEVEL_C: -sign, _SE: -small}, 0.0, width)
    strip.at_least({_LEVEL_T: -sign, _LEVEL_C: sign, _SE: large}, 0.0, width)
