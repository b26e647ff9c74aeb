"""``multifidus stats``: the commands of regression, strata, ranks, multiplicity and imputation.

Each must print what its function gives for the same data, or what can be had by hand.
"""

import io

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from multifidus.base.errors import StatisticsError
from multifidus.stats.command.cli import app
from multifidus.stats.regression.cox import cox
from multifidus.stats.regression.linear import linear_model


def run(command, source, *options):
    result = CliRunner().invoke(app, [command, str(source), *options])
    if isinstance(result.exception, StatisticsError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A trial of 60, whose ids are 01, 02 ... and one of whose sites is called NA."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "id": [f"{k:02d}" for k in range(60)], "arm": ["a", "b", "c"] * 20,
            "site": ["NA", "NA", "x", "x"] * 15, "age": np.round(rng.normal(50, 9, 60), 1),
            "days": rng.integers(1, 30, 60), "event": rng.integers(0, 2, 60),
            "y": np.round(rng.normal(0, 3, 60), 2), "later": np.round(rng.normal(1, 3, 60), 2),
            "count": rng.poisson(2, 60), "years": np.round(rng.uniform(0.5, 2, 60), 2),
        }
    )  # fmt: skip
    path = tmp_path_factory.mktemp("people") / "people.csv"
    frame.to_csv(path, index=False)
    return path, frame


def test_cox_and_log_rank(people):
    path, frame = people
    names = ("--time", "days", "--event", "event")
    own = cox(frame, "arm + age", time="days", event="event", strata=["site"])
    found = run("cox", path, *names, "--terms", "arm + age", "--strata", "site")
    assert found.profile_upper.to_numpy() == pytest.approx(
        [row.profile_upper for row in own.coefficients]
    )
    whole = run("cox", path, *names, "--terms", "arm", "--table", "fit", "--ties", "breslow")
    assert (whole.participants[0], whole.strata[0]) == (60, 1)
    ranks = run("log-rank", path, *names, "--group", "arm", "--strata", "site")
    assert ranks.observed.sum() == pytest.approx(ranks.expected.sum())
    assert "stratified" in ranks.method[0]


def test_ancova(people):
    path, frame = people
    fit = linear_model(frame, "y", "arm + site + age", reference={"arm": "b"})
    common = ("--outcome", "y", "--terms", "arm + site + age", "--reference", "arm=b")
    table = run("ancova", path, *common)
    assert table.estimate.to_numpy() == pytest.approx([c.estimate for c in fit.coefficients])
    gaps = run(
        "ancova", path, *common, "--by", "arm", "--table", "differences", "--adjust", "dunnett"
    )
    assert list(gaps.label) == ["a - b", "c - b"]
    assert (gaps.p_adjusted >= gaps.p_value).all()
    holm = run("ancova", path, *common, "--by", "arm", "--table", "differences", "--adjust", "holm")
    smallest, largest = sorted(gaps.p_value)
    assert sorted(holm.p_adjusted) == pytest.approx(
        [min(2 * smallest, 1), min(max(2 * smallest, largest), 1)]
    )
    means = run("ancova", path, *common, "--by", "site", "--table", "lsmeans", "--weights",
                "proportional", "--covariance", "hc3")  # fmt: skip
    assert len(means) == 2
    assert len(run("ancova", path, *common, "--table", "type3")) == 3
    with pytest.raises(StatisticsError, match="--by"):
        run("ancova", path, *common, "--table", "lsmeans")


def test_regressions_of_responses_and_counts(people):
    path, frame = people
    odds = run("logistic", path, "--outcome", "event", "--terms", "site")
    table = pd.crosstab(frame.site, frame.event)
    by_hand = table.loc["x", 1] / table.loc["x", 0] / (table.loc["NA", 1] / table.loc["NA", 0])
    assert odds.ratio[1] == pytest.approx(by_hand)
    rates = run("negative-binomial", path, "--outcome", "count", "--terms", "site",
                "--exposure", "years", "--information", "expected")  # fmt: skip
    assert rates.label.tolist() == ["Intercept", "site[T.x]"]


def test_compared_proportions_are_those_of_the_first_group(people):
    path, frame = people
    two = frame[frame.arm != "c"]
    source = path.parent / "two.csv"
    two.to_csv(source, index=False)
    found = run(
        "compare-proportions", source, "--response", "event", "--group", "arm", "--first", "b"
    )
    share = two.groupby("arm")["event"].mean()
    assert found.estimate[:3].to_numpy() == pytest.approx([share["b"] - share["a"]] * 3)
    assert found.measure.tolist().count("odds ratio") == 2
    assert found.p_value.notna().sum() == 3
    with pytest.raises(StatisticsError, match="two groups"):
        run("compare-proportions", path, "--response", "event", "--group", "arm", "--first", "b")


def test_hodges_lehmann_and_adjusted_p(people, tmp_path):
    path, frame = people
    paired = run("hodges-lehmann", path, "--value", "later", "--baseline", "y")
    change = (frame.later - frame.y).to_numpy()
    walsh = [(a + b) / 2 for k, a in enumerate(change) for b in change[k:]]
    assert paired.estimate[0] == pytest.approx(np.median(walsh))
    groups = run("hodges-lehmann", path, "--value", "y", "--group", "site", "--first", "NA")
    pairs = np.subtract.outer(frame.y[frame.site == "NA"].array, frame.y[frame.site == "x"].array)
    assert groups.estimate[0] == pytest.approx(np.median(pairs))
    with pytest.raises(StatisticsError, match="exactly one"):
        run("hodges-lehmann", path, "--value", "y")
    source = tmp_path / "p.csv"
    source.write_text("name,p\na,0.03\nb,\nc,0.01\n")
    assert run("adjust", source, "--p", "p").p_holm.tolist()[::2] == [0.03, 0.02]


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    rng = np.random.default_rng(3)
    rows = []
    for k in range(48):
        base, own, event = rng.normal(60, 9), rng.normal(0, 6), rng.integers(0, 5)
        for v in (1, 2, 3):
            y = base + own - 4 * (k % 2) * v + rng.normal(0, 5)
            stop = f"Week {8 * event}" if 0 < event < 3 else ""
            rows.append([f"P{k}", f"Week {8 * v}", "ab"[k % 2], round(base, 1), round(y, 1), stop])
    path = tmp_path_factory.mktemp("visits") / "visits.csv"
    names = ["id", "visit", "arm", "base", "y", "stop"]
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    return path


def test_impute(visits):
    common = ("--subject", "id", "--visit", "visit", "--outcome", "y", "--arm", "arm",
              "--reference", "a", "--covariates", "base", "--event", "stop")  # fmt: skip
    many = run("impute", visits, *common, "--strategy", "j2r", "--imputations", "400")
    one = run("impute", visits, *common, "--strategy", "j2r", "--method", "conditional_mean")
    # the same estimand; Monte Carlo error of 400 imputations and of a posterior against a maximum
    assert many.estimate[0] == pytest.approx(one.estimate[0], abs=0.5)
    assert one.se[0] < many.se[0], "under reference-based imputation Rubin's variance is larger"
    kept = run("impute", visits, *common, "--after-event", "keep", "--at", "Week 16")
    frame = pd.read_csv(visits)
    at = frame[frame.visit == "Week 16"]
    own = linear_model(at, "y", "arm + base").coefficients[1]
    assert (kept.estimate[0], kept.se[0]) == pytest.approx((own.estimate, own.se))
    with pytest.raises(StatisticsError, match="one value"):
        run("impute", visits, *common[:-4], "--covariates", "y")


def test_mixed_model_options(visits):
    common = ("--formula", "y ~ arm * visit + base", "--subject", "id", "--visit", "visit")
    line = run("mmrm", visits, *common, "--table", "fit")
    assert line.aic[0] == pytest.approx(line.deviance[0] + 12)
    options = ("--by", "arm,visit", "--reference", "arm=a", "--table", "differences")
    each = run("mmrm", visits, *common, *options)
    mean = run("mmrm", visits, *common, *options, "--average", "--adjust", "holm")
    assert mean.estimate[0] == pytest.approx(each.estimate.mean())
    assert mean.p_adjusted[0] == mean.p_value[0]
    test = run("mmrm", visits, *common, "--table", "likelihood_ratio", "--against",
               "compound_symmetry")  # fmt: skip
    assert test.df[0] == 4
    robust = run("mmrm", visits, *common, "--df", "satterthwaite", "--sandwich", "cr3",
                 "--group", "arm")  # fmt: skip
    assert "by group, jackknife empirical covariance" in robust.method[0]
