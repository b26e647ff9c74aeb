"""The `stats` sub-commands on a user's own CSV."""

import io

import pandas as pd
import pytest
from typer.testing import CliRunner

from multifidus.base.errors import StatisticsError
from multifidus.stats.cli import app
from multifidus.stats.examples import growth, trial
from multifidus.stats.mmrm.model import mmrm


def _run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None:
        raise result.exception
    return pd.read_csv(io.StringIO(result.stdout))


@pytest.fixture
def trial_csv(tmp_path):
    path = tmp_path / "trial.csv"
    trial().to_csv(path, index=False)
    return path


MODEL = ["--formula", "change ~ arm*visit + baseline:visit", "--subject", "id", "--visit", "visit"]


def test_mmrm_tables_equal_the_python_interface(trial_csv):
    fit = mmrm(
        trial(), "change ~ arm*visit + baseline:visit", subject="id", visit="visit",
        reference={"arm": "treatment"}, visit_order=["v3", "v2", "v1", "v0"],
    )  # fmt: skip
    options = [*MODEL, "--reference", "arm=treatment", "--visit-order", "v3,v2,v1,v0"]
    coefficients = _run("mmrm", trial_csv, *options)
    assert coefficients.estimate.to_numpy() == pytest.approx(fit.coefficient_table().estimate)
    assert list(coefficients.label) == [c.label for c in fit.coefficients]
    differences = _run("mmrm", trial_csv, *options, "--table", "differences", "--by", "arm,visit")
    expected = fit.lsmeans(["arm", "visit"]).differences("arm", "treatment")
    assert differences.se.to_numpy() == pytest.approx([e.se for e in expected])
    type3 = _run("mmrm", trial_csv, *options, "--table", "type3")
    assert type3.f.to_numpy() == pytest.approx([t.f for t in fit.type3()])
    covariance = _run("mmrm", trial_csv, *options, "--table", "covariance")
    assert covariance[["v3", "v2", "v1", "v0"]].to_numpy() == pytest.approx(fit.covariance)
    means = _run("mmrm", trial_csv, *options, "--table", "lsmeans")
    assert list(means.visit) == ["v3", "v2", "v1", "v0"]
    line = _run("mmrm", trial_csv, *options, "--table", "fit")
    assert line.deviance[0] == pytest.approx(fit.deviance)
    assert line.covariance_used[0] == "unstructured"


def test_change_and_output_file(tmp_path):
    """Changes 2 and 4: mean 3, SE 1 (by hand)."""
    source, target = tmp_path / "a.csv", tmp_path / "out.csv"
    source.write_text("b,f\n1,3\n4,8\n5,\n")
    result = CliRunner().invoke(
        app, ["change", str(source), "--baseline", "b", "--follow-up", "f", "--output", str(target)]
    )
    assert (result.exit_code, result.stdout) == (0, "")
    written = pd.read_csv(target)
    assert (written.n[0], written["mean"][0]) == (2, 3.0)
    assert written.se[0] == pytest.approx(1.0)


def test_proportion_by_group(tmp_path):
    """Newcombe (1998): 0 of 20, Wilson upper limit 0.1611."""
    source = tmp_path / "a.csv"
    rows = ["g,r", *["x,0"] * 20, *["y,1"] * 3, "y,"]
    source.write_text("\n".join(rows) + "\n")
    found = _run("proportion", source, "--response", "r", "--by", "g")
    assert list(found.group) == ["x", "y"]
    assert list(found.n) == [20, 3]
    assert round(found.ci_upper[0], 4) == 0.1611


def test_rate_sums_events_and_exposure(tmp_path):
    """3 events in 4 years: 75 per 100 years; Garwood limits of 3 are 0.6187 and 8.7673."""
    source = tmp_path / "a.csv"
    source.write_text("e,y\n1,1.5\n2,2.5\n")
    found = _run("rate", source, "--events", "e", "--exposure", "y")
    assert found.rate[0] == 75.0
    assert found.ci_lower[0] == pytest.approx(0.6187 / 4 * 100, abs=0.01)
    assert found.ci_upper[0] == pytest.approx(8.7673 / 4 * 100, abs=0.01)


def test_pool_takes_variances_or_standard_errors(tmp_path):
    """W = 0.1, B = 1, m = 3: T = 0.1 + 4/3 (by hand)."""
    source = tmp_path / "a.csv"
    source.write_text("q,u,s\n" + "".join(f"{q},0.1,{0.1**0.5!r}\n" for q in (1, 2, 3)))
    by_variance = _run("pool", source, "--estimate", "q", "--variance", "u")
    by_se = _run("pool", source, "--estimate", "q", "--se", "s", "--df-rule", "rubin_1987")
    assert by_variance.total[0] == pytest.approx(0.1 + 4 / 3)
    assert by_se.total[0] == pytest.approx(0.1 + 4 / 3)


def test_survival_curve(tmp_path):
    """Three participants, events at 1 and 3, censored at 2: 2/3 then 0 (by hand)."""
    source = tmp_path / "a.csv"
    source.write_text("t,e\n1,1\n2,0\n3,1\n")
    found = _run("survival", source, "--time", "t", "--event", "e")
    assert found.survival.to_numpy() == pytest.approx([2 / 3, 2 / 3, 0.0])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["change", "absent.csv", "--baseline", "a", "--follow-up", "b"], "STA-301"),
        (["change", "{growth}", "--baseline", "a", "--follow-up", "b"], "STA-302"),
        (["pool", "{growth}", "--estimate", "age"], "STA-303"),
        (["proportion", "{growth}", "--response", "distance"], "STA-304"),
        (["mmrm", "{growth}", *MODEL], "STA-302"),
    ],
)
def test_mistakes_are_named(tmp_path, arguments, error):
    path = tmp_path / "growth.csv"
    growth().to_csv(path, index=False)
    with pytest.raises(StatisticsError) as caught:
        _run(*[a.format(growth=path) for a in arguments])
    assert caught.value.error_id == error
