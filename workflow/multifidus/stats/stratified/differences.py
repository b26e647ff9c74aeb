"""Score limits of a common difference of two proportions over strata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from multifidus.stats.inputs import check_alpha, check_choice
from multifidus.stats.proportions import ProportionDifference, restricted_variance, score_limit

if TYPE_CHECKING:
    from multifidus.stats.stratified.tables import StrataCounts

__all__ = ["stratified_difference"]


def stratified_difference(
    counts: StrataCounts,
    *,
    method: Literal["newcombe", "miettinen_nurminen"] = "newcombe",
    alpha: float = 0.05,
) -> ProportionDifference:
    """Return the difference with Mantel-Haenszel weights, first minus second.

    Parameters
    ----------
    counts
        From :func:`multifidus.stats.stratified.tables.strata_counts`.
    method
        ``"newcombe"``: from stratified Wilson limits (Yan and Su 2010, Statistics in
        Biopharmaceutical Research 2:329-335; SAS ``COMMONRISKDIFF(CL=NEWCOMBE)``).
        ``"miettinen_nurminen"``: stratified score limits with the factor N/(N-1) in each stratum
        (Miettinen and Nurminen 1985, Statistics in Medicine 4:213-226) and Mantel-Haenszel weights,
        with its score test. SAS ``CL=SCORE`` weighs strata in another way.

    Raises
    ------
    StatisticsError
        ``STA-212`` unknown method.

    Notes
    -----
    With one stratum both are the limits of
    :func:`multifidus.stats.proportions.proportion_difference`. Where all proportions are 0 or 1,
    the quantile of Yan and Su is the one of equal proportions in all strata.
    """
    check_alpha(alpha)
    check_choice(method, ("newcombe", "miettinen_nurminen"), "method", "STA-212")
    weights, z = counts.weights, float(stats.norm.isf(alpha / 2))
    value = float(weights @ (counts.first - counts.second))
    p_value = float("nan")
    if method == "newcombe":
        lower, upper = _newcombe(counts, value, z)
        name = "stratified Newcombe interval, Mantel-Haenszel weights"
    else:

        def score(delta: float) -> float:
            variance = [
                restricted_variance(p1, n1, p2, n2, delta) * (n1 + n2) / (n1 + n2 - 1)
                for p1, n1, p2, n2 in zip(
                    counts.first, counts.n_first, counts.second, counts.n_second, strict=True
                )
            ]
            total, gap = float(weights**2 @ variance), value - delta
            if total <= 0:
                return float(np.copysign(np.inf, gap)) if abs(gap) > 1e-14 else 0.0  # noqa: PLR2004
            return gap / float(np.sqrt(total))

        lower, upper = score_limit(score, z, value, -1.0), score_limit(score, -z, value, 1.0)
        p_value = float(2 * stats.norm.sf(abs(score(0.0))))
        name = "stratified Miettinen-Nurminen score interval, Mantel-Haenszel weights"
    return ProportionDifference(
        int(counts.count_first.sum()), int(counts.n_first.sum()), int(counts.count_second.sum()),
        int(counts.n_second.sum()), value, max(lower, -1.0), min(upper, 1.0), p_value,
        alpha, name,
    )  # fmt: skip


def _newcombe(counts: StrataCounts, value: float, z: float) -> tuple[float, float]:
    weights = counts.weights
    low1, high1 = _stratified_wilson(counts.first, counts.n_first, weights, z)
    low2, high2 = _stratified_wilson(counts.second, counts.n_second, weights, z)
    share1 = float((weights**2 / counts.n_first).sum())
    share2 = float((weights**2 / counts.n_second).sum())
    below = share1 * low1 * (1 - low1) + share2 * high2 * (1 - high2)
    above = share1 * high1 * (1 - high1) + share2 * low2 * (1 - low2)
    return value - z * float(np.sqrt(max(below, 0.0))), value + z * float(np.sqrt(max(above, 0.0)))


def _stratified_wilson(
    p: np.ndarray, n: np.ndarray, weights: np.ndarray, z: float
) -> tuple[float, float]:
    """Return the weighted sums of Wilson limits at the quantile of Yan and Su."""
    variance = p * (1 - p) / n
    if not variance.any():
        variance = 1.0 / n
    own = weights * np.sqrt(variance)
    quantile = z * float(np.sqrt((own**2).sum()) / own.sum())
    z2 = quantile**2
    centre = p + z2 / (2 * n)
    width = quantile * np.sqrt(p * (1 - p) / n + z2 / (4 * n**2))
    lower, upper = (centre - width) / (1 + z2 / n), (centre + width) / (1 + z2 / n)
    return float(weights @ np.maximum(lower, 0.0)), float(weights @ np.minimum(upper, 1.0))
