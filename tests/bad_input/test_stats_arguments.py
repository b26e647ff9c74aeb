"""Wrong arguments of the engine's functions: each is refused with one sentence and an id."""

import numpy as np
import pandas as pd
import pytest

from multifidus.base.errors import StatisticsError
from multifidus.stats.competing_risks import cumulative_incidence
from multifidus.stats.examples import trial
from multifidus.stats.imputation.analysis import add_delta
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.means import mean_interval
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.pooling import pool
from multifidus.stats.proportions import proportion
from multifidus.stats.rates import poisson_rate, rate_difference
from multifidus.stats.survival import kaplan_meier, log_rank

NAN = float("nan")
MODEL = "change ~ arm * visit + baseline"


def fit(data, formula=MODEL, **options):
    return mmrm(data, formula, subject="id", visit="visit", **options)


TABLE = np.arange(24.0).reshape(12, 2) ** 1.5 % 7
DRAWN = impute(TABLE, imputations=2, seed=1)
WRONG = {
    "per 0": lambda: poisson_rate(3, 10.0, per=0),
    "per negative": lambda: poisson_rate(3, 10.0, per=-100),
    "per NaN": lambda: rate_difference(3, 10.0, 2, 9.0, per=NAN),
    "aliased misspelt": lambda: fit(trial(), aliased="ignore"),
    "fallback misspelt": lambda: fit(trial(), fallback=("unstructred",)),
    "fallback as text": lambda: fit(trial(), fallback="ar1"),
    "reml as text": lambda: fit(trial(), reml="no"),
    "LS means at a list": lambda: fit(trial()).lsmeans("arm", at={"baseline": [60, 80]}),
    "LS means at NaN": lambda: fit(trial()).lsmeans("arm", at={"baseline": NAN}),
    "LS means at text": lambda: fit(trial()).lsmeans("arm", at={"baseline": "low"}),
    "factor at a list": lambda: fit(trial()).lsmeans("arm", at={"visit": ["v0", "v1"]}),
    "contrast of NaN": lambda: fit(trial()).contrast([NAN] * 9),
    "contrast of means, wrong length": lambda: fit(trial()).lsmeans("arm").contrast([1, -1, 0]),
    "contrast of text": lambda: fit(trial()).lsmeans("arm").contrast(["a", "b"]),
    "F test of NaN": lambda: fit(trial()).f_test(np.full((2, 9), NAN)),
    "text covariates": lambda: impute(TABLE, list("abcdefghijkl"), imputations=2, seed=1),
    "text outcomes": lambda: impute([["a", "b"]] * 5, imputations=2, seed=1),
    "text numbers as outcomes": lambda: impute([["1", "2"]] * 5, imputations=2, seed=1),
    "an arm that is None": lambda: impute(
        TABLE, imputations=2, seed=1, arm=[*"ab" * 5, "a", None]
    ),
    "seed -1": lambda: impute(TABLE, imputations=2, seed=-1),
    "imputations 5.0": lambda: impute(TABLE, imputations=5.0, seed=1),
    "rows of wrong length": lambda: add_delta(DRAWN, 1.0, [True, False]),
    "shift per visit, wrong length": lambda: add_delta(DRAWN, [1.0, 2.0, 3.0]),
    "shift NaN": lambda: add_delta(DRAWN, NAN),
    "counts as text": lambda: proportion("3", "10"),
    "count true": lambda: proportion(True, 10),
    "numbers as text": lambda: mean_interval(["1", "2"]),
    "dates": lambda: mean_interval(np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]")),
    "truth as numbers": lambda: mean_interval([True, False, True]),
    "numbers too large to square": lambda: mean_interval([1e200, 2e200]),
    "alpha as text": lambda: proportion(3, 10, alpha="0.05"),
    "alpha too small for a beta quantile": lambda: proportion(
        1, 5, method="clopper_pearson", alpha=1e-300
    ),
    "alpha NaN": lambda: proportion(3, 10, alpha=NAN),
    "kind of event 1.5": lambda: cumulative_incidence([1, 2], [1, 0], of=1.5),
    "event missing": lambda: kaplan_meier([1, 2], [1, NAN]),
    "df as text": lambda: pool([1, 2], [1, 1], df_complete="many"),
    "group of wrong length": lambda: log_rank([1, 2, 3], [1, 1, 1], ["a", "b"]),
    "formula that is no text": lambda: fit(trial(), None),
    "one column for participant and visit": lambda: mmrm(
        trial(), MODEL, subject="id", visit="id"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_refused_with_one_sentence(name):
    with pytest.raises(StatisticsError) as caught:
        WRONG[name]()
    assert "\n" not in caught.value.message
    assert caught.value.message.endswith(".")


def test_masked_and_nullable_numbers_are_missing_values():
    masked = np.ma.masked_array([1.0, 2.0, 99.0], mask=[False, False, True])
    nullable = pd.array([1.0, 2.0, None], dtype="Float64")
    assert mean_interval(masked).n == mean_interval(nullable).n == 2
