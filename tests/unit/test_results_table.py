"""Ids, rows and look-ups of the results table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from multifidus.results.ids import make_id, slug, split_id
from multifidus.results.table import (
    COLUMNS,
    Provenance,
    ResultRow,
    Results,
    UnknownResultError,
    collect_results,
    rows_to_frame,
)

if TYPE_CHECKING:
    from pathlib import Path

PROVENANCE = Provenance(
    "0" * 64, "analyse_baseline", "multifidus.analyses.efficacy.baseline.run", "synthetic"
)
ROW = ResultRow(
    analysis="change",
    outcome="vas",
    visit="y5",
    population="observed",
    group="all",
    statistic="mean",
    value=-4.94,
    display="f1",
    label="Low back pain (VAS)",
    unit="cm",
    n=124,
    total=126,
    method="paired change",
)


def test_an_id_is_its_six_parts() -> None:
    assert ROW.result_id == "change.vas.y5.observed.all.mean"
    assert make_id(split_id(ROW.result_id)) == ROW.result_id
    assert split_id(ROW.result_id).visit == "y5"


@pytest.mark.parametrize("part", ["", "Y5", "y 5", "y.5", "année"])
def test_a_part_that_is_no_slug_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="not a slug"):
        _ = replace(ROW, visit=part).result_id


@pytest.mark.parametrize("text", ["a.b.c", "a.b.c.d.e.f.g", ""])
def test_an_id_has_six_parts(text: str) -> None:
    with pytest.raises(ValueError, match="six parts"):
        split_id(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Skin and subcutaneous tissue disorders", "skin_and_subcutaneous_tissue_disorders"),
        ("  Ménière's   disease ", "meniere_s_disease"),
        ("VAS >= 50 %", "vas_50"),
    ],
)
def test_labels_become_slugs(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_a_frame_has_the_columns_in_order_with_provenance() -> None:
    frame = rows_to_frame([ROW], PROVENANCE)
    assert list(frame.columns) == list(COLUMNS)
    row = frame.iloc[0]
    assert (row["n"], row["N"], row["value"]) == (124, 126, -4.94)
    assert (row["rule"], row["tier"]) == ("analyse_baseline", "synthetic")


def test_no_rows_still_make_a_typed_frame() -> None:
    frame = rows_to_frame([], PROVENANCE)
    assert len(frame) == 0
    assert frame["n"].dtype == "Int64"


def test_a_repeated_id_is_refused_within_and_between_analyses() -> None:
    with pytest.raises(ValueError, match=r"change\.vas\.y5\.observed\.all\.mean"):
        rows_to_frame([ROW, replace(ROW, value=0.0)], PROVENANCE)
    frame = rows_to_frame([ROW], PROVENANCE)
    with pytest.raises(ValueError, match="1 results share an id"):
        collect_results([frame, frame])


def test_collected_results_are_sorted_by_id_whatever_the_order() -> None:
    other = rows_to_frame([replace(ROW, analysis="baseline")], PROVENANCE)
    change = rows_to_frame([ROW], PROVENANCE)
    forward, backward = collect_results([change, other]), collect_results([other, change])
    assert list(forward["analysis"]) == ["baseline", "change"]
    pd.testing.assert_frame_equal(forward, backward)


def test_values_are_looked_up_by_id_alone(tmp_path: Path) -> None:
    rows_to_frame(
        [ROW, replace(ROW, statistic="n", value=124, display="d0")], PROVENANCE
    ).to_parquet(tmp_path / "results.parquet")
    results = Results.read(tmp_path / "results.parquet")
    assert results.value(ROW.result_id) == -4.94
    assert results.text(ROW.result_id) == "\N{MINUS SIGN}4.9"
    assert ROW.result_id in results
    assert list(results.select(analysis="change", statistic=["n"])["value"]) == [124.0]


def test_an_unknown_id_is_refused_with_the_nearest_one() -> None:
    results = Results(rows_to_frame([ROW], PROVENANCE))
    with pytest.raises(UnknownResultError) as caught:
        results.value("change.vas.y5.observed.all.meen")
    assert caught.value.error_id == "RES-001"
    assert "'change.vas.y5.observed.all.mean'" in caught.value.message
