"""Data sets and answers of the engine for regression models, strata, ranks and multiplicity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from stats_oracle_data import Data, data_set

from multifidus.base.errors import StatisticsError
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.multiplicity import dunnett, holm
from multifidus.stats.regression.counts import negative_binomial
from multifidus.stats.regression.cox import cox
from multifidus.stats.regression.linear import linear_model
from multifidus.stats.regression.logistic import logistic
from multifidus.stats.stratified.differences import stratified_difference
from multifidus.stats.stratified.mantel_haenszel import mantel_haenszel
from multifidus.stats.stratified.odds_ratio import conditional_odds_ratio
from multifidus.stats.stratified.tables import StrataCounts, strata_counts
from multifidus.stats.survival import log_rank
from multifidus.stats.wilcoxon import centre_of_differences, shift_between_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.stats.mmrm.result import MmrmFit

Answer = dict[str, np.ndarray]
FITTED = ("cox", "logistic", "mmrm_empirical", "negative_binomial")
"""Methods that are fitted by iteration."""


def _alpha(data: Data) -> float:
    return float(data["alpha"][0])


def _level(rng: np.random.Generator) -> float:
    return float(rng.choice([0.05, 0.1, 0.01]))


def _frame(data: Data, *names: str) -> pd.DataFrame:
    frame = pd.DataFrame({name: data[name] for name in names})
    if "arm" in names:
        frame["arm"] = frame["arm"].map(dict(enumerate("abcd")))
    return frame


def _each(rows: object, *names: str) -> np.ndarray:
    return np.array([getattr(row, name) for name in names for row in rows])  # type: ignore[attr-defined]


def _cox(data: Data) -> Answer:
    frame = _frame(data, "time", "event", "x", "arm", "stratum")
    fit = cox(
        frame, "arm + x", time="time", event="event", alpha=_alpha(data),
        strata=["stratum"] if data["strata"][0] else [],
        ties="efron" if data["efron"][0] else "breslow",
    )  # fmt: skip
    rows = fit.coefficients
    return {
        "beta": _each(rows, "estimate"), "se": _each(rows, "se"),
        "loglik": np.array([fit.log_likelihood_null, fit.log_likelihood]),
        "score": np.array([fit.score]), "wald": np.array([fit.wald]),
        "limits": np.log(_each(rows, "ci_lower", "ci_upper")),
        "profile": np.log(_each(rows, "profile_lower", "profile_upper")),
    }  # fmt: skip


def _log_rank(data: Data) -> Answer:
    found = log_rank(data["time"], data["event"], data["group"], data["stratum"])
    return {"chisq": np.array([found.statistic]), "expected": np.array(found.expected)}


def _counts(data: Data) -> StrataCounts:
    return strata_counts(data["x1"], data["n1"], data["x2"], data["n2"])


def _mantel_haenszel(data: Data) -> Answer:
    counts, alpha = _counts(data), _alpha(data)
    found = mantel_haenszel(counts, continuity=bool(data["correct"][0]), alpha=alpha)
    exact = conditional_odds_ratio(counts, alpha=alpha)
    three = ("estimate", "ci_lower", "ci_upper")
    return {
        "chisq": np.array([found.statistic]), "odds": _each([found.odds_ratio], *three),
        "difference": _each([found.risk_difference], *three),
        "ratio": _each([found.risk_ratio], *three), "exact_p": np.array([exact.p_value]),
    }  # fmt: skip


def _stratified_difference(data: Data) -> Answer:
    counts, alpha = _counts(data), _alpha(data)
    score = stratified_difference(counts, method="miettinen_nurminen", alpha=alpha)
    hybrid = stratified_difference(counts, alpha=alpha)
    return {
        "miettinen": _each([score], "ci_lower", "ci_upper"),
        "newcombe": _each([hybrid], "ci_lower", "ci_upper"),
    }


def _conditional_odds(data: Data) -> Answer:
    found = conditional_odds_ratio(_counts(data), alpha=_alpha(data))
    return {
        "odds": _each([found], "estimate", "ci_lower", "ci_upper"),
        "p": np.array([found.p_value]),
    }


def _hodges_lehmann(data: Data) -> Answer:
    shift = shift_between_groups(data["x"], data["y"], alpha=_alpha(data))
    centre = centre_of_differences(data["x"], alpha=_alpha(data))
    three = ("estimate", "ci_lower", "ci_upper")
    return {"shift": _each([shift], *three), "centre": _each([centre], *three)}


def _ancova(data: Data) -> Answer:
    frame = _frame(data, "y", "arm", "site", "z").assign(site=data["site"].astype(int).astype(str))
    fit = linear_model(frame, "y", "arm * site + z")
    answer = {
        "beta": _each(fit.coefficients, "estimate"), "se": _each(fit.coefficients, "se"),
        "f": _each(fit.type3(), "f"),
    }  # fmt: skip
    for name, weights in (("equal", "equal"), ("share", "proportional")):
        answer[name] = _each(fit.lsmeans("arm", weights=weights).estimates, "estimate", "se")
    try:
        robust = linear_model(frame, "y", "arm * site + z", covariance="hc3")
    except StatisticsError as error:
        if error.error_id != "STA-276":  # R's answer has no HC3 either
            raise
        return answer
    return answer | {"hc3": _each(robust.coefficients, "se")}


def _logistic(data: Data) -> Answer:
    fit = logistic(_frame(data, "y", "arm", "x"), "y", "arm + x", alpha=_alpha(data))
    rows = fit.coefficients
    return {
        "beta": _each(rows, "estimate"), "se": _each(rows, "se"),
        "deviance": np.array([fit.deviance]), "null": np.array([fit.likelihood_ratio]),
        "limits": np.log(_each(rows[1:], "ci_lower", "ci_upper")),
        "profile": np.log(_each(rows[1:], "profile_lower", "profile_upper")),
    }  # fmt: skip


def _negative_binomial(data: Data) -> Answer:
    frame = _frame(data, "y", "arm", "x", "t")
    fit = negative_binomial(frame, "y", "arm + x", exposure="t")
    other = negative_binomial(frame, "y", "arm + x", exposure="t", information="expected")
    return {
        "beta": _each(fit.coefficients, "estimate"), "se": _each(fit.coefficients, "se"),
        "expected": _each(other.coefficients, "se"), "dispersion": np.array([fit.dispersion]),
        "deviance": np.array([fit.deviance]),
    }  # fmt: skip


def _mmrm_empirical(data: Data) -> Answer:
    frame = _frame(data, "id", "visit", "arm", "base", "y")
    choices = {"subject": "id", "visit": "visit", "df_method": "satterthwaite", "fallback": ()}
    answer = {}
    for kind in ("cr0", "cr2", "cr3"):
        fit = mmrm(frame, "y ~ arm * visit + base", sandwich=kind, **choices)
        # R's columns are in the same order
        answer[kind] = _each(fit.coefficients, "se")
        if kind == "cr2":
            answer["df"] = np.array([fit.coefficients[-1].df])
    apart = mmrm(frame, "y ~ arm * visit + arm * base", group="arm", **choices)
    criteria = fit.criteria
    return answer | {
        "aic": np.array([criteria.aic]), "bic": np.array([criteria.bic]),
        "group": np.array([apart.deviance + _reparametrised(apart)]),
    }  # fmt: skip


def _reparametrised(fit: MmrmFit) -> float:
    """Return what -2 REML log-likelihood gains when the columns are those of each arm alone.

    It holds the determinant of the information, which changes with the columns.
    """
    frame = fit.design.frame
    arm, visits = frame["arm"].astype(str).to_numpy(), frame["visit"].to_numpy()
    shared = [np.ones(len(arm)), *(visits == v for v in np.unique(visits)[1:]), frame["base"]]
    own = np.column_stack([np.asarray(c) * (arm == a) for a in np.unique(arm) for c in shared])
    change = np.linalg.lstsq(fit.design.x, own, rcond=None)[0]
    return 2.0 * float(np.linalg.slogdet(change)[1])


def _holm(data: Data) -> Answer:
    return {"p": holm(data["p"])}


def _dunnett(data: Data) -> Answer:
    n, mean = data["n"], data["mean"]
    spread = np.diag(1 / n[1:]) + 1 / n[0]
    found = dunnett(mean[1:] - mean[0], spread, float(n.sum() - len(n)))
    return {"p": found.p_value}


MODELS: dict[str, Callable[[Data], Answer]] = {
    "cox": _cox,
    "log_rank_strata": _log_rank,
    "mantel_haenszel": _mantel_haenszel,
    "stratified_difference": _stratified_difference,
    "conditional_odds": _conditional_odds,
    "hodges_lehmann": _hodges_lehmann,
    "ancova_factors": _ancova,
    "logistic": _logistic,
    "negative_binomial": _negative_binomial,
    "mmrm_empirical": _mmrm_empirical,
    "holm": _holm,
    "dunnett": _dunnett,
}


def make_cox(rng: np.random.Generator) -> Data:
    n = int(rng.integers(15, 60))
    x, arm = rng.normal(50, 9, n), np.arange(n) % int(rng.choice([2, 3]))
    time = rng.exponential(np.exp(0.3 * arm + 0.03 * (x - 50)) * 10)
    time = np.ceil(time / 3) if rng.random() < 0.6 else time
    return data_set(
        time=time, event=rng.random(n) < rng.choice([0.4, 0.8, 1.0]), x=x, arm=arm,
        stratum=rng.integers(1, 4, n), strata=rng.random() < 0.4, efron=rng.random() < 0.7,
        alpha=_level(rng),
    )  # fmt: skip


def make_log_rank(rng: np.random.Generator) -> Data:
    n = int(rng.integers(4, 60))
    time = rng.exponential(10, n)
    return data_set(
        time=np.ceil(time) if rng.random() < 0.6 else time,
        event=rng.random(n) < rng.choice([0.3, 0.7, 1.0]),
        group=rng.integers(1, rng.integers(3, 5), n), stratum=rng.integers(1, 5, n),
    )  # fmt: skip


def make_strata(rng: np.random.Generator) -> Data:
    k = int(rng.integers(2, 7))
    n1, n2 = rng.integers(1, rng.choice([6, 40]), (2, k))
    x1, x2 = (rng.binomial(n, rng.uniform(0, 1, k)) for n in (n1, n2))
    return data_set(x1=x1, n1=n1, x2=x2, n2=n2, correct=rng.random() < 0.5, alpha=_level(rng))


def make_table(rng: np.random.Generator) -> Data:
    n1, n2 = rng.integers(1, 60, 2)
    x1, x2 = rng.integers(0, n1 + 1), rng.integers(0, n2 + 1)
    return data_set(x1=x1, n1=n1, x2=x2, n2=n2, alpha=_level(rng))


def make_ranks(rng: np.random.Generator) -> Data:
    m, n = rng.integers(6, 40, 2)
    return data_set(x=rng.normal(0.5, 2, m), y=rng.normal(0, 3, n), alpha=_level(rng))


def make_ancova(rng: np.random.Generator) -> Data:
    n = int(rng.integers(24, 70))
    arm, site = rng.integers(0, 3, n), rng.integers(1, 4, n)
    z = rng.normal(60, 9, n)
    y = arm + 0.4 * z + rng.normal(0, 1 + arm, n)
    return data_set(y=y, arm=arm, site=site, z=z)


def make_logistic(rng: np.random.Generator) -> Data:
    n = int(rng.integers(25, 120))
    arm, x = np.arange(n) % int(rng.choice([2, 3])), rng.normal(70, 10, n)
    y = rng.random(n) < 1 / (1 + np.exp(-(0.5 * arm - 0.03 * (x - 70) + rng.normal(0, 0.7))))
    return data_set(y=y, arm=arm, x=x, alpha=_level(rng))


def make_counts(rng: np.random.Generator) -> Data:
    n = int(rng.integers(30, 120))
    arm, x, t = np.arange(n) % 2, rng.normal(0, 1, n), rng.uniform(0.3, 3, n)
    mean = t * np.exp(0.4 * arm + 0.2 * x + rng.normal(0.7, 0.5))
    shape = rng.choice([0.7, 2.0, 8.0])
    return data_set(y=rng.poisson(mean * rng.gamma(shape, 1 / shape, n)), arm=arm, x=x, t=t)


def make_complete_mmrm(rng: np.random.Generator) -> Data:
    """Return visits of participants, the first complete, so that R prints a whole covariance."""
    n, m = int(rng.integers(24, 44)), int(rng.choice([2, 3]))
    spread = rng.uniform(4, 12, m)
    base, arm = rng.normal(70, 10, n), np.arange(n) % 2
    y = rng.multivariate_normal(np.zeros(m), (0.5 + 0.5 * np.eye(m)) * np.outer(spread, spread), n)
    y += 0.4 * (base[:, None] - 70) - 3.0 * arm[:, None] * np.arange(1, m + 1)
    seen = rng.random((n, m)) > rng.choice([0.0, 0.12])
    seen[:2] = True
    rows, visits = np.nonzero(seen)
    return data_set(id=rows + 1, visit=visits + 1, arm=arm[rows], base=base[rows], y=y[seen])


def make_holm(rng: np.random.Generator) -> Data:
    return data_set(p=np.round(rng.uniform(0, 1, rng.integers(1, 9)) ** 3, rng.integers(1, 5)))


def make_dunnett(rng: np.random.Generator) -> Data:
    k = int(rng.integers(2, 6))
    return data_set(n=rng.integers(3, 20, k), mean=rng.normal(0, 0.7, k))


_ODD_STRATA = (
    data_set(x1=[0, 0], n1=[4, 5], x2=[2, 1], n2=[4, 6], correct=0),
    data_set(x1=[4, 5], n1=[4, 5], x2=[2, 1], n2=[4, 6], correct=1),
    data_set(x1=[2, 2], n1=[4, 4], x2=[2, 2], n2=[4, 4], correct=0),
    data_set(x1=[1, 0, 0], n1=[1, 1, 3], x2=[0, 1, 0], n2=[1, 1, 2], correct=0),
)
MODEL_SETS: dict[str, tuple[tuple[Data, ...], Callable[[np.random.Generator], Data]]] = {
    "cox": (
        (
            data_set(time=[1, 1, 1, 1, 2, 2, 2, 2], event=[1] * 8, x=[1, 2, 4, 3, 3, 1, 2, 5],
                arm=[0, 1] * 4, stratum=[1] * 8, strata=0, efron=1),
            data_set(time=[1, 2, 3, 4, 5, 6], event=[1, 1, 1, 1, 0, 0], x=[3, 1, 2, 5, 2, 1],
                arm=[1, 1, 1, 0, 0, 0], stratum=[1] * 6, strata=0, efron=1),
        ),
        make_cox,
    ),
    "log_rank_strata": (
        (data_set(time=[1, 2, 3, 4, 1, 2], event=[1] * 6, group=[1, 2, 1, 2, 1, 1],
            stratum=[1, 1, 1, 1, 2, 2]),),
        make_log_rank,
    ),
    "mantel_haenszel": (_ODD_STRATA, make_strata),
    "stratified_difference": (_ODD_STRATA, make_strata),
    "conditional_odds": (
        tuple(
            data_set(x1=a, n1=b, x2=c, n2=d)
            for a, b, c, d in [(0, 5, 3, 7), (5, 5, 3, 7), (1, 1, 0, 1), (0, 5, 0, 7), (3, 9, 3, 9)]
        ),
        make_table,
    ),
    "hodges_lehmann": ((data_set(x=[1, 2.5], y=[0.2, 4, 7.3]),), make_ranks),
    "ancova_factors": ((), make_ancova),
    "logistic": (
        (data_set(y=[0, 0, 0, 1, 1, 1], arm=[0, 1] * 3, x=[1, 2, 3, 4, 5, 6]),), make_logistic
    ),
    "negative_binomial": ((), make_counts),
    "mmrm_empirical": ((), make_complete_mmrm),
    "holm": ((data_set(p=[1.0, 1.0]), data_set(p=[0.0, 0.5]), data_set(p=[0.02])), make_holm),
    "dunnett": (
        (data_set(n=[2, 2], mean=[0, 1]), data_set(n=[5, 5, 5], mean=[1, 1, 1])), make_dunnett
    ),
}  # fmt: skip
