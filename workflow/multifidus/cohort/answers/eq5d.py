"""EQ-5D-5L states at every visit: plausible profiles whose indices meet the published figures."""

from __future__ import annotations

from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from multifidus.cohort.answers.sums import add_baseline_goals, baseline_windows
from multifidus.cohort.calibration.goals import VisitScores, add_level_goals
from multifidus.cohort.calibration.search import Problem
from multifidus.cohort.design import BASELINE, FOLLOW_UPS
from multifidus.cohort.participants.latent import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from multifidus.cohort.answers.sums import Setting

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]

__all__ = ["calibrate_eq5d", "index_of"]

MO, SC, UA, PD, AD = range(5)
LEVELS = 5
# Level 1 plus these slopes on ODI (per point) and VAS (per mm): walking and usual activities
# follow disability, pain/discomfort follows pain, anxiety/depression mostly the person.
_ON_ODI = (0.027, 0.015, 0.032, 0.011, 0.009)
_ON_VAS = (0.001, 0.001, 0.004, 0.022, 0.004)
_OWN_SD = (0.45, 0.35, 0.45, 0.35, 0.75)
_OCCASION_SD = (0.40, 0.30, 0.40, 0.35, 0.40)
_ON_RESPONSE = (0.12, 0.10, 0.14, 0.10, 0.16)
_BISECTIONS = 40


class _Usual(NamedTuple):
    """Scores on which profiles lean: baseline, share of it that is gone, largest ratio to it."""

    baseline: float
    baseline_sd: float
    gone: float
    gone_sd: float
    worst: float


_USUAL: Mapping[str, _Usual] = MappingProxyType(
    {"vas": _Usual(75, 7.5, 0.62, 0.34, 1.3), "odi": _Usual(44, 11, 0.52, 0.39, 1.6)}
)


def index_of(levels: IntArray, decrements: FloatArray) -> FloatArray:
    """Return the index of profiles, 1 minus the sum of decrements.

    Parameters
    ----------
    levels
        Levels 1 to 5, shape (..., 5).
    decrements
        Decrement of each dimension and level, shape (5, 5).
    """
    lost = sum(decrements[dimension][levels[..., dimension] - 1] for dimension in range(LEVELS))
    return np.asarray(1.0 - lost)


def _moves() -> IntArray:
    """Return the changes of a profile that the search may make: none, one level, two levels."""
    moves = [np.zeros(LEVELS, dtype=np.int64)]
    single = [(d, s) for d in range(LEVELS) for s in (1, -1)]
    for dimension, sign in single:
        move = np.zeros(LEVELS, dtype=np.int64)
        move[dimension] = sign
        moves.append(move)
    for (d_1, s_1), (d_2, s_2) in combinations(single, 2):
        if d_1 != d_2:
            move = np.zeros(LEVELS, dtype=np.int64)
            move[d_1], move[d_2] = s_1, s_2
            moves.append(move)
    return np.array(moves)


def _implausible(levels: IntArray) -> BoolArray:
    """Return which profiles hardly occur in back pain.

    Self-care worse than both mobility and usual activities, and strong limitation without any pain,
    are rare in the profiles of people with low back pain.
    """
    self_care = levels[..., SC] > np.maximum(levels[..., MO], levels[..., UA])
    painless = (levels[..., PD] == 1) & (levels[..., [MO, SC, UA]].max(axis=-1) >= LEVELS - 1)
    outside = ((levels < 1) | (levels > LEVELS)).any(axis=-1)
    return np.asarray(self_care | painless | outside)


def _allowed(profiles: IntArray) -> BoolArray:
    """Return which candidates may be chosen; the first one when none is plausible."""
    allowed = ~_implausible(profiles)
    allowed[:, 0] |= ~allowed.any(axis=1)
    return allowed


def calibrate_eq5d(setting: Setting) -> dict[str, IntArray]:
    """Calibrate EQ-5D-5L profiles at every visit.

    Profiles follow the pain and disability that the trajectories suggest and not the calibrated
    answers, so that a change in another questionnaire leaves them alone.

    Parameters
    ----------
    setting
        The cohort's setting.

    Returns
    -------
    dict
        Visit to levels, shape (persons, 5); zero where the form was not usable.
    """
    rng, n = setting.streams.of("eq5d"), len(setting.enrolment)
    decrements = np.array(setting.design.eq5d_decrements)
    own = rng.standard_normal((n, LEVELS)) * np.array(_OWN_SD)
    result: dict[str, IntArray] = {}
    before = np.zeros(n)
    for visit in (BASELINE, *FOLLOW_UPS):
        members = setting.flow.answered("eq5d", visit)
        standing = (
            -setting.latent.severity[:, 2]
            if visit == BASELINE
            else setting.latent.at("eq5d", visit)
        )
        leaning = 1 + own + rng.standard_normal((n, LEVELS)) * np.array(_OCCASION_SD)
        leaning = (
            leaning
            + _expected(setting, "odi", visit)[:, None] * np.array(_ON_ODI)
            + _expected(setting, "vas", visit)[:, None] * np.array(_ON_VAS)
            - standing[:, None] * np.array(_ON_RESPONSE)
        )
        wanted = _wanted_mean(setting, visit, before[members])
        leaning = _shifted(leaning[members], wanted, decrements)
        levels = _solve_visit(setting, visit, leaning, before[members], decrements)
        result[visit] = np.zeros((n, LEVELS), dtype=np.int64)
        result[visit][members] = levels
        if visit == BASELINE:
            before = index_of(levels, decrements)
    return result


def _expected(setting: Setting, outcome: str, visit: str) -> FloatArray:
    """Return the VAS (mm) or ODI (points) that the trajectories suggest, shape (persons,)."""
    at, usual = OUTCOMES.index(outcome), _USUAL[outcome]
    baseline = usual.baseline + usual.baseline_sd * setting.latent.severity[:, at]
    if visit == BASELINE:
        return np.asarray(baseline)
    gone = usual.gone + usual.gone_sd * setting.latent.at(outcome, visit)
    return np.asarray(baseline * np.clip(1 - gone, 0, usual.worst))


def _wanted_mean(setting: Setting, visit: str, before: FloatArray) -> float:
    """Return the mean index to start from: published level, published or assumed change."""
    targets = setting.targets
    if visit == BASELINE:
        window = targets.get("baseline.eq5d.baseline.itt.all.mean")
        implied = list(baseline_windows(setting, "eq5d").values())
        if window is not None:
            return window.centre
        return float(np.mean(implied)) if implied else 0.6
    stem = f"eq5d.{visit}.observed.all.mean"
    level, change = targets.get(f"level.{stem}"), targets.get(f"change.{stem}")
    if level is not None:
        return level.centre
    gain = change.centre if change is not None else setting.design.schedule[visit].eq5d_gain
    return float(before.mean()) + gain


def _rounded(leaning: FloatArray) -> IntArray:
    return np.clip(np.rint(leaning), 1, LEVELS).astype(np.int64)


def _shifted(leaning: FloatArray, wanted: float, decrements: FloatArray) -> FloatArray:
    """Shift all leanings by one number so that the mean index is about ``wanted``."""
    low, high = -4.0, 4.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if index_of(_rounded(leaning + middle), decrements).mean() > wanted:
            low = middle
        else:
            high = middle
    return np.asarray(leaning + (low + high) / 2)


def _solve_visit(
    setting: Setting, visit: str, leaning: FloatArray, before: FloatArray, decrements: FloatArray
) -> IntArray:
    """Choose a profile near each leaning so that the visit's goals are met."""
    profiles = _rounded(leaning)[:, None, :] + _moves()
    cost = 0.06 * ((profiles - leaning[:, None, :]) ** 2).sum(axis=-1)
    values = index_of(np.clip(profiles, 1, LEVELS), decrements)
    problem = Problem(values, cost, _allowed(profiles))
    if visit == BASELINE:
        add_baseline_goals(problem, setting, "eq5d")
    else:
        members = setting.flow.answered("eq5d", visit)
        at = VisitScores("eq5d", visit, values, before, setting.groups(members))
        add_level_goals(problem, setting.targets, at)
    chosen = setting.solve(problem, f"eq5d at {visit}", "eq5d")
    return np.asarray(profiles[np.arange(len(chosen)), chosen])
