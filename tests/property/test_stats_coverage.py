"""Nominal coverage of multiple imputation, in a simulation small enough for every run.

The full simulation is ``benchmarks/coverage_stats.py``; its result is shipped in
``docs/methods/imputation_coverage.md`` and its figures are held to their nominal value here.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from multifidus.stats.imputation.analysis import regress_imputations
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.pooling import pool

PAGE = Path(__file__).parents[2] / "docs" / "methods" / "imputation_coverage.md"


def _held(seed):
    """Return whether the pooled limits hold the true mean -1 of the last visit, by method."""
    rng = np.random.default_rng(seed)
    table = rng.multivariate_normal([0.0, 0.0, -1.0], 0.3 * np.eye(3) + 0.7, 60)
    here = np.ones(60, dtype=bool)
    for visit in (1, 2):
        here &= rng.random(60) > 1 / (1 + np.exp(1.5 - 1.5 * table[:, visit - 1]))
        table[~here, visit] = np.nan
    drawn = impute(table, imputations=20, seed=seed)
    ones = np.ones((60, 1))
    estimates, variances, df = regress_imputations(drawn.completed[:, :, 2], ones, [1.0])
    pooled = pool(estimates, variances, df_complete=df)
    seen = table[here, 2]
    width = stats.t.isf(0.025, len(seen) - 1) * seen.std(ddof=1) / np.sqrt(len(seen))
    return pooled.ci_lower <= -1.0 <= pooled.ci_upper, abs(seen.mean() + 1.0) <= width


def test_monotone_imputation_holds_the_truth_where_completers_do_not():
    """400 data sets: a method with 95 % coverage holds 362 to 395 of them in all but 1 of 1,000."""
    low, high = stats.binom.ppf([0.0005, 0.9995], 400, 0.95)
    imputed, completers = np.sum([_held(seed) for seed in range(400)], axis=0)
    assert low <= imputed <= high
    assert completers < low


@pytest.mark.parametrize("method", ["monotone MI", "MI with gaps", "mixed model"])
def test_shipped_simulation_has_nominal_coverage(method):
    text = PAGE.read_text(encoding="utf-8")
    datasets = int(re.search(r"([\d,]+) simulated trials", text).group(1).replace(",", ""))
    assert datasets >= 1000
    row = next(line for line in text.splitlines() if line.startswith(f"| {method} "))
    coverage = float(row.split("|")[-2].strip().rstrip("%")) / 100
    low, high = stats.binom.ppf([0.005, 0.995], datasets, 0.95) / datasets
    assert low <= coverage <= high
