"""The engine against R run on the same data: nlme, emmeans, survival, mice and base R.

Needs ``Rscript`` with the packages nlme, emmeans, survival and mice (Debian: r-cran-*). Without
them the tests are skipped, visibly.
"""

import json
import shutil
import subprocess

import numpy as np
import pytest

from multifidus.stats.competing_risks import cumulative_incidence
from multifidus.stats.examples import growth, trial
from multifidus.stats.imputation.analysis import regress_imputations
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.means import paired_change, two_sample_difference
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.pooling import pool
from multifidus.stats.survival import kaplan_meier, log_rank
from multifidus.stats.wilcoxon import wilcoxon_signed_rank

PACKAGES = ("nlme", "emmeans", "survival", "mice")
SCRIPT = r"""
suppressMessages({library(nlme); library(emmeans); library(survival)})
options(digits = 17)
folder <- commandArgs(TRUE)[1]
out <- character()
put <- function(name, x) out[[length(out) + 1]] <<- sprintf('"%s": [%s]', name,
  paste(ifelse(is.finite(x), format(x, digits = 17, trim = TRUE), "null"), collapse = ", "))
d <- read.csv(file.path(folder, "trial.csv"), stringsAsFactors = TRUE)
all_visits <- d
d <- d[!is.na(d$change), ]; d$place <- as.integer(d$visit)
control <- glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 500,
  opt = "optim")
fit <- function(method, cor, hetero = TRUE) gls(change ~ arm * visit + baseline:visit, d,
  correlation = cor, weights = if (hetero) varIdent(form = ~ 1 | visit), method = method,
  control = control)
un <- corSymm(form = ~ place | id)
for (method in c("REML", "ML")) {
  g <- fit(method, un)
  put(paste0(method, "_deviance"), -2 * as.numeric(logLik(g)))
  put(paste0(method, "_beta"), coef(g))
  # summary.gls multiplies the variance by n/(n - p) under ML only
  scale <- if (method == "ML") sqrt((nrow(d) - length(coef(g))) / nrow(d)) else 1
  put(paste0(method, "_se"), sqrt(diag(vcov(g))) * scale)
}
# emmeans counts rows for proportional weights only where gls has no variance weights
even <- gls(change ~ arm * visit + baseline:visit, d, correlation = corAR1(form = ~ place | id),
  control = control)
put("means_equal", as.data.frame(emmeans(fit("REML", un), ~ visit, mode = "asymp"))$emmean)
put("means_proportional", suppressMessages(as.data.frame(emmeans(even, ~ visit,
  weights = "proportional", mode = "asymp")))$emmean)
put("ar1h", -2 * as.numeric(logLik(fit("REML", corAR1(form = ~ place | id)))))
put("ar1", -2 * as.numeric(logLik(fit("REML", corAR1(form = ~ place | id), FALSE))))
put("csh", -2 * as.numeric(logLik(fit("REML", corCompSymm(form = ~ 1 | id)))))
put("cs", -2 * as.numeric(logLik(fit("REML", corCompSymm(form = ~ 1 | id), FALSE))))
put("orthodont", Orthodont$distance)
x <- read.csv(file.path(folder, "pairs.csv"))
t1 <- t.test(x$after, x$before, paired = TRUE)
put("paired", c(t1$estimate, t1$conf.int, t1$p.value))
t2 <- t.test(x$after, x$before)
put("welch", c(t2$conf.int, t2$p.value, t2$parameter))
put("wilcoxon_exact", wilcox.test(x$after, x$before, paired = TRUE, exact = TRUE)$p.value)
put("wilcoxon_normal", wilcox.test(round(x$after - x$before), exact = FALSE)$p.value)
s <- read.csv(file.path(folder, "times.csv"))
for (type in c("log-log", "log", "plain")) {
  k <- survfit(Surv(time, cause == 1) ~ 1, s, conf.type = type)
  put(paste0("km_lower_", type), k$lower); put(paste0("km_upper_", type), k$upper)
}
put("km", k$surv); put("km_se", k$std.err * k$surv)
q <- quantile(survfit(Surv(time, cause == 1) ~ 1, s, conf.type = "log-log"), c(.25, .5, .75))
put("km_quantiles", q$quantile)
a <- survfit(Surv(time, factor(cause)) ~ 1, s)
put("cif", a$pstate[, 2]); put("cif_se", a$std.err[, 2])
put("log_rank", survdiff(Surv(time, cause == 1) ~ group, s)$chisq)
pooled <- mice::pool.scalar(x$before, (x$after / 10)^2, n = 30, k = 2)
put("mice", c(pooled$qbar, pooled$t, pooled$r, pooled$df, pooled$fmi))
cat("{", paste(unlist(out), collapse = ",\n"), "}")
"""


def _missing_packages() -> str:
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    check = "for (p in commandArgs(TRUE)) if (!requireNamespace(p, quietly = TRUE)) cat(p, '')"
    found = subprocess.run(
        ["Rscript", "-e", check, *PACKAGES], capture_output=True, text=True, check=False
    )
    return f"R lacks {found.stdout.strip()}" if found.stdout.strip() else ""


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    before = rng.normal(70, 12, 25)
    pairs = {"before": before, "after": before - rng.normal(6, 10, 25)}
    times = {
        "time": np.ceil(rng.exponential(12, 80)),
        "cause": rng.integers(0, 3, 80),
        "group": rng.integers(0, 2, 80),
    }
    return {"trial": trial(90, 5, seed=8), "pairs": pairs, "times": times}


@pytest.fixture(scope="module")
def r(tmp_path_factory, data):
    reason = _missing_packages()
    if reason:
        pytest.skip(f"cross-check against R left out: {reason}")
    import pandas as pd

    folder = tmp_path_factory.mktemp("r")
    for name, frame in data.items():
        pd.DataFrame(frame).to_csv(folder / f"{name}.csv", index=False)
    script = folder / "check.R"
    script.write_text(SCRIPT, encoding="utf-8")
    run = subprocess.run(
        ["Rscript", str(script), str(folder)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    return {
        key: np.array([np.nan if v is None else v for v in value]) for key, value in answers.items()
    }


MODEL = "change ~ arm * visit + baseline:visit"
KEYS = {"subject": "id", "visit": "visit"}


@pytest.mark.parametrize("reml", [True, False])
def test_unstructured_equals_nlme_gls(r, data, reml):
    fit = mmrm(data["trial"], MODEL, reml=reml, df_method="satterthwaite", **KEYS)
    name = "REML" if reml else "ML"
    assert fit.deviance <= r[f"{name}_deviance"][0] + 1e-5
    assert fit.deviance == pytest.approx(r[f"{name}_deviance"][0], abs=1e-5)
    assert [c.estimate for c in fit.coefficients] == pytest.approx(r[f"{name}_beta"], abs=1e-5)
    assert [c.se for c in fit.coefficients] == pytest.approx(r[f"{name}_se"], abs=1e-5)


@pytest.mark.parametrize(
    ("weights", "covariance"), [("equal", "unstructured"), ("proportional", "ar1")]
)
def test_least_squares_means_equal_emmeans(r, data, weights, covariance):
    fit = mmrm(data["trial"], MODEL, covariance=covariance, **KEYS)
    means = [e.estimate for e in fit.lsmeans("visit", weights=weights).estimates]
    assert means == pytest.approx(r[f"means_{weights}"], abs=1e-5)


@pytest.mark.parametrize(
    ("name", "covariance"),
    [
        ("ar1h", "heterogeneous_ar1"),
        ("ar1", "ar1"),
        ("csh", "heterogeneous_compound_symmetry"),
        ("cs", "compound_symmetry"),
    ],
)
def test_structures_equal_nlme_gls(r, data, name, covariance):
    fit = mmrm(data["trial"], MODEL, covariance=covariance, fallback=(), **KEYS)
    assert fit.deviance == pytest.approx(r[name][0], abs=1e-5)


def test_growth_data_equal_nlmes_copy(r):
    assert np.sort(growth().distance) == pytest.approx(np.sort(r["orthodont"]), abs=0)


def test_small_tests_equal_base_r(r, data):
    before, after = data["pairs"]["before"], data["pairs"]["after"]
    paired = paired_change(before, after)
    found = [paired.mean, paired.ci_lower, paired.ci_upper, paired.p_value]
    assert found == pytest.approx(r["paired"], abs=1e-8)
    welch = two_sample_difference(after, before)
    found = [welch.ci_lower, welch.ci_upper, welch.p_value, welch.df]
    assert found == pytest.approx(r["welch"], abs=1e-8)
    exact = wilcoxon_signed_rank(after - before)
    assert exact.p_value == pytest.approx(r["wilcoxon_exact"][0], abs=1e-8)
    normal = wilcoxon_signed_rank(np.round(after - before), variant="normal_corrected")
    assert normal.p_value == pytest.approx(r["wilcoxon_normal"][0], abs=1e-8)


def test_survival_equals_r_survival(r, data):
    time, cause = data["times"]["time"], data["times"]["cause"]
    for scale in ("log_log", "log", "plain"):
        curve = kaplan_meier(time, cause == 1, limits=scale)
        name = scale.replace("_", "-")
        inside = curve.events.cumsum() > 0  # R prints NaN limits before the first event
        inside &= curve.survival > 0
        assert curve.ci_lower[inside] == pytest.approx(r[f"km_lower_{name}"][inside], abs=1e-8)
        assert curve.ci_upper[inside] == pytest.approx(r[f"km_upper_{name}"][inside], abs=1e-8)
    assert curve.survival == pytest.approx(r["km"], abs=1e-8)
    assert curve.se[inside] == pytest.approx(r["km_se"][inside], abs=1e-8)
    quantiles = [kaplan_meier(time, cause == 1).quantile(p, rule="r") for p in (0.25, 0.5, 0.75)]
    assert [q.estimate for q in quantiles] == pytest.approx(r["km_quantiles"], nan_ok=True)
    incidence = cumulative_incidence(time, cause)
    assert incidence.incidence == pytest.approx(r["cif"], abs=1e-8)
    assert incidence.se == pytest.approx(r["cif_se"], abs=1e-8)
    test = log_rank(time, cause == 1, data["times"]["group"])
    assert test.statistic == pytest.approx(r["log_rank"][0], abs=1e-8)


def test_pooling_equals_mice(r, data):
    """mice::pool.scalar with n = 30 and k = 2 has complete-data df n - k = 28."""
    estimates = data["pairs"]["before"]
    variances = (data["pairs"]["after"] / 10) ** 2
    found = pool(estimates, variances, df_complete=28)
    answer = [found.estimate, found.total, found.relative_increase, found.df]
    assert answer == pytest.approx(r["mice"][:4], rel=1e-12)
    assert found.missing_information == pytest.approx(r["mice"][4], rel=1e-12)


def test_imputation_agrees_with_the_mixed_model(data):
    """Under MAR and one common mean structure, MI and the likelihood target the same difference.

    The Monte Carlo error of 1,000 imputations is sqrt(B/1000); five of it is the margin.
    """
    frame = data["trial"]
    wide = frame.pivot_table(index="id", columns="visit", values="change", dropna=False)
    first = frame.groupby("id").first()
    treated = (first.arm == "treatment").to_numpy()
    base = first.baseline.to_numpy()
    drawn = impute(wide.to_numpy(), base, imputations=1000, seed=4, arm=treated, thin=5)
    design = np.column_stack([np.ones(len(base)), treated, base])
    estimates, variances, df = regress_imputations(drawn.completed[:, :, -1], design, [0, 1, 0])
    pooled = pool(estimates, variances, df_complete=df)
    fit = mmrm(frame, MODEL, **KEYS)
    difference = fit.lsmeans(["arm", "visit"]).differences("arm", "control")[-1]
    margin = 5 * np.sqrt(pooled.between / 1000)
    # the two differ further by the prior on the covariance, of order 1/n of the standard error
    assert abs(pooled.estimate - difference.estimate) < margin + 0.1 * difference.se
    assert pooled.se == pytest.approx(difference.se, rel=0.1)
