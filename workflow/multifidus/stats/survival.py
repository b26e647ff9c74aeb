"""Kaplan-Meier curves, quantiles and the log-rank test.

Own code of a few lines from the formulas, because the packages differ silently where trials need a
declared rule: the transformation of the limits and the quantile at a flat step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import (
    check_alpha,
    check_choice,
    check_number,
    finite_vector,
    group_codes,
    same_length,
)
from multifidus.stats.steps import checked_moment, step_at
from multifidus.stats.ties import settle

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "LIMIT_SCALES",
    "KaplanMeier",
    "LogRank",
    "Quantile",
    "checked_times",
    "kaplan_meier",
    "log_rank",
    "transformed_limits",
]

LimitScale = Literal["log_log", "log", "plain"]
LIMIT_SCALES = ("log_log", "log", "plain")
QuantileRule = Literal["sas", "r", "left"]
_LEVEL_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Quantile:
    """A time by which a share of participants had the event; ``NaN`` when not reached."""

    share: float
    estimate: float
    ci_lower: float
    ci_upper: float
    rule: str


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve at the distinct event and censoring times.

    Attributes
    ----------
    time, at_risk, events, censored
        Shape ``(k,)``, times ascending; a censoring at an event's time counts as later.
    survival, se, ci_lower, ci_upper
        Just after each time; standard error by Greenwood's formula. Where the curve is 0 neither
        the standard error nor a limit can be estimated (``NaN``), nor can log-log limits be before
        the first event.
    """

    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    survival: np.ndarray
    se: np.ndarray
    ci_lower: np.ndarray
    ci_upper: np.ndarray
    n: int
    alpha: float
    method: str

    def at(self, time: float) -> tuple[float, float, float]:
        """Return survival and its limits at ``time``; ``NaN`` after the last observed time.

        Raises
        ------
        StatisticsError
            ``STA-006`` or ``STA-241`` for a time that is no number of at least 0.
        """
        return step_at(time, self.time, (self.survival, self.ci_lower, self.ci_upper), 1.0)

    def quantile(self, share: float = 0.5, *, rule: QuantileRule = "sas") -> Quantile:
        """Return the time at which ``share`` of participants had the event.

        Parameters
        ----------
        share
            0.5 for the median.
        rule
            Where the curve is flat at exactly 1 - ``share``: ``"sas"`` the middle of the step, not
            estimable when the curve never falls below; ``"r"`` the middle of the step, which may
            end with the last censoring; ``"left"`` the start of the step (lifelines).

        Notes
        -----
        Limits are the same rule applied to the limits of the curve (Brookmeyer and Crowley 1982,
        Biometrics 38:29-41, on the curve's scale). A limit that the curve of limits does not reach
        before the curve is 0 is not estimable (``NaN``).

        Raises
        ------
        StatisticsError
            ``STA-006`` or ``STA-241`` a share outside (0, 1), ``STA-212`` unknown rule.
        """
        if not 0 < check_number(share, "share") < 1:
            raise StatisticsError("STA-241", "A quantile's share lies between 0 and 1.")
        check_choice(rule, ("sas", "r", "left"), "rule", "STA-212")
        value, lower, upper = (
            _crossing(self.time, curve, 1 - share, rule)
            for curve in (self.survival, self.ci_lower, self.ci_upper)
        )
        return Quantile(share, value, lower, upper, rule)

    def restricted_mean(self, horizon: float) -> tuple[float, float]:
        """Return the mean event-free time up to ``horizon``, and its standard error.

        Raises
        ------
        StatisticsError
            ``STA-241`` when the horizon is not above 0 or lies beyond the last observed time.
        """
        horizon = checked_moment(horizon, self.time)
        if not 0 < horizon <= self.time[-1]:
            raise StatisticsError("STA-241", "The horizon must lie within the observed times.")
        inside = self.time < horizon
        knots = np.concatenate([[0.0], self.time[inside], [horizon]])
        heights = np.concatenate([[1.0], self.survival[inside]])
        areas = np.diff(knots) * heights
        remaining = np.cumsum(areas[::-1])[::-1][1:]
        d, n = self.events[inside], self.at_risk[inside]
        left = np.where(d > 0, n * (n - d), 1)
        terms = np.where((d > 0) & (n > d), remaining**2 * d / np.maximum(left, 1), 0.0)
        return float(areas.sum()), float(np.sqrt(terms.sum()))


@dataclass(frozen=True)
class LogRank:
    """Log-rank test of equal survival in ``k`` groups."""

    observed: tuple[float, ...]
    expected: tuple[float, ...]
    statistic: float
    df: int
    p_value: float
    method: str


def checked_times(time: npt.ArrayLike, event: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return times and whole-number event codes, or refuse them (``STA-242``).

    Times that are equal but for rounding become one time.
    """
    t = settle(finite_vector(time, "time"))
    e = finite_vector(event, "event", allow_flags=True)
    same_length(t, e, "`time` and `event`")
    if len(t) == 0:
        raise StatisticsError("STA-242", "No participant is given; there is nothing to follow.")
    if (t < 0).any():
        raise StatisticsError("STA-242", "Times must not be negative; check the dates.")
    if ((e < 0) | (e != np.floor(e))).any():
        raise StatisticsError("STA-242", "Event codes are whole numbers, 0 for censored.")
    return t, e.astype(int)


def transformed_limits(
    value: np.ndarray, se: np.ndarray, scale: LimitScale, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return limits of probabilities on the named scale, within 0 and 1.

    ``NaN`` where the scale has no limit: at 0 for all but ``"plain"``, at 1 for ``"log_log"``.
    """
    z = float(stats.norm.isf(alpha / 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if scale == "plain":
            lower, upper = value - z * se, value + z * se
        elif scale == "log":
            spread = np.exp(z * se / value)
            lower, upper = value / spread, value * spread
        else:
            spread = np.exp(z * se / (value * np.abs(np.log(value))))
            lower, upper = value**spread, value ** (1 / spread)
            # 1 to any power is 1, which would be a limit without a reason
            lower, upper = (np.where(value == 1, np.nan, limit) for limit in (lower, upper))
    return np.clip(lower, 0.0, 1.0), np.clip(upper, 0.0, 1.0)


def kaplan_meier(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    limits: LimitScale = "log_log",
    alpha: float = 0.05,
) -> KaplanMeier:
    """Return the Kaplan-Meier curve.

    Parameters
    ----------
    time, event
        Follow-up time and whether it ended with the event (1) or was censored (0), shape ``(n,)``.
    limits
        ``"log_log"`` (SAS LIFETEST default), ``"log"`` (R survfit default) or ``"plain"``.

    Raises
    ------
    StatisticsError
        ``STA-242`` empty or negative times, ``STA-212`` unknown limits.

    Notes
    -----
    Kaplan and Meier (1958), JASA 53:457-481; Greenwood (1926). When all who are at risk have the
    event the curve is 0, and its standard error and limits are ``NaN``: Greenwood's formula divides
    by 0 there (R ``survfit`` and SAS LIFETEST leave them out as well).
    """
    check_alpha(alpha)
    check_choice(limits, LIMIT_SCALES, "limits", "STA-212")
    t, e = checked_times(time, event)
    if e.max(initial=0) > 1:
        raise StatisticsError("STA-242", "Kaplan-Meier takes one kind of event, coded 1.")
    times, at_risk, events, censored = risk_table(t, e > 0)
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0)
        greenwood = survival * np.sqrt(np.cumsum(terms))
    se = np.where(survival > 0, greenwood, np.nan)
    lower, upper = transformed_limits(survival, se, limits, alpha)
    name = f"Kaplan-Meier, Greenwood, {limits.replace('_', '-')} limits"
    return KaplanMeier(
        times, at_risk, events, censored, survival, se, lower, upper, len(t), alpha, name
    )


def risk_table(
    time: np.ndarray, event: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return distinct times with numbers at risk, with the event and censored there."""
    times, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=event, minlength=len(times))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = len(time) - np.concatenate([[0], np.cumsum(leaving)[:-1]])
    return times, at_risk, events.astype(int), leaving - events.astype(int)


def _crossing(time: np.ndarray, curve: np.ndarray, level: float, rule: str) -> float:
    """Return where a falling step curve passes ``level``."""
    below = np.flatnonzero(curve < level - _LEVEL_TOLERANCE)
    level_met = np.flatnonzero(np.abs(curve - level) <= _LEVEL_TOLERANCE)
    if len(level_met):
        start = float(time[level_met[0]])
        if rule == "left":
            return start
        if len(below):
            return (start + float(time[below[0]])) / 2
        return float("nan") if rule == "sas" else (start + float(time[-1])) / 2
    return float(time[below[0]]) if len(below) else float("nan")


def log_rank(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    group: npt.ArrayLike,
    strata: npt.ArrayLike | None = None,
) -> LogRank:
    """Test equal survival of two or more groups (Mantel 1966; R ``survdiff``, SAS LOGRANK).

    Parameters
    ----------
    time, event
        As for :func:`kaplan_meier`.
    group
        Label of each participant's group, text or numbers, shape ``(n,)``.
    strata
        Label of each participant's stratum; participants are compared within strata, and observed
        less expected events and their covariance are added over strata.

    Raises
    ------
    StatisticsError
        ``STA-243`` fewer than two groups, no event, or none while two groups are at risk;
        ``STA-002`` a participant without a group.

    Notes
    -----
    As in R, groups that nobody is left of at the first event take no part in the degrees of
    freedom. When at every event time all at risk have the event, the variance is 0 and p is 1.
    """
    t, e = checked_times(time, event)
    labels, member = group_codes(group)
    same_length(t, member, "`time` and `group`")
    k = len(labels)
    if k < 2 or not (e > 0).any():  # noqa: PLR2004 - a comparison needs two groups
        raise StatisticsError("STA-243", "The log-rank test needs two groups and an event.")
    place = np.zeros(len(t), dtype=int)
    if strata is not None:
        _, place = group_codes(strata, "strata")
        same_length(t, place, "`time` and `strata`")
    dead, expected, spread, compared = np.zeros(k), np.zeros(k), np.zeros((k, k)), 0
    for number in np.unique(place):
        own = place == number
        sums = _log_rank_sums(t[own], e[own] > 0, member[own], k)
        dead, expected, spread = dead + sums[0], expected + sums[1], spread + sums[2]
        compared = max(compared, int((sums[1] > 0).sum()))
    used = expected > 0
    if compared < 2:  # noqa: PLR2004 - a comparison needs two groups in one stratum
        raise StatisticsError("STA-243", "No event happens while two groups are at risk.")
    gap, inner = (dead - expected)[used][:-1], spread[np.ix_(used, used)][:-1, :-1]
    rank = int(np.linalg.matrix_rank(inner))
    statistic = float(gap @ np.linalg.pinv(inner) @ gap) if rank else 0.0
    df = rank or int(used.sum()) - 1
    return LogRank(
        tuple(float(x) for x in dead), tuple(float(x) for x in expected), statistic,
        df, float(stats.chi2.sf(statistic, df)),
        "log-rank test" if strata is None else "stratified log-rank test",
    )  # fmt: skip


def _log_rank_sums(
    time: np.ndarray, event: np.ndarray, member: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return observed and expected events per group, ``(k,)``, and their covariance ``(k, k)``."""
    times = np.unique(time[event])
    place = np.searchsorted(times, time[event])
    dead = np.zeros((k, len(times)))
    np.add.at(dead, (member[event], place), 1.0)
    risk = np.empty((k, len(times)))
    for g in range(k):
        own = np.sort(time[member == g])
        risk[g] = len(own) - np.searchsorted(own, times, side="left")
    n, d = risk.sum(axis=0), dead.sum(axis=0)
    factor = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1), 0.0)
    share = risk / n
    spread = np.diag((share * factor).sum(axis=1)) - (share * factor) @ share.T
    return dead.sum(axis=1), (risk * (d / n)).sum(axis=1), spread
