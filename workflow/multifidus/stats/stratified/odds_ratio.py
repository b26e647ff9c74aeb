r"""The conditional odds ratio with exact limits, over one stratum or several.

Given all margins, the number of responders in the first group has probabilities proportional to
:math:`h(s)\psi^s`, with :math:`h` the convolution of the strata's hypergeometric distributions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special, stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.stats.stratified.tables import StrataCounts

__all__ = ["ConditionalOddsRatio", "conditional_odds_ratio"]

_SAME = 1e-7
_WIDEST = 1_000_000


@dataclass(frozen=True)
class ConditionalOddsRatio:
    """The conditional maximum likelihood estimate with exact limits.

    Attributes
    ----------
    estimate
        0 or infinite where the responders are as few or as many in the first group as can be.
    p_value
        Two-sided: tables no more likely than the one seen (Fisher's, R's and SAS's way).
    """

    estimate: float
    ci_lower: float
    ci_upper: float
    p_value: float
    strata: int
    strata_left_out: int
    alpha: float
    method: str


def conditional_odds_ratio(counts: StrataCounts, *, alpha: float = 0.05) -> ConditionalOddsRatio:
    """Return the exact conditional odds ratio, first against second group.

    Parameters
    ----------
    counts
        From :func:`multifidus.stats.stratified.tables.strata_counts`.

    Raises
    ------
    StatisticsError
        ``STA-282`` when in every stratum all respond or none does, ``STA-284`` more than a million
        tables.

    Notes
    -----
    Limits invert two one-sided exact tests, each at half ``alpha`` (Cornfield 1956; R
    ``fisher.test`` and ``mantelhaen.test(exact = TRUE)``, SAS ``EXACT OR``). R's own roots are
    found to four digits only.
    """
    check_alpha(alpha)
    support, chances = _distribution(counts)
    if len(support) == 1:
        raise StatisticsError(
            "STA-282", "In every stratum all respond or none does; there is nothing to compare."
        )
    seen = float(counts.count_first.sum())
    with np.errstate(divide="ignore"):
        weights = np.log(chances)

    def tilted(log_ratio: float) -> np.ndarray:
        return np.asarray(special.softmax(weights + log_ratio * (support - seen)))

    def mean(log_ratio: float) -> float:
        return float(tilted(log_ratio) @ support) - seen

    def at_least(log_ratio: float) -> float:
        return float(tilted(log_ratio)[support >= seen].sum()) - alpha / 2

    def at_most(log_ratio: float) -> float:
        return alpha / 2 - float(tilted(log_ratio)[support <= seen].sum())

    lowest, highest = seen == support[0], seen == support[-1]
    estimate = 0.0 if lowest else np.inf if highest else float(np.exp(_root(mean)))
    lower = 0.0 if lowest else float(np.exp(_root(at_least)))
    upper = np.inf if highest else float(np.exp(_root(at_most)))
    own = chances[support == seen][0]
    p = float(chances[chances <= own * (1 + _SAME)].sum())
    several = ", stratified" if len(counts.n_first) > 1 else ""
    return ConditionalOddsRatio(
        estimate, lower, upper, min(p, 1.0), len(counts.n_first), counts.left_out, alpha,
        f"conditional maximum likelihood odds ratio, exact limits{several}",
    )  # fmt: skip


def _distribution(counts: StrataCounts) -> tuple[np.ndarray, np.ndarray]:
    """Return the possible numbers of responders in the first group and their chances."""
    yes = counts.count_first + counts.count_second
    low = np.maximum(yes - counts.n_second, 0)
    high = np.minimum(yes, counts.n_first)
    if float((high - low).sum()) >= _WIDEST:
        raise StatisticsError(
            "STA-284", "There are more than a million tables; use the Mantel-Haenszel odds ratio."
        )
    chances = np.ones(1)
    for total, some, n1, first, last in zip(
        counts.n_first + counts.n_second, yes, counts.n_first, low, high, strict=True
    ):
        own = stats.hypergeom.pmf(np.arange(first, last + 1), total, some, n1)
        chances = np.convolve(chances, own)
    return np.arange(float(low.sum()), float(high.sum()) + 1), chances / chances.sum()


def _root(rising: Callable[[float], float]) -> float:
    """Return where a function that rises from below 0 to above it is 0."""
    reach = 1.0
    while rising(reach) < 0:
        reach *= 2
    depth = -1.0
    while rising(depth) > 0:
        depth *= 2
    return float(optimize.brentq(rising, depth, reach, xtol=1e-14, rtol=1e-14, maxiter=500))
