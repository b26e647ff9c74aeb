"""Suppression of small counts of people."""

from __future__ import annotations

import math

import pandas as pd

from multifidus.results.run import suppress_small_counts
from multifidus.results.table import Provenance, ResultRow, rows_to_frame


def _frame() -> pd.DataFrame:
    rows = []
    for outcome, count in (("none", 0), ("few", 3), ("many", 5)):
        stem = ("adverse_events", outcome, "overall", "safety", "all")
        rows.append(ResultRow(*stem, "participants", count, "d0", outcome, "", count, 50))
        rows.append(ResultRow(*stem, "percent", 2 * count, "pct1", outcome, "%", count, 50))
    return rows_to_frame(rows, Provenance("0", "r", "f", "restricted"))


def test_counts_below_the_minimum_go_with_everything_computed_from_them() -> None:
    shown = suppress_small_counts(_frame(), 5).set_index("result_id")
    for statistic in ("participants", "percent"):
        few = shown.loc[f"adverse_events.few.overall.safety.all.{statistic}"]
        assert math.isnan(few["value"])
        assert pd.isna(few["n"])
        assert few["method"] == "suppressed: fewer than 5 participants"
    assert shown.loc["adverse_events.none.overall.safety.all.participants", "value"] == 0
    assert shown.loc["adverse_events.many.overall.safety.all.percent", "value"] == 10


def test_zero_switches_suppression_off() -> None:
    pd.testing.assert_frame_equal(suppress_small_counts(_frame(), 0), _frame())
