"""Means and their differences: one sample, paired change, two samples, analysis of covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, t_estimate
from multifidus.stats.inputs import (
    check_alpha,
    check_choice,
    complete_pairs,
    finite_table,
    finite_vector,
    same_length,
)
from multifidus.stats.ties import noise_of_difference, settle
from multifidus.stats.wilcoxon import SignedRank, WilcoxonVariant, wilcoxon_signed_rank

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Ancova",
    "MeanEstimate",
    "PairedChange",
    "Summary",
    "ancova",
    "mean_interval",
    "paired_change",
    "summarise",
    "two_sample_difference",
]

_SMALLEST_SPAN = 1e-150
_QUANTILE_RULES: dict[str, Literal["averaged_inverted_cdf", "linear"]] = {
    "sas5": "averaged_inverted_cdf",
    "r7": "linear",
}


@dataclass(frozen=True)
class Summary:
    """Descriptive statistics of one sample; missing values are left out and counted."""

    n: int
    missing: int
    mean: float
    sd: float
    se: float
    median: float
    q1: float
    q3: float
    minimum: float
    maximum: float
    method: str


@dataclass(frozen=True)
class MeanEstimate:
    """Mean of one sample with t limits and the t test of zero."""

    n: int
    mean: float
    sd: float
    se: float
    df: int
    t: float
    p_value: float
    ci_lower: float
    ci_upper: float
    alpha: float
    method: str


@dataclass(frozen=True)
class PairedChange:
    """Follow-up minus baseline among complete pairs, with a signed-rank sensitivity test."""

    n: int
    mean: float
    sd: float
    se: float
    df: int
    t: float
    p_value: float
    ci_lower: float
    ci_upper: float
    alpha: float
    method: str
    signed_rank: SignedRank


@dataclass(frozen=True)
class Ancova:
    """Adjusted difference of two groups, adjusted means at the covariate means."""

    difference: Estimate
    mean_first: Estimate
    mean_second: Estimate
    residual_sd: float
    n_first: int
    n_second: int
    method: str


def summarise(values: npt.ArrayLike, *, quantile_rule: Literal["sas5", "r7"] = "sas5") -> Summary:
    """Return n, mean, SD, SE, median, quartiles and range.

    Parameters
    ----------
    values
        Numbers, ``NaN`` for missing, shape ``(n,)``.
    quantile_rule
        ``"sas5"``: SAS default ``PCTLDEF=5`` (averaged inverse distribution function, R type 2).
        ``"r7"``: R's and numpy's default (linear interpolation).

    Notes
    -----
    Hyndman and Fan (1996), The American Statistician 50:361-365. With one value the SD and SE are
    ``NaN``; with none, all but the counts.
    """
    check_choice(quantile_rule, _QUANTILE_RULES, "quantile_rule", "STA-201")
    array = finite_vector(values, "values", allow_missing=True)
    present = np.sort(array[~np.isnan(array)])
    method = f"quantiles by {quantile_rule}"
    n = len(present)
    if n == 0:
        nan = float("nan")
        return Summary(0, len(array), nan, nan, nan, nan, nan, nan, nan, nan, method)
    low, middle, high = np.quantile(
        present, [0.25, 0.5, 0.75], method=_QUANTILE_RULES[quantile_rule]
    )
    sd = _sd(present)
    return Summary(
        n=n,
        missing=len(array) - n,
        mean=float(present.mean()),
        sd=sd,
        se=sd / np.sqrt(n),
        median=float(middle),
        q1=float(low),
        q3=float(high),
        minimum=float(present[0]),
        maximum=float(present[-1]),
        method=method,
    )


def mean_interval(values: npt.ArrayLike, alpha: float = 0.05) -> MeanEstimate:
    r"""Return the mean with its t interval :math:`\bar x \pm t_{n-1,1-\alpha/2}\, s/\sqrt n`.

    Missing values are left out. With one value only the mean is known; with equal values (rounding
    apart) the interval has no width.

    Raises
    ------
    StatisticsError
        ``STA-202`` when no value is present.
    """
    array = finite_vector(values, "values", allow_missing=True)
    return _mean_of(array[~np.isnan(array)], alpha, "t interval of the mean")


def paired_change(
    baseline: npt.ArrayLike,
    follow_up: npt.ArrayLike,
    alpha: float = 0.05,
    *,
    wilcoxon: WilcoxonVariant = "exact",
) -> PairedChange:
    """Return the paired change ``follow_up - baseline`` among participants with both values.

    Parameters
    ----------
    baseline, follow_up
        One value per participant, same order, ``NaN`` for missing, shape ``(n,)``.
    wilcoxon
        Variant of the signed-rank test, see
        :func:`multifidus.stats.wilcoxon.wilcoxon_signed_rank`.

    Raises
    ------
    StatisticsError
        ``STA-002`` infinite, ``STA-003`` lengths differ, ``STA-202`` no complete pair.
    """
    before, after = complete_pairs(baseline, follow_up, ("baseline", "follow_up"))
    change, noise = after - before, noise_of_difference(after, before)
    mean = _mean_of(change, alpha, "paired t interval of the change", noise)
    ranks = wilcoxon_signed_rank(change, variant=wilcoxon, noise=noise)
    return PairedChange(**vars(mean), signed_rank=ranks)


def two_sample_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    alpha: float = 0.05,
    *,
    method: Literal["welch", "pooled"] = "welch",
) -> Estimate:
    """Return the difference of means, first minus second.

    Parameters
    ----------
    method
        ``"welch"``: separate variances, Satterthwaite df (Welch 1947, Biometrika 34:28-35).
        ``"pooled"``: common variance, Student's t.

    Raises
    ------
    StatisticsError
        ``STA-201`` unknown method, ``STA-203`` fewer than two values in a group.
    """
    check_alpha(alpha)
    check_choice(method, ("welch", "pooled"), "method", "STA-201")
    left, right = (
        _present(values, name) for values, name in ((first, "first"), (second, "second"))
    )
    if min(len(left), len(right)) < 2:  # noqa: PLR2004 - a variance needs two values
        raise StatisticsError("STA-203", "Each group needs at least two values for a difference.")
    value = float(left.mean() - right.mean())
    n1, n2 = len(left), len(right)
    sd1, sd2 = _sd(left), _sd(right)
    if 0 < max(sd1, sd2) < _SMALLEST_SPAN:
        raise StatisticsError("STA-002", "The values are too small to square; change the unit.")
    v1, v2 = sd1**2, sd2**2
    if method == "pooled":
        df = float(n1 + n2 - 2)
        se = np.sqrt(((n1 - 1) * v1 + (n2 - 1) * v2) / df * (1 / n1 + 1 / n2))
        name = "two-sample t, pooled variance"
    else:
        a, b = v1 / n1, v2 / n2
        se = np.sqrt(a + b)
        spread = a**2 / (n1 - 1) + b**2 / (n2 - 1)
        df = float((a + b) ** 2 / spread) if spread > 0 else float(n1 + n2 - 2)
        name = "two-sample t, Welch"
    return t_estimate("first - second", value, float(se), df, alpha=alpha, method=name)


def ancova(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    covariates_first: npt.ArrayLike,
    covariates_second: npt.ArrayLike,
    alpha: float = 0.05,
) -> Ancova:
    """Return the covariate-adjusted difference, first minus second (equal slopes).

    Parameters
    ----------
    first, second
        Outcomes of the two groups, shapes ``(n1,)`` and ``(n2,)``.
    covariates_first, covariates_second
        One covariate, shape ``(n,)``, or several, shape ``(n, k)``; for instance the baseline.
        Participants with anything missing are left out.

    Raises
    ------
    StatisticsError
        ``STA-203`` too few participants, ``STA-204`` collinear covariates.
    """
    check_alpha(alpha)
    y1, z1 = _with_covariates(first, covariates_first, "first")
    y2, z2 = _with_covariates(second, covariates_second, "second")
    if z1.shape[1] != z2.shape[1]:
        raise StatisticsError("STA-003", "Both groups need the same number of covariates.")
    y = np.concatenate([y1, y2])
    z = np.concatenate([z1, z2])
    centred = z - z.mean(axis=0)
    group = np.repeat([1.0, 0.0], [len(y1), len(y2)])
    x = np.column_stack([group, 1 - group, centred])
    df = len(y) - x.shape[1]
    if min(len(y1), len(y2)) < 1 or df < 1:
        raise StatisticsError("STA-203", "Too few participants for this analysis of covariance.")
    if np.linalg.matrix_rank(x / np.maximum(np.linalg.norm(x, axis=0), 1e-300)) < x.shape[1]:
        raise StatisticsError("STA-204", "A covariate is constant or repeats another; remove it.")
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    variance = float(((y - x @ beta) ** 2).sum()) / df
    spread = variance * np.linalg.inv(x.T @ x)
    method = "analysis of covariance, equal slopes"

    def combine(label: str, row: np.ndarray) -> Estimate:
        se = float(np.sqrt(row @ spread @ row))
        return t_estimate(label, float(row @ beta), se, df, alpha=alpha, method=method)

    rows = np.eye(x.shape[1])
    return Ancova(
        difference=combine("first - second", rows[0] - rows[1]),
        mean_first=combine("first", rows[0]),
        mean_second=combine("second", rows[1]),
        residual_sd=float(np.sqrt(variance)),
        n_first=len(y1),
        n_second=len(y2),
        method=method,
    )


def _present(values: npt.ArrayLike, name: str) -> np.ndarray:
    array = finite_vector(values, name, allow_missing=True)
    return np.asarray(array[~np.isnan(array)])


def _with_covariates(
    outcome: npt.ArrayLike, covariates: npt.ArrayLike, name: str
) -> tuple[np.ndarray, np.ndarray]:
    y = finite_vector(outcome, name, allow_missing=True)
    z = finite_table(covariates, f"covariates of {name}", allow_missing=True)
    same_length(y, z, f"`{name}` and its covariates")
    kept = ~(np.isnan(y) | np.isnan(z).any(axis=1))
    return y[kept], z[kept]


def _sd(values: np.ndarray, noise: np.ndarray | float = 0.0) -> float:
    """Return the sample SD; exactly 0 for equal values (rounding apart), ``NaN`` for one value."""
    if len(values) < 2:  # noqa: PLR2004 - a variance needs two values
        return float("nan")
    span = float(np.ptp(values))
    if np.ptp(settle(values, noise)) == 0:
        return 0.0
    if span < _SMALLEST_SPAN:  # the squares would be 0
        return span * float((values / span).std(ddof=1))
    return float(values.std(ddof=1))


def _mean_of(
    values: np.ndarray, alpha: float, method: str, noise: np.ndarray | float = 0.0
) -> MeanEstimate:
    check_alpha(alpha)
    n = len(values)
    if n == 0:
        raise StatisticsError("STA-202", "No value is present; there is no mean to estimate.")
    sd, mean = _sd(values, noise), float(values.mean())
    if n == 1:
        nan = float("nan")
        text = f"{method} (one value: no interval)"
        return MeanEstimate(1, mean, nan, nan, 0, nan, nan, nan, nan, alpha, text)
    if sd == 0.0:
        mean = float(settle(values, noise)[0])
    se = sd / float(np.sqrt(n))
    test = t_estimate("mean", mean, se, n - 1, alpha=alpha, method=method)
    width = float(stats.t.isf(alpha / 2, n - 1)) * se
    return MeanEstimate(
        n, mean, sd, se, n - 1, test.t, test.p_value, mean - width, mean + width, alpha, method
    )
