"""Targets and study files that no cohort can serve: an id and one sentence each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from multifidus.base.errors import DataError, ExitCode
from multifidus.cohort.calibration.balance import balanced_baseline
from multifidus.cohort.calibration.report import require_met
from multifidus.cohort.calibration.targets import CohortTargets, Window
from multifidus.cohort.devices.logs import simulate_logs
from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.run import decrements_of
from multifidus.literature.record.value_sets import load_value_sets
from synthetic_cohort import LITERATURE, assumed_design, published_targets


def with_window(result_id: str, lower: float, upper: float) -> CohortTargets:
    """The published targets with one window changed or added."""
    others = [window for window in published_targets() if window.result_id != result_id]
    return CohortTargets((*others, Window(result_id, lower, upper, "test", "test")))


@pytest.mark.parametrize(
    ("result_id", "lower", "upper", "error_id"),
    [
        ("flow.attended.y5.itt.all.count", 299.5, 300.5, "COH-002"),
        ("level.vas.y5.observed.all.mean", 8.95, 9.05, "COH-001"),
        ("level.vas.d120.observed.treatment.mean", 5.95, 6.05, "COH-003"),
        ("opioids.users.y2.observed.all.count", 99.5, 100.5, "COH-004"),
    ],
)
def test_figures_that_cannot_stand_together(
    result_id: str, lower: float, upper: float, error_id: str
) -> None:
    with pytest.raises(DataError) as caught:
        generate_cohort(1, with_window(result_id, lower, upper), assumed_design())
    assert caught.value.error_id == error_id
    assert caught.value.exit_code is ExitCode.DATA
    assert "\n" not in caught.value.message


def test_the_published_randomised_figures_leave_a_narrow_strip() -> None:
    """By hand: the difference must lie in 0.850 to 0.8625 for estimate and lower limit to print.

    With level 4.8 (at most 4.85) and change -2.4 (at least -2.45), baseline lies below 7.30; with
    level 4.0 (at least 3.95) and change -3.3 (at least -3.35) likewise; 7.25 prints as 7.3.
    """
    baseline = balanced_baseline(published_targets(), "vas", ("treatment", "control"))
    assert baseline["treatment"] == baseline["control"]
    assert 7.25 <= baseline["control"] <= 7.30


def test_a_missed_target_is_refused_by_name() -> None:
    report = pd.DataFrame(
        {"target": ["a", "b", "c"], "met": pd.array([True, False, pd.NA], "boolean")}
    )
    with pytest.raises(DataError, match=r"COH-005.*\(b\)"):
        require_met(report)


def test_an_unknown_value_set() -> None:
    coefficients = load_value_sets(LITERATURE / "value_sets").coefficients
    with pytest.raises(DataError, match=r"COH-006.*atlantis_1999"):
        decrements_of(coefficients, "atlantis_1999")


def test_logs_need_the_usage_of_the_same_cohort(tmp_path: Path) -> None:
    pd.DataFrame({"participant_id": ["P001"]}).to_csv(tmp_path / "participants.csv", index=False)
    columns = {"participant_id": ["P002"], "record": ["activation"], "utc": [0], "seconds": [0]}
    pd.DataFrame(columns | {"reason": [0], "amplitude": [0]}).to_parquet(tmp_path / "usage.parquet")
    with pytest.raises(DataError, match=r"COH-008"):
        simulate_logs(
            tables=tmp_path, usage=tmp_path / "usage.parquet", folder=tmp_path / "logs", seed=1
        )
    assert not (tmp_path / "logs").exists()


def test_nothing_published_still_gives_a_cohort() -> None:
    """Without windows the design's assumptions alone are drawn."""
    cohort = generate_cohort(3, CohortTargets(()), replace(assumed_design(), opioid_users=60))
    assert len(cohort["participants"]) == 204
    assert cohort.report.empty
