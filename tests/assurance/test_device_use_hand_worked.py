"""Device use of hand-written participants, from log files to adherence; answers worked on paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import Text
from multifidus.analyses.device_use.summary import BOUNDS, MEASURES
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import SessionTruth
from multifidus.config.analysis import DeviceUseRules
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.history import Prescription
from multifidus.devicelogs.run import exposure_roster

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
START = 1_609_459_200  # 2021-01-01T00:00:00Z


def sessions(days: np.ndarray, hours: tuple[float, ...] = (8, 20)) -> SessionTruth:
    start = (START + days[:, None] * DAY + np.asarray(hours) * 3600).ravel().astype(np.int64)
    return SessionTruth(start, np.full(len(start), 1800), np.zeros(len(start), dtype=np.int64))


def roster(start: str = "2021-01-01", end: str | None = None) -> pd.DataFrame:
    dates = {"exposure_start": pd.to_datetime([start]), "exposure_end": pd.to_datetime([end])}
    return pd.DataFrame({"participant_id": ["P1"], **dates})


def write(folder: Path, files: list[bytes]) -> Path:
    for number, data in enumerate(files):
        (folder / f"P1-{number:02d}.ipglog").write_bytes(data)
    return folder


def overall(frame: pd.DataFrame) -> pd.Series:
    return frame[frame["period"] == "overall"].iloc[0]


def without_an_end(data: bytes) -> bytes:
    """Put a record of the magnet in the place of one end record; all checksums are right."""
    text = Text(data)
    text.replace(text.of_type(b"SEN"), b"MAG,ON,5,,,,,,")
    return text.write()


def test_an_absent_end_record_widens_dose_completion_and_regularity(tmp_path: Path) -> None:
    """Ten days, sessions of 1,800 s at 8 and 10 h; one has no end record.

    Contractions: 60 a session, 19 known, so 1,140. The day of that session has 1,800 s known of
    3,600 prescribed: 1,800 s more at one contraction in 30 s make 60, so at most 1,200. On-time is
    a third of the time: 19 x 600 s to 20 x 600 s. Charge left: 3 mA x 214 us x 20 Hz x 600 s =
    7.704 mC a session. Completed of started: 19 of 20; 20 of 20 if that one ran to its end.
    Start times stand 30 degrees apart, 20 of them: resultant cos 15 degrees. The one session that
    may not be seen may have begun at the mean time: (20 cos 15 + 1) / 21; or opposite it:
    (20 cos 15 - 1) / 21.
    """
    (data,) = simulate_device(
        "P1", START, [START + 10 * DAY + 60], sessions(np.arange(10), hours=(8, 10))
    )
    found = overall(read_cohort_logs(write(tmp_path, [without_an_end(data)]), roster()).periods)

    assert (found["contractions_lower"], found["contractions_upper"]) == (1140, 1200)
    assert found["on_time_hours_lower"] == pytest.approx(19 * 600 / 3600)
    assert found["on_time_hours_upper"] == pytest.approx(20 * 600 / 3600)
    assert found["charge_left_mc_lower"] == pytest.approx(19 * 7.704)
    assert found["charge_left_mc_upper"] == pytest.approx(20 * 7.704)
    assert found["completion"] == found["completion_lower"] == pytest.approx(19 / 20)
    assert found["completion_upper"] == 1
    assert found["delivered_share_lower"] == pytest.approx(19 / 20)
    assert found["delivered_share"] == found["delivered_share_upper"] == 1

    def hours(resultant: float) -> float:
        return math.sqrt(-2 * math.log(resultant)) * 24 / (2 * math.pi)

    mean = math.cos(math.radians(15))
    assert found["start_time_sd_hours"] == pytest.approx(hours(mean), rel=1e-3)
    assert found["start_time_sd_hours_lower"] == pytest.approx(
        hours((20 * mean + 1) / 21), rel=1e-3
    )
    assert found["start_time_sd_hours_upper"] == pytest.approx(
        hours((20 * mean - 1) / 21), rel=1e-3
    )


def test_sessions_opposite_on_the_clock_bound_no_circular_sd(tmp_path: Path) -> None:
    """Starts at 8 and 20 h cancel: resultant about 0. With one unseen, no finite upper bound."""
    (data,) = simulate_device("P1", START, [START + 10 * DAY + 60], sessions(np.arange(10)))
    found = overall(read_cohort_logs(write(tmp_path, [without_an_end(data)]), roster()).periods)
    assert math.isinf(found["start_time_sd_hours_upper"])
    assert found["start_time_sd_hours"] > 10
    # All of one unseen session with 20 that cancel: a resultant of 1/21.
    expected = math.sqrt(-2 * math.log(1 / 21)) * 24 / (2 * math.pi)
    assert found["start_time_sd_hours_lower"] == pytest.approx(expected, rel=0.02)


def test_gaps_and_persistence_are_bounded_by_unobserved_days(tmp_path: Path) -> None:
    """Therapy on days 0 to 9 and 50 to 59, so a gap of 40 days that begins on day 10.

    Whole: gap 40, persistence 10 days. An idle day leaves its daily record at the midnight after
    it. With the records stamped on days 21 to 29 lost, nothing is known from the midnight before
    day 20 to the one after day 29: the seen gaps are 10 to 19 and 30 to 49, the longer one 20 days,
    and no gap of 30 is certain; if nothing was delivered then, the gap is still 40 and persistence
    10 days.
    """
    days = np.concatenate([np.arange(10), np.arange(50, 60)])
    (data,) = simulate_device("P1", START, [START + 60 * DAY + 60], sessions(days))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    found = overall(read_cohort_logs(write(whole, [data]), roster()).periods)
    for ending in ("", "_lower", "_upper"):
        assert found[f"longest_gap_days{ending}"] == 40
        assert found[f"persistence_days{ending}"] == 10

    lost = tuple(f",2021-01-{day}T".encode() for day in range(22, 31))
    text = Text(data)
    kept = [one for one in text.records if not any(day in one for day in lost)]
    assert len(kept) < len(text.records)
    text.records = kept
    found = overall(read_cohort_logs(write(cut, [text.write()]), roster()).periods)
    assert found["longest_gap_days"] == found["longest_gap_days_lower"] == 20
    assert found["longest_gap_days_upper"] == 40
    assert np.isnan(found["persistence_days"])
    assert np.isnan(found["persistence_days_upper"])
    assert found["persistence_days_lower"] == 10


def test_months_begin_on_the_day_of_the_start(tmp_path: Path) -> None:
    """One session of 30 min a day from 31 January to 9 March 2021, read on 10 March.

    Month 1 ends with 28 February, the shorter month's last day: 28 days, 14 of 28 hours. Month 2
    begins there and has 10 days: 5 of 10 hours.
    """
    truth = sessions(np.arange(30, 68), hours=(8,))
    files = simulate_device("P1", START, [START + 68 * DAY + 60], truth)
    months = read_cohort_logs(write(tmp_path, files), roster("2021-01-31")).months
    assert months["month"].tolist() == [1, 2]
    assert months["start_date"].tolist() == [pd.Timestamp("2021-01-31"), pd.Timestamp("2021-02-28")]
    assert months["end_date"].tolist() == [pd.Timestamp("2021-02-28"), pd.Timestamp("2021-03-10")]
    assert months["exposure_days"].tolist() == [28, 10]
    assert months["hours"].tolist() == [14.0, 5.0]
    assert months["prescribed_hours"].tolist() == [28.0, 10.0]
    assert months["utilisation"].tolist() == [0.5, 0.5]
    assert months["coverage"].tolist() == [1.0, 1.0]
    assert months["continued"].tolist() == [True, True]


@pytest.mark.parametrize("rule", ["drop", "zero"])
def test_days_after_explantation_by_either_rule(tmp_path: Path, rule: str) -> None:
    """Full use on days 0 to 99, read on day 100, explanted on day 110, last seen on day 199.

    drop: 100 days of exposure, 100 of 100 hours. zero: 200 days; 100 to 109 are not known (no log
    after day 100), 110 to 199 are known to be without therapy. Observed 190 days, 100 h of 190;
    bounds 100 of 200 and 110 of 200. The gap begins on day 110, or, if nothing was delivered after
    the read-out, on day 100.
    """
    files = simulate_device("P1", START, [START + 100 * DAY + 60], sessions(np.arange(100)))
    dates = {"activation_date": 0, "treatment_end_date": 110, "last_contact_date": 199}
    day = {name: pd.to_datetime([START + at * DAY], unit="s") for name, at in dates.items()}
    people = pd.DataFrame({"participant_id": ["P1"], "arm": ["treatment"], **day})
    people[["crossover_date", "death_date"]] = pd.NaT
    rules = DeviceUseRules(exposure_start={"treatment": "activation_date"}, after_explant=rule)
    found = overall(
        read_cohort_logs(write(tmp_path, files), exposure_roster(people, rules)).periods
    )
    if rule == "drop":
        assert (found["exposure_days"], found["hours"], found["utilisation"]) == (100, 100, 1)
        assert np.isnan(found["persistence_days_lower"])
        return
    assert (found["exposure_days"], found["observed_days"]) == (200, 190)
    assert (found["hours_lower"], found["hours"], found["hours_upper"]) == (100, 100, 110)
    assert found["utilisation"] == pytest.approx(100 / 190)
    assert (found["utilisation_lower"], found["utilisation_upper"]) == (0.5, 0.55)
    assert (found["persistence_days"], found["persistence_days_lower"]) == (110, 100)


def test_the_prescription_of_the_study_file_holds_where_the_log_names_none(
    tmp_path: Path,
) -> None:
    """One session of 1,800 s a day; the log's lines on the prescription are cut out.

    With 60 min in two sessions a day the share is 0.5; with 30 min in one, 1. The first day, whose
    records are now incomplete, lies before the exposure.
    """
    (data,) = simulate_device(
        "P1", START, [START + 10 * DAY + 60], sessions(np.arange(10), hours=(8,))
    )
    text = Text(data)
    text.head(b"Hrx", None)
    text.records = [one for one in text.records if b",PRG,1," not in one]
    write(tmp_path, [text.write()])
    shares = [
        overall(read_cohort_logs(tmp_path, roster("2021-01-02"), standard=standard).periods)
        for standard in (Prescription(), Prescription(session_s=1800, per_day=1))
    ]
    assert [found["utilisation"] for found in shares] == [0.5, 1.0]


def test_every_measure_and_its_bounds_are_columns_of_the_table(tmp_path: Path) -> None:
    """Section 3 of the specification of stimulator logs: each metric, point, lower and upper."""
    files = simulate_device("P1", START, [START + 40 * DAY + 60], sessions(np.arange(40)))
    periods = read_cohort_logs(write(tmp_path, files), roster()).periods
    for name, measure in MEASURES.items():
        for ending in BOUNDS if measure.bounded else ("",):
            assert f"{name}{ending}" in periods, name
            values = periods[f"{name}{ending}"].to_numpy(dtype="float64")
            assert not np.isnan(values).any(), name
        if measure.bounded:
            low, high = periods[f"{name}_lower"], periods[f"{name}_upper"]
            assert ((low <= periods[name]) & (periods[name] <= high)).all(), name
