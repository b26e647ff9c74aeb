"""Event rates per person-time, their differences and ratios, exposure-adjusted incidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import (
    check_alpha,
    check_choice,
    check_count,
    check_positive,
    finite_vector,
    same_length,
)
from multifidus.stats.proportions import proportion, score_limit
from multifidus.stats.ties import settle

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "ExposureAdjustedIncidence",
    "Rate",
    "RateComparison",
    "exposure_adjusted_incidence",
    "poisson_rate",
    "rate_difference",
    "rate_ratio",
]

RateMethod = Literal["garwood", "byar", "wald"]


@dataclass(frozen=True)
class Rate:
    """Events per ``per`` units of exposure, with two-sided limits on the same scale."""

    events: int
    exposure: float
    rate: float
    ci_lower: float
    ci_upper: float
    per: float
    alpha: float
    method: str


@dataclass(frozen=True)
class RateComparison:
    """Difference (first minus second, per ``per`` units) or ratio of two rates."""

    estimate: float
    ci_lower: float
    ci_upper: float
    p_value: float
    per: float
    alpha: float
    method: str


@dataclass(frozen=True)
class ExposureAdjustedIncidence:
    """Participants with an event per time at risk of a first event.

    Attributes
    ----------
    participants
        Participants with at least one event; ``rate.events`` repeats it.
    n
        All participants.
    """

    participants: int
    n: int
    rate: Rate


def poisson_rate(
    events: int,
    exposure: float,
    *,
    per: float = 100.0,
    method: RateMethod = "garwood",
    alpha: float = 0.05,
) -> Rate:
    r"""Return a Poisson rate with its confidence interval.

    Parameters
    ----------
    events
        Number of events.
    exposure
        Person-time, for instance years; above zero.
    per
        Unit of the rate: 100 gives events per 100 person-years.
    method
        ``"garwood"``: exact, :math:`\chi^2_{\alpha/2}(2x)/2` and
        :math:`\chi^2_{1-\alpha/2}(2x+2)/2` (Garwood 1936, Biometrika 28:437-442).
        ``"byar"``: Byar's approximation. ``"wald"``: normal form, cut at 0.

    Raises
    ------
    StatisticsError
        ``STA-005`` impossible count, ``STA-221`` no exposure, ``STA-212`` unknown method,
        ``STA-006`` a unit that is not above 0.
    """
    check_alpha(alpha)
    check_choice(method, ("garwood", "byar", "wald"), "method", "STA-212")
    per = check_positive(per, "per")
    events = check_count(events, "events")
    exposure = _check_exposure(exposure)
    if method == "garwood":
        lower = float(stats.chi2.ppf(alpha / 2, 2 * events)) / 2 if events else 0.0
        upper = float(stats.chi2.isf(alpha / 2, 2 * events + 2)) / 2
        name = "exact Poisson interval (Garwood)"
    elif method == "byar":
        z = float(stats.norm.isf(alpha / 2))
        lower = 0.0
        if events:
            root = 1 - 1 / (9 * events) - z / (3 * np.sqrt(events))
            lower = events * max(root, 0.0) ** 3
        more = events + 1
        upper = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
        name = "Byar's Poisson interval"
    else:
        width = float(stats.norm.isf(alpha / 2)) * float(np.sqrt(events))
        lower, upper, name = max(events - width, 0.0), events + width, "Wald Poisson interval"
    unit = per / exposure
    return Rate(
        events, float(exposure), events * unit, float(lower) * unit, float(upper) * unit,
        per, alpha, name,
    )  # fmt: skip


def rate_difference(
    events_first: int,
    exposure_first: float,
    events_second: int,
    exposure_second: float,
    *,
    per: float = 100.0,
    alpha: float = 0.05,
) -> RateComparison:
    r"""Return the difference of two Poisson rates with score limits.

    Miettinen and Nurminen (1985), Statistics in Medicine 4:213-226: the variance uses the rates
    that maximise the likelihood given the difference :math:`\delta`.

    Raises
    ------
    StatisticsError
        ``STA-005``, ``STA-006``, ``STA-221`` as for :func:`poisson_rate`.
    """
    check_alpha(alpha)
    per = check_positive(per, "per")
    x1, x2 = check_count(events_first, "events_first"), check_count(events_second, "events_second")
    t1, t2 = _check_exposure(exposure_first), _check_exposure(exposure_second)
    value = x1 / t1 - x2 / t2
    z = float(stats.norm.isf(alpha / 2))

    def score(delta: float) -> float:
        total, time = x1 + x2, t1 + t2
        half = total - time * delta
        root = float(np.sqrt(max(half**2 + 4 * time * x2 * delta, 0.0)))
        # the form of the quadratic's root that does not subtract near-equal numbers
        second = (half + root) / (2 * time) if half >= 0 else 2 * x2 * delta / (root - half)
        second = max(second, -delta, 0.0)
        variance = (second + delta) / t1 + second / t2
        gap = value - delta
        if variance <= 0:
            return float(np.copysign(np.inf, gap)) if gap else 0.0
        return gap / float(np.sqrt(variance))

    reach = z**2 + 10 * (1 + x1 + x2)
    lower = score_limit(score, z, value, -reach / t2 - abs(value))
    upper = score_limit(score, -z, value, reach / t1 + abs(value))
    p = float(2 * stats.norm.sf(abs(score(0.0))))
    name = "Miettinen-Nurminen score interval of a rate difference"
    return RateComparison(value * per, lower * per, upper * per, p, per, alpha, name)


def rate_ratio(
    events_first: int,
    exposure_first: float,
    events_second: int,
    exposure_second: float,
    *,
    alpha: float = 0.05,
) -> RateComparison:
    """Return the ratio of two Poisson rates with exact conditional limits.

    Given the total, the first count is binomial; its Clopper-Pearson limits become limits of the
    ratio, and p is the two-sided binomial test (R ``poisson.test``).

    Raises
    ------
    StatisticsError
        ``STA-222`` when neither group has an event.
    """
    check_alpha(alpha)
    x1, x2 = check_count(events_first, "events_first"), check_count(events_second, "events_second")
    t1, t2 = _check_exposure(exposure_first), _check_exposure(exposure_second)
    if x1 + x2 == 0:
        raise StatisticsError("STA-222", "Neither group has an event; a rate ratio is undefined.")
    share = proportion(x1, x1 + x2, method="clopper_pearson", alpha=alpha)
    scale = t2 / t1

    def odds(p: float) -> float:
        return float("inf") if p == 1 else p / (1 - p) * scale

    p_value = float(stats.binomtest(x1, x1 + x2, t1 / (t1 + t2)).pvalue)
    value = float("inf") if x2 == 0 else x1 / x2 * scale
    name = "rate ratio, exact conditional interval"
    return RateComparison(
        value, odds(share.ci_lower), odds(share.ci_upper), p_value, 1.0, alpha, name
    )


def exposure_adjusted_incidence(
    first_event: npt.ArrayLike,
    exposure_end: npt.ArrayLike,
    *,
    per: float = 100.0,
    alpha: float = 0.05,
) -> ExposureAdjustedIncidence:
    """Return participants with an event per time at risk of it.

    Parameters
    ----------
    first_event
        Time from start to the participant's first event of this term, ``NaN`` for none. An event
        after ``exposure_end`` does not count.
    exposure_end
        Time from start to the end of exposure, above or equal to zero, shape ``(n,)``.

    Notes
    -----
    Time at risk is specific to the term: to the first event, else to the end of exposure. The
    interval is Garwood's. An event at the end of exposure counts, rounding or not.

    Raises
    ------
    StatisticsError
        ``STA-223`` a negative time, and as for :func:`poisson_rate`.
    """
    event = finite_vector(first_event, "first_event", allow_missing=True)
    end = finite_vector(exposure_end, "exposure_end")
    same_length(event, end, "`first_event` and `exposure_end`")
    if (end < 0).any() or (event < 0).any():
        raise StatisticsError("STA-223", "Times at risk must not be negative; check the dates.")
    happened = np.zeros(len(end), dtype=bool)
    given = ~np.isnan(event)
    onset, last = np.split(settle(np.concatenate([event[given], end[given]])), 2)
    happened[given] = onset <= last
    risk = float(np.where(happened, event, end).sum())
    rate = poisson_rate(int(happened.sum()), risk, per=per, alpha=alpha)
    return ExposureAdjustedIncidence(int(happened.sum()), len(end), rate)


def _check_exposure(exposure: float) -> float:
    try:
        return check_positive(exposure, "exposure")
    except StatisticsError:
        raise StatisticsError(
            "STA-221", "Exposure must be a number above 0; nobody was at risk."
        ) from None
