"""``multifidus score``: values by hand, other columns kept, one sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from multifidus.base.errors import DataError, ExitCode, MultifidusError
from multifidus.instruments.cli import app

LITERATURE = Path(__file__).parents[2] / "literature"
OPIOIDS = (
    "participant_id,prescription_id,drug,route,dose,dose_unit,doses_per_day,as_needed,"
    "start_date,end_date\n"
)


def score(tmp_path: Path, text: str, *arguments: str) -> str:
    path = tmp_path / "answers.csv"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, [arguments[0], str(path), *arguments[1:]])
    if isinstance(result.exception, MultifidusError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_vas(tmp_path: Path) -> None:
    assert score(tmp_path, "id,vas_mm\na,73\nb,\n", "vas", "--unit", "mm") == (
        "id,vas_mm,vas_cm\na,73,7.3\nb,,\n"
    )


def test_odi_points_and_band(tmp_path: Path) -> None:
    """16 of 50 is 32 per cent; with a section missing 16 of 45 is 35.6 (Fairbank's example)."""
    header = "id," + ",".join(f"odi_{n:02d}" for n in range(1, 11)) + "\n"
    text = header + "a,2,2,2,2,2,2,2,1,1,0\nb,2,2,2,2,2,2,2,1,1,\nc,5,5,,,5,5,5,5,5,5\n"
    rows = [line.split(",") for line in score(tmp_path, text, "odi").splitlines()]
    assert [row[-2:] for row in rows[1:]] == [
        ["32.0", "moderate"],
        ["35.555555555556", "moderate"],
        ["", ""],
    ]


def test_eq5d_needs_a_value_set_and_gives_its_index(tmp_path: Path) -> None:
    """21231 in the US set is 0.738, in the UK crosswalk 0.710 (published check states)."""
    text = "eq5d_mo,eq5d_sc,eq5d_ua,eq5d_pd,eq5d_ad\n2,1,2,3,1\n"
    common = ("eq5d", "--literature", str(LITERATURE))
    us = score(tmp_path, text, *common, "--value-set", "usa_2019")
    assert us.splitlines()[1] == "2,1,2,3,1,0.738,9.0,usa_2019"
    uk = score(tmp_path, text, *common, "--value-set", "uk_crosswalk_2012")
    assert uk.splitlines()[1].split(",")[5] == "0.71"
    path = tmp_path / "answers.csv"
    assert CliRunner().invoke(app, ["eq5d", str(path)]).exit_code == ExitCode.USAGE


def test_mme_of_prescriptions_and_of_days(tmp_path: Path) -> None:
    """Oxycodone 2 x 10 mg x 1.5 = 30; patch 25 mcg/h x 2.4 = 60; both on 2020-06-01: 90."""
    text = OPIOIDS + (
        "P1,R1,oxycodone,oral,10,mg,2,false,2020-01-01,2020-12-31\n"
        "P1,R2,fentanyl,transdermal,25,mcg/h,1,true,2020-05,2020-07\n"
    )
    common = ("mme", "--literature", str(LITERATURE))
    rows = score(tmp_path, text, *common).splitlines()
    assert [row.split(",")[-1] for row in rows] == ["mme", "30.0", "60.0"]
    dates = tmp_path / "dates.csv"
    dates.write_text("participant_id,date\nP1,2020-06-01\nP1,2021-01-01\n", encoding="utf-8")
    rows = score(tmp_path, text, *common, "--dates", str(dates)).splitlines()
    assert rows[1:] == ["P1,2020-06-01,90.0", "P1,2021-01-01,0.0"]
    rows = score(tmp_path, text, *common, "--dates", str(dates), "--as-needed", "half").splitlines()
    assert rows[1] == "P1,2020-06-01,60.0"


@pytest.mark.parametrize(
    ("arguments", "text", "error_id", "part"),
    [
        (("vas", "--unit", "mm"), "id,vas_mn\na,3\n", "INS-051", "did you mean 'vas_mn'"),
        (("vas", "--unit", "mm"), "vas_mm\nseven\n", "INS-052", "1 cells"),
        (("vas", "--unit", "mm"), "", "INS-050", "is empty"),
        (("vas", "--unit", "cm", "--column", "vas"), "vas\n73\n", "INS-002", "0 to 10 cm"),
        (("vas", "--unit", "mm"), "vas_mm,vas_cm\n7,1\n", "INS-051", "already"),
        (("vas", "--unit", "mm"), "vas_mm,vas_mm\n7,1\n", "INS-051", "repeats"),
        (("vas", "--unit", "mm"), "vas_mm\nNA\n", "INS-052", "row 2"),
        (("vas", "--unit", "mm"), "vas_mm\ninf\n", "INS-052", "row 2"),
        (("vas", "--unit", "mm", "--columns", "vas"), "vas_mm\n7\n", "INS-054", "NAME=VALUE"),
        (
            ("vas", "--unit", "mm", "--output", "/dev/null/x.csv"),
            "vas_mm\n7\n",
            "INS-055",
            "x.csv",
        ),
        (("mme",), OPIOIDS + "P1,R1,oxycodone,oral,-5,mg,2,false,2020,\n", "DAT-214", "positive"),
        (("mme",), OPIOIDS + "P1,R1,oxycodone,oral,5,mg,2,maybe,2020,\n", "DAT-205", "true or"),
        (("mme", "--edition", "cdc_2030"), OPIOIDS, "INS-033", "cdc_2022"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, *, arguments: tuple[str, ...], text: str, error_id: str, part: str
) -> None:
    if arguments[0] == "mme":
        arguments = (*arguments, "--literature", str(LITERATURE))
    with pytest.raises(DataError) as caught:
        score(tmp_path, text, *arguments)
    assert caught.value.error_id == error_id
    assert caught.value.exit_code is ExitCode.DATA
    assert part in caught.value.message


def test_a_missing_file_is_refused() -> None:
    result = CliRunner().invoke(app, ["vas", "no-such-file.csv", "--unit", "mm"])
    assert isinstance(result.exception, DataError)
    assert result.exception.error_id == "INS-050"


def test_output_file(tmp_path: Path) -> None:
    target = tmp_path / "scores.csv"
    said = score(tmp_path, "vas_mm\n50\n", "vas", "--unit", "mm", "--output", str(target))
    assert "1 rows" in said
    assert target.read_text() == "vas_mm,vas_cm\n50,5.0\n"


def test_keys_stay_text_and_the_user_names_the_columns(tmp_path: Path) -> None:
    """Ids 01 and 1 are two, a patient may be called NA, 7,3 is 7.3 beside semicolons."""
    text = "id;mark\n01;7,3\n1;8\nNA;\n"
    said = score(tmp_path, text, "vas", "--unit", "cm", "--columns", "vas_mm=mark")
    rows = [line for line in said.splitlines() if not line.startswith("note:")]
    assert rows == ["id,vas_mm,vas_cm", '01,"7,3",7.3', "1,8,8.0", "NA,,"]
    assert "1 numbers are read with a decimal comma" in said
