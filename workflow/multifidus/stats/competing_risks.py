"""Cumulative incidence with competing events, by Aalen and Johansen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha, check_choice, check_count
from multifidus.stats.steps import step_at
from multifidus.stats.survival import (
    LIMIT_SCALES,
    LimitScale,
    checked_times,
    risk_table,
    transformed_limits,
)

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["CumulativeIncidence", "cumulative_incidence"]


@dataclass(frozen=True)
class CumulativeIncidence:
    """Probability of a first event of one kind, at the distinct observed times.

    Attributes
    ----------
    time, at_risk, events, competing
        Shape ``(k,)``: times, participants at risk, events of this and of other kinds.
    incidence, se, ci_lower, ci_upper
        Just after each time. Neither standard error nor limits can be estimated (``NaN``) where the
        incidence is 1, nor limits on a logarithmic scale where it is 0.
    """

    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    competing: np.ndarray
    incidence: np.ndarray
    se: np.ndarray
    ci_lower: np.ndarray
    ci_upper: np.ndarray
    n: int
    alpha: float
    method: str

    def at(self, time: float) -> tuple[float, float, float]:
        """Return incidence and its limits at ``time``; ``NaN`` after the last observed time."""
        return step_at(time, self.time, (self.incidence, self.ci_lower, self.ci_upper), 0.0)


def cumulative_incidence(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    of: int = 1,
    limits: LimitScale = "log_log",
    alpha: float = 0.05,
) -> CumulativeIncidence:
    r"""Return the cumulative incidence of one kind of event among competing kinds.

    Parameters
    ----------
    time
        Time to the first event of any kind or to censoring, shape ``(n,)``.
    cause
        0 censored, 1, 2, ... the kinds of event.
    of
        The kind wanted.
    limits
        Scale of the limits; ``"log_log"`` is :math:`\log(-\log F)`.

    Notes
    -----
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5:141-150. Variance by the delta
    method, Marubini and Valsecchi (1995), Analysing Survival Data, section 10.4. One minus
    Kaplan-Meier, censoring competing events, would overstate the incidence.

    Raises
    ------
    StatisticsError
        ``STA-242`` bad times or codes, ``STA-244`` the kind wanted is not above 0, ``STA-005`` or
        no whole number.
    """
    check_alpha(alpha)
    check_choice(limits, LIMIT_SCALES, "limits", "STA-212")
    if check_count(of, "of") < 1:
        raise StatisticsError("STA-244", "The kind of event wanted is a code of at least 1.")
    t, kind = checked_times(time, cause)
    times, at_risk, wanted, _ = risk_table(t, kind == of)
    _, _, either, _ = risk_table(t, kind > 0)
    survival = np.cumprod(1 - either / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * wanted / at_risk)
    # 1 exactly when all had this event: the sum may miss it by rounding
    certain = (survival == 0) & (np.cumsum(either - wanted) == 0)
    incidence = np.where(certain, 1.0, incidence)
    se = np.sqrt(np.maximum(_variance(incidence, before, at_risk, wanted, either), 0.0))
    se = np.where(certain, np.nan, se)
    lower, upper = transformed_limits(incidence, se, limits, alpha)
    name = f"Aalen-Johansen, delta-method variance, {limits.replace('_', '-')} limits"
    return CumulativeIncidence(
        times, at_risk, wanted, either - wanted, incidence, se, lower, upper, len(t), alpha, name
    )


def _variance(
    incidence: np.ndarray,
    before: np.ndarray,
    at_risk: np.ndarray,
    wanted: np.ndarray,
    either: np.ndarray,
) -> np.ndarray:
    """Return the delta-method variance at each time, by running sums of its expansion."""
    n = at_risk.astype(float)
    left = n - either
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where((either > 0) & (left > 0), either / (n * left), 0.0)
    own = before**2 * wanted * (n - wanted) / n**3
    cross = before * wanted / n**2
    # sum over s <= t of (F(t)-F(s))^2 h(s) + own(s) - 2 (F(t)-F(s)) cross(s)
    squared = (
        incidence**2 * np.cumsum(hazard)
        - 2 * incidence * np.cumsum(incidence * hazard)
        + np.cumsum(incidence**2 * hazard)
    )
    mixed = incidence * np.cumsum(cross) - np.cumsum(incidence * cross)
    return np.asarray(squared + np.cumsum(own) - 2 * mixed)
