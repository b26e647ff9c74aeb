"""``multifidus results`` on a table that a user names: Parquet and CSV alike, one sentence else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from typer.testing import CliRunner

from multifidus.base.errors import MultifidusError
from multifidus.base.files import write_csv
from multifidus.cli.results import app
from multifidus.results.reading import read_results
from multifidus.results.table import Provenance, ResultRow, rows_to_frame

if TYPE_CHECKING:
    from pathlib import Path

ID = "change.vas.y5.observed.all.mean"


@pytest.fixture
def frame() -> pd.DataFrame:
    parts = ("change", "vas", "y5", "observed", "all")
    mean = ResultRow(*parts, "mean", -4.94, "f1", "Back pain", "cm", n=124, total=126)
    ratio = ResultRow(*parts, "ci_upper", float("inf"), "f2", "Ratio")
    return rows_to_frame([mean, ratio], Provenance("0" * 64, "analyse", "multifidus.x", "public"))


def test_csv_and_parquet_give_the_same_table(tmp_path: Path, frame: pd.DataFrame) -> None:
    write_csv(tmp_path / "results.csv", frame)
    frame.to_parquet(tmp_path / "results.parquet")
    tables = [read_results(tmp_path / f"results.{kind}").frame for kind in ("csv", "parquet")]
    for table in tables:
        assert list(table["value"]) == [-4.94, float("inf")]
        assert table["n"].isna().tolist() == [False, True]
        assert (table.loc[0, "n"], table.loc[0, "N"]) == (124, 126)
    shown = CliRunner().invoke(app, ["list", "--table", str(tmp_path / "results.csv")]).output
    assert f"{ID}\t\N{MINUS SIGN}4.9\n" in shown


@pytest.mark.parametrize(
    ("column", "cell", "error_id"),
    [
        ("result_id", "", "RES-005"),
        ("result_id", "change.vas.y5.observed.all.ci_upper", "RES-005"),
        ("display", "f99", "RES-005"),
        ("n", "1.5", "RES-005"),
        ("value", "about five", "RES-005"),
        ("value", "nan", "RES-005"),
    ],
)
def test_rows_that_are_no_results(
    tmp_path: Path, frame: pd.DataFrame, column: str, cell: str, error_id: str
) -> None:
    text = frame.astype(object)
    text.loc[0, column] = cell
    write_csv(tmp_path / "results.csv", text)
    with pytest.raises(MultifidusError, match="row") as caught:
        read_results(tmp_path / "results.csv")
    assert caught.value.error_id == error_id


def test_files_that_are_no_results_table(tmp_path: Path, frame: pd.DataFrame) -> None:
    path = tmp_path / "results.parquet"
    frame.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(MultifidusError, match="damaged"):
        read_results(path)
    frame.drop(columns="unit").to_parquet(path)
    with pytest.raises(MultifidusError, match="'unit'"):
        read_results(path)
    frame.rename(columns={"unit": "einheit"}).to_csv(path, index=False, sep=";")
    assert len(read_results(path, ["unit=einheit"]).frame) == 2
