"""Random and degenerate data sets, and the answers of the engine and of R to each.

R is started once: all data sets go into one file, one script reads it and writes one file.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pandas as pd
from stats_oracle_data import SETS, Data
from stats_oracle_models import FITTED, MODEL_SETS, MODELS

from multifidus.base.errors import StatisticsError
from multifidus.stats.association import linear_slope, spearman
from multifidus.stats.competing_risks import cumulative_incidence
from multifidus.stats.means import (
    ancova,
    mean_interval,
    paired_change,
    summarise,
    two_sample_difference,
)
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.paired_proportions import mcnemar, paired_proportion_difference
from multifidus.stats.pooling import pool
from multifidus.stats.proportions import proportion, proportion_difference, two_proportion_test
from multifidus.stats.rates import poisson_rate, rate_difference, rate_ratio
from multifidus.stats.survival import kaplan_meier, log_rank
from multifidus.stats.wilcoxon import wilcoxon_signed_rank

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = dict[str, np.ndarray]
SCRIPT = Path(__file__).with_name("stats_oracle.R")
PACKAGES = ("survival", "nlme", "emmeans", "mice", "numDeriv")
SCALES = {"log-log": "log_log", "log": "log", "plain": "plain"}


@dataclass(frozen=True)
class Method:
    """How data sets of one method are made, what the engine answers, and how near R must be.

    The first data sets are the degenerate ones, written out; ``make`` draws the others.
    """

    special: tuple[Data, ...]
    make: Callable[[np.random.Generator], Data]
    ours: Callable[[Data], Answer]
    tolerance: float = 1e-8


def _limits(found: object) -> list[float]:
    return [found.ci_lower, found.ci_upper]  # type: ignore[attr-defined]


def _one(data: Data, *names: str) -> list[int]:
    return [int(data[name][0]) for name in names]


def _mean(data: Data) -> Answer:
    a, x = float(data["alpha"][0]), data["x"]
    found, quartiles = (
        mean_interval(x, a),
        {r: summarise(x, quantile_rule=r) for r in ("sas5", "r7")},
    )
    return {
        "t": np.array([found.mean, *_limits(found), found.p_value]), "sd": np.array([found.sd]),
        **{r: np.array([q.q1, q.median, q.q3]) for r, q in quartiles.items()},
    }  # fmt: skip


def _paired(data: Data) -> Answer:
    found = paired_change(data["before"], data["after"], float(data["alpha"][0]))
    return {"t": np.array([found.mean, *_limits(found), found.p_value])}


def _two_sample(data: Data) -> Answer:
    a = float(data["alpha"][0])
    w, p = (two_sample_difference(data["x"], data["y"], a, method=m) for m in ("welch", "pooled"))
    return {
        "welch": np.array([*_limits(w), w.p_value, w.df]),
        "pooled": np.array([*_limits(p), p.p_value]),
    }


def _wilcoxon(data: Data) -> Answer:
    names = {"exact": "exact", "normal": "normal", "corrected": "normal_corrected"}
    return {
        k: np.array([wilcoxon_signed_rank(data["x"], variant=v).p_value]) for k, v in names.items()
    }


def _ancova(data: Data) -> Answer:
    first, z = data["g"] == 1, np.column_stack([data["z1"], data["z2"]])
    found = ancova(
        data["y"][first], data["y"][~first], z[first], z[~first], float(data["alpha"][0])
    )
    gap = found.difference
    return {
        "difference": np.array([gap.estimate, *_limits(gap), gap.p_value]),
        "sigma": np.array([found.residual_sd]),
    }


def _proportion(data: Data) -> Answer:
    x, n = _one(data, "x", "n")
    names = ("wilson", "clopper_pearson", "agresti_coull", "wald", "jeffreys")
    a = float(data["alpha"][0])
    return {name: np.array(_limits(proportion(x, n, method=name, alpha=a))) for name in names}


def _difference(data: Data) -> Answer:
    counts, a = _one(data, "x1", "n1", "x2", "n2"), float(data["alpha"][0])
    names = ("newcombe", "miettinen_nurminen", "mee", "wald")
    return {
        name: np.array(_limits(proportion_difference(*counts, method=name, alpha=a)))
        for name in names
    }


def _two_proportions(data: Data) -> Answer:
    counts = _one(data, "x1", "n1", "x2", "n2")
    names = ("fisher", "chi_square", "chi_square_corrected")
    return {name: np.array([two_proportion_test(*counts, method=name).p_value]) for name in names}


def _mcnemar(data: Data) -> Answer:
    found = mcnemar(*_one(data, "b", "c"))
    return {
        "p": np.array([found.p_value]), "exact": np.array([found.p_exact]),
        "mid": np.array([found.p_mid]),
    }  # fmt: skip


def _paired_difference(data: Data) -> Answer:
    cells, a = _one(data, "a", "b", "c", "e"), float(data["alpha"][0])
    return {
        name: np.array(_limits(paired_proportion_difference(*cells, method=name, alpha=a)))
        for name in ("tango", "newcombe")
    }


def _rate(data: Data) -> Answer:
    x, t, a = int(data["x"][0]), float(data["t"][0]), float(data["alpha"][0])
    g, b = (poisson_rate(x, t, per=1.0, method=m, alpha=a) for m in ("garwood", "byar"))
    return {"garwood": np.array([g.rate, *_limits(g)]), "byar": np.array(_limits(b))}


def _rates(data: Data) -> Answer:
    x1, x2 = _one(data, "x1", "x2")
    t1, t2, a = (float(data[name][0]) for name in ("t1", "t2", "alpha"))
    answer = {"difference": np.array(_limits(rate_difference(x1, t1, x2, t2, per=1.0, alpha=a)))}
    if x1 + x2:
        ratio = rate_ratio(x1, t1, x2, t2, alpha=a)
        answer["ratio"] = np.array([*_limits(ratio), ratio.p_value])
    return answer


def _survival(data: Data) -> Answer:
    time, event, a = data["time"], data["event"], float(data["alpha"][0])
    answer: Answer = {}
    for name, scale in SCALES.items():
        curve = kaplan_meier(time, event, limits=scale, alpha=a)
        quantiles = [curve.quantile(p, rule="r") for p in (0.25, 0.5, 0.75)]
        answer |= {f"lower_{name}": curve.ci_lower, f"upper_{name}": curve.ci_upper}
        answer["quantiles"] = np.array([q.estimate for q in quantiles])
        answer[f"quantiles_lower_{name}"] = np.array([q.ci_lower for q in quantiles])
        answer[f"quantiles_upper_{name}"] = np.array([q.ci_upper for q in quantiles])
    answer |= {"surv": curve.survival, "se": curve.se}
    answer["restricted"] = np.array(curve.restricted_mean(float(data["horizon"][0])))
    return answer


def _log_rank(data: Data) -> Answer:
    found = log_rank(data["time"], data["event"], data["group"])
    return {
        "chisq": np.array([found.statistic]), "df": np.array([float(found.df)]),
        "expected": np.array(found.expected),
    }  # fmt: skip


def _incidence(data: Data) -> Answer:
    answer: Answer = {}
    for name, scale in SCALES.items():
        found = cumulative_incidence(
            data["time"], data["cause"], limits=scale, alpha=float(data["alpha"][0])
        )
        answer |= {f"lower_{name}": found.ci_lower, f"upper_{name}": found.ci_upper}
    return answer | {"incidence": found.incidence, "se": found.se}


def _association(data: Data) -> Answer:
    a = float(data["alpha"][0])
    r, slope = spearman(data["x"], data["y"], a), linear_slope(data["x"], data["y"], a)
    return {
        "spearman": np.array([r.estimate, *_limits(r)]), "p": np.array([r.p_value]),
        "slope": np.array([slope.estimate, *_limits(slope)]),
    }  # fmt: skip


def _pool(data: Data) -> Answer:
    a, complete = float(data["alpha"][0]), float(data["complete"][0])
    found = pool(data["q"], data["u"], df_complete=complete, alpha=a)
    return {
        "total": np.array([found.estimate, found.total, found.relative_increase, found.total]),
        "df": np.array([found.df, found.missing_information, *_limits(found)]),
    }


def _mmrm(data: Data) -> Answer:
    frame = pd.DataFrame({k: data[k] for k in ("id", "visit", "arm", "base", "y")})
    frame["arm"] = frame["arm"].map({0.0: "a", 1.0: "b"})
    single = len(set(data["visit"])) == 1
    fit = mmrm(
        frame, "y ~ arm + base" if single else "y ~ arm * visit + base", subject="id",
        visit="visit", df_method="satterthwaite", fallback=(),
    )  # fmt: skip
    gaps = fit.lsmeans(["arm"] if single else ["arm", "visit"]).differences("arm", "a")
    # nlme lists the columns in the same order, visits' main effects before the covariate
    order = [name for name, _ in fit.design.terms]
    assert order == (["1", "arm", "base"] if single else ["1", "arm", "visit", "base", "arm:visit"])
    return {
        "deviance": np.array([fit.deviance]),
        "beta": np.array([c.estimate for c in fit.coefficients]),
        "se": np.array([c.se for c in fit.coefficients]),
        "gap": np.array([g.estimate for g in gaps]), "gap_se": np.array([g.se for g in gaps]),
    }  # fmt: skip


_OURS = {
    "mean": _mean,
    "paired": _paired,
    "two_sample": _two_sample,
    "wilcoxon": _wilcoxon,
    "ancova": _ancova,
    "proportion": _proportion,
    "difference": _difference,
    "two_proportions": _two_proportions,
    "mcnemar": _mcnemar,
    "paired_difference": _paired_difference,
    "rate": _rate,
    "rates": _rates,
    "survival": _survival,
    "log_rank": _log_rank,
    "incidence": _incidence,
    "association": _association,
    "pool": _pool,
    "mmrm": _mmrm,
}
_FITTED = {"mmrm", *FITTED}
METHODS = {
    name: Method(*{**SETS, **MODEL_SETS}[name], ours, 1e-5 if name in _FITTED else 1e-8)
    for name, ours in {**_OURS, **MODELS}.items()
}


@functools.cache
def data_sets(method: str, count: int) -> tuple[Data, ...]:
    """Return the data sets of a method: the degenerate ones, then random ones from fixed seeds."""
    own = METHODS[method]
    number = crc32(method.encode())
    drawn = (own.make(np.random.default_rng([number, k])) for k in range(count - len(own.special)))
    return (*own.special, *drawn)


def missing_from_r() -> str:
    """Return what R lacks for the comparison, or nothing."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    check = "for (p in commandArgs(TRUE)) if (!requireNamespace(p, quietly = TRUE)) cat(p, '')"
    found = subprocess.run(
        ["Rscript", "-e", check, *PACKAGES], capture_output=True, text=True, check=False
    )
    return f"R lacks {found.stdout.strip()}" if found.stdout.strip() else ""


def ask_r(counts: dict[str, int], folder: Path) -> dict[str, list[Answer | None]]:
    """Return R's answer to each data set of each method; ``None`` where R refuses it."""
    source, target = folder / "data.txt", folder / "answers.txt"
    lines = []
    for method, count in counts.items():
        for number, data in enumerate(data_sets(method, count)):
            body = ";".join(f"{k}={','.join(repr(float(x)) for x in v)}" for k, v in data.items())
            lines.append(f"{method}|{number}|{body}\n")
    source.write_text("".join(lines), encoding="ascii")
    subprocess.run(
        ["Rscript", str(SCRIPT), str(source), str(target)], check=True, capture_output=True
    )
    answers: dict[str, list[Answer | None]] = {method: [] for method in counts}
    for line in target.read_text(encoding="ascii").splitlines():
        method, _, body = line.split("|")
        answers[method].append(None if body == "error" else _parsed(body))
    return answers


def _parsed(body: str) -> Answer:
    pairs = (part.split("=") for part in body.split(";"))
    return {
        name: np.array([np.nan if x == "NA" else float(x) for x in text.split(",")])
        for name, text in pairs
    }


def difference(method: str, data: Data, theirs: Answer | None) -> tuple[float | None, str]:
    """Return the largest difference between the engine and R, and where it is.

    Relative to the value where it is above 1; infinite where only one of the two has a value;
    ``None`` where R refuses the data.
    """
    if theirs is None:
        return None, ""
    try:
        ours = METHODS[method].ours(data)
    except StatisticsError as error:
        return float("inf"), str(error)
    worst, where = 0.0, ""
    for name, expected in theirs.items():
        found = np.asarray(ours[name], dtype=float)
        if found.shape != expected.shape or (np.isnan(found) != np.isnan(expected)).any():
            return float("inf"), f"{name}: {found} against {expected}"
        with np.errstate(invalid="ignore"):
            gap = np.abs(found - expected) / np.maximum(np.abs(expected), 1.0)
        gap = np.where((found == expected) | np.isnan(found), 0.0, gap)
        if gap.size and gap.max() > worst:
            worst, where = float(gap.max()), f"{name}: {found} against {expected}"
    return worst, where
