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


# The reader of users' files


def _called(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None:
        raise result.exception
    return pd.read_csv(io.StringIO(result.stdout), keep_default_na=False), result.stderr


def _file(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "user.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null", "N/A", "-", "01"])
@pytest.mark.parametrize(
    "command",
    [["proportion", "--response", "r"], ["rate", "--events", "r", "--exposure", "t"]],
    ids=lambda command: command[0],
)
def test_a_group_may_have_any_name(tmp_path, name, command):
    """Two rows in each group, and two rows in none (by hand)."""
    rows = ["g,r,t", "a,1,2", "a,0,2", f"{name},1,2", f"{name},1,2", ",1,2", " ,0,2"]
    source = _file(tmp_path, "\n".join(rows))
    found, notes = _called(command[0], source, *command[1:], "--by", "g")
    assert sorted(found.group.astype(str)) == sorted(["a", name])
    assert list(found.rows_without_group) == [2, 2]
    assert "rows 6, 7" in notes
    assert "Column 'g' is empty in 2 rows" in notes


def test_a_group_without_any_response_is_shown(tmp_path):
    found, _ = _called(
        "proportion", _file(tmp_path, "g,r\na,1\nb,\n"), "--response", "r", "--by", "g"
    )
    assert list(zip(found.group, found.n, found.missing, strict=True)) == [("a", 1, 0), ("b", 0, 1)]


def _trial_text(**changes):
    return trial().assign(**changes).to_csv(index=False)


def test_an_arm_may_be_called_none(tmp_path):
    """The same fit as with another name of the arm."""
    plain, _ = _called("mmrm", _file(tmp_path, _trial_text()), *MODEL, "--table", "fit")
    named = trial().arm.map({"control": "None", "treatment": "NA"})
    source = _file(tmp_path, _trial_text(arm=named))
    found, notes = _called("mmrm", source, *MODEL, "--table", "fit")
    assert found.deviance[0] == pytest.approx(plain.deviance[0], rel=1e-9)
    assert found.rows_used[0] == plain.rows_used[0]
    assert f"{found.rows_used[0]} of 240 rows are used" in notes


def test_participants_01_and_1_are_two(tmp_path):
    """Sixty participants, two of them called 1 and 01, the others 2 to 59."""
    numbers = trial().id.map(lambda name: str(int(name[1:])))
    source = _file(tmp_path, _trial_text(id=numbers.replace("0", "01")))
    found, _ = _called("mmrm", source, *MODEL, "--table", "fit")
    assert found.participants[0] == trial().dropna().id.nunique()


def test_blanks_around_an_id_are_noted_and_never_make_two_people(tmp_path):
    ids = trial().id.where(trial().index != 1, trial().id + " ")
    found, notes = _called("mmrm", _file(tmp_path, _trial_text(id=ids)), *MODEL, "--table", "fit")
    assert found.participants[0] == trial().dropna().id.nunique()
    assert "Column 'id' has blanks around 1 names (row 3)" in notes


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("b;f\n1,5;3\n4;8,25\n", "utf-8"), ("b\tf\n1.5\t3\n4\t8.25\n", "utf-8-sig"),
        ("sep=;\nb;f\n1,5;3\n4;8,25\n", "utf-8"), ('b,f\r\n"1,5","3"\r\n"4","8,25"\r\n', "utf-8"),
        ("b|f\n1.5|3\n4|8.25\n\n", "utf-8"),
    ],
)  # fmt: skip
def test_delimiters_and_decimal_commas_are_recognised(tmp_path, text, encoding):
    """Changes 1.5 and 4.25: mean 2.875 (by hand)."""
    source = _file(tmp_path, text, encoding)
    found, _ = _called("change", source, "--baseline", "b", "--follow-up", "f")
    assert found["mean"][0] == 2.875


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("b,f\n1,2\nNA,3\n", "STA-304", "row 3"),
        ("b;f\n1,234;3\n4;8\n", "STA-304", "thousands"),
        ("b;f\n1,5;3.5\n4;8\n", "STA-304", "decimal point"),
        ("b,f\n1,5,3,1\n4,8\n", "STA-301", "row 2"),
        ("b,f,f\n1,2,3\n", "STA-302", "repeats"),
        ("b,f ,f\n1,2,3\n", "STA-302", "repeats"),
        ("b,F\n1,2\n", "STA-302", "did you mean 'F'"),
        ("b,f\n1,2e999\n", "STA-002", "infinite"),
        ("b,f\n1,1_000\n", "STA-304", "row 2"),
        ('b,f\n1,"2\n', "STA-301", "quotation"),
        ("", "STA-301", "empty"),
        ("b,f\n", "STA-202", "No value"),
    ],
)
def test_files_that_are_not_clear_are_refused(tmp_path, text, error, words):
    with pytest.raises(StatisticsError) as caught:
        _called("change", _file(tmp_path, text), "--baseline", "b", "--follow-up", "f")
    assert caught.value.error_id == error
    assert words in caught.value.message


def test_words_for_missing_in_a_covariate_are_refused_not_made_a_factor(tmp_path):
    text = _trial_text().splitlines()
    cells = text[5].split(",")
    cells[3] = "unknown"
    text[5] = ",".join(cells)
    with pytest.raises(StatisticsError) as caught:
        _called("mmrm", _file(tmp_path, "\n".join(text)), *MODEL)
    assert caught.value.error_id == "STA-304"
    assert "row 6" in caught.value.message


def test_columns_are_named_by_the_user(tmp_path):
    source = _file(tmp_path, "AVAL0,AVAL1\n1,3\n4,8\n")
    names = ["--columns", "before=AVAL0", "--columns", "after=AVAL1"]
    found, _ = _called("change", source, "--baseline", "before", "--follow-up", "after", *names)
    assert found["mean"][0] == 3.0
    for wrong in (["--columns", "AVAL1=AVAL0"], ["--columns", "x"], ["--columns", "x=none"]):
        with pytest.raises(StatisticsError):
            _called("change", source, "--baseline", "AVAL0", "--follow-up", "AVAL1", *wrong)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    source = _file(tmp_path, "b,f\n1,3\n4,8\n")
    target = source / "below" / "a.csv"
    with pytest.raises(StatisticsError) as caught:
        _called("change", source, "--baseline", "b", "--follow-up", "f", "--output", target)
    assert caught.value.error_id == "STA-305"
