"""The checks that the device-log specification sets (section 3), and the clock's methods.

Every expected value is worked out in the docstring from the sessions and clocks given to the
simulator, never from the reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import Text, inject_fault
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.text_writer import frame_line
from multifidus.cohort.devices.truth import DeviceDesign, DeviceLife, SessionTruth
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.reading import read_log

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
START = 1_609_459_200  # 2021-01-01T00:00:00Z


def daily(seconds: np.ndarray, hour: int = 8) -> SessionTruth:
    at = START + np.arange(len(seconds)) * DAY + hour * 3600
    return SessionTruth(at, seconds, np.zeros(len(at), dtype=np.int64))


def periods(
    folder: Path, files: list[bytes], years: int = 5, start: str = "2021-01-01", zone: str = "UTC"
) -> pd.DataFrame:
    folder.mkdir(exist_ok=True)
    for number, data in enumerate(files):
        (folder / f"P1-{number:02d}.ipglog").write_bytes(data)
    frame = pd.DataFrame({"participant_id": ["P1"], "exposure_start": pd.to_datetime([start])})
    frame["exposure_end"] = pd.NaT
    result = read_cohort_logs(folder, frame, years=years, zone=zone).periods
    return result.set_index("period")


def test_43_percent_of_a_year_is_157_hours(tmp_path: Path):
    """43 % of 3,600 s is 1,548 s a day; 365.25 days of it are 157.06 h, printed as 157.1.

    Over the 365 days of the year: 365 x 1,548 / 3,600 = 156.95 h, utilisation 0.43.
    """
    files = simulate_device("P1", START, [START + 365 * DAY + 60], daily(np.full(365, 1548)))
    year = periods(tmp_path, files).loc["year1"]
    assert year["utilisation"] == pytest.approx(0.43, abs=1e-12)
    assert year["hours"] == pytest.approx(156.95, abs=1e-9)
    assert round(year["utilisation"] * 365.25, 1) == 157.1


def test_1106_hours_of_five_years_are_606_thousandths(tmp_path: Path):
    """1,106 h = 3,981,600 s over 1,826 days: 2,180 s on 1,825 days and 3,100 s on one.

    1,825 x 2,180 + 3,100 = 3,981,600. 1,106 / 1,826.25 = 0.6056, and 1,106 / 1,826 the same to
    three places.
    """
    seconds = np.full(1826, 2180)
    seconds[100] = 3100
    assert seconds.sum() == 1106 * 3600
    reads = [START + 365 * DAY * year + 3600 for year in range(1, 5)] + [START + 1826 * DAY + 3600]
    overall = periods(tmp_path, simulate_device("P1", START, reads, daily(seconds))).loc["overall"]
    assert overall["exposure_days"] == 1826
    assert overall["hours"] == pytest.approx(1106.0, abs=1e-9)
    assert round(overall["utilisation"], 3) == 0.606
    assert round(overall["hours"] / 1826.25, 3) == 0.606


def test_a_night_of_daylight_saving_keeps_its_seconds(tmp_path: Path):
    """The night of 28 March 2021 in Paris, when 02:00 is 03:00.

    Sessions of 1,800 s at 22:40 UTC (23:40 local, 20 minutes before midnight) on 27 March and at
    00:50 UTC (01:50 local, over the jump from 02:00 to 03:00) on 28 March: 1,200 s fall on the
    27th and 600 + 1,800 s on the 28th.
    """
    at = np.asarray(
        [
            pd.Timestamp(text, tz="UTC").timestamp()
            for text in ("2021-03-27 22:40", "2021-03-28 00:50")
        ]
    ).astype(np.int64)
    truth = SessionTruth(at, np.full(2, 1800), np.zeros(2, dtype=np.int64))
    files = simulate_device(
        "P1", START, [START + 120 * DAY], truth, design=DeviceDesign(drift_ppm=0)
    )
    for start, hours in (("2021-03-28", 2400 / 3600), ("2021-03-27", 1.0)):
        frame = periods(tmp_path / start, files, 1, start, "Europe/Paris")
        assert frame.loc["year1", "hours"] == pytest.approx(hours, abs=2 / 3600)


def test_an_hour_seen_twice_is_two_hours(tmp_path: Path):
    """31 October 2021 in Paris: 00:10 and 01:10 UTC are both 02:10 local; both sessions count."""
    at = START + 303 * DAY + np.asarray([600, 4200])
    truth = SessionTruth(at, np.full(2, 1800), np.zeros(2, dtype=np.int64))
    files = simulate_device(
        "P1", START, [START + 310 * DAY], truth, design=DeviceDesign(drift_ppm=0)
    )
    frame = periods(tmp_path, files, 1, "2021-10-31", "Europe/Paris")
    assert frame.loc["year1", "hours"] == 1.0
    assert frame.loc["year1", "sessions_completed"] == 2


def test_splitting_a_download_and_merging_changes_nothing(tmp_path: Path):
    """One file of 200 days, and the same records cut into two downloads with the same header."""
    seconds = np.where(np.arange(200) % 3 == 0, 900, 1800)
    (whole,) = simulate_device("P1", START, [START + 200 * DAY + 60], daily(seconds))
    half = len(Text(whole).records) // 2
    parts = []
    for chosen in (slice(0, half), slice(half - 40, None)):
        text = Text(whole)
        text.records = text.records[chosen]
        first, last = (
            int(body[1:].split(b",", 1)[0]) for body in (text.records[0], text.records[-1])
        )
        text.head(b"Hring", b"Hring,3184,%d,%d,%d" % (first, last, first - 1))
        parts.append(text.write())
    one, two = periods(tmp_path / "a", [whole]), periods(tmp_path / "b", parts)
    pd.testing.assert_frame_equal(one, two)


def test_95_percent_of_the_length_is_a_completed_session(tmp_path: Path):
    """1,710 s of 1,800 are 95 %: completed; 1,709 s are not. Ten of each: 10 of 20 completed."""
    seconds = np.tile([1710, 1709], 10)
    files = simulate_device("P1", START, [START + 20 * DAY + 60], daily(seconds))
    overall = periods(tmp_path, files).loc["overall"]
    assert (overall["sessions_started"], overall["sessions_completed"]) == (20, 10)
    assert overall["completion"] == 0.5
    # Prescribed: two sessions a day.
    assert overall["delivered_share"] == 0.25


def test_truth_lies_within_the_bounds_of_a_replaced_and_damaged_device(tmp_path: Path):
    """Two implants, a ring that wraps, a visit missed, and each of the files damaged once."""
    rng = np.random.default_rng(3)
    first = daily(rng.integers(600, 1801, 400))
    after = rng.integers(600, 1801, 300)
    at = START + 410 * DAY + np.arange(300) * DAY + 8 * 3600
    second = SessionTruth(at, after, np.zeros(300, dtype=np.int64))
    design = DeviceDesign(capacity=900)
    files = simulate_device("P1", START, [START + 405 * DAY], first, design=design)
    files += simulate_device(
        "P1/2",
        START + 408 * DAY,
        [START + 560 * DAY, START + 710 * DAY + 60],
        second,
        design=design,
    )
    truth = (first.seconds.sum() + after.sum()) / 3600
    for number in (1, 3, 7, 9):
        damaged = [inject_fault(number, data, rng).data for data in files]
        overall = periods(tmp_path / str(number), damaged).loc["overall"]
        assert overall["hours_lower"] - 1e-9 <= truth <= overall["hours_upper"] + 1e-9
        assert overall["hours_lower"] <= overall["hours"] <= overall["hours_upper"]
        assert overall["coverage"] < 1


def one_year(life: DeviceLife | None = None, **design: float) -> list[bytes]:
    reads = [START + 100 * DAY, START + 200 * DAY]
    truth = daily(np.full(200, 1800))
    return simulate_device(
        "P1", START, reads, truth, life=life, design=DeviceDesign(drift_ppm=design.get("ppm", 0.0))
    )


def test_methods_of_time_and_their_uncertainty():
    """Between two downloads: sync 2 s + 1 s + 20 ppm of the distance to the nearer one.

    At 150 days both lie 50 days (4,320,000 s) away: 2 + 1 + 86.4 = 89.4 s, less the half hour of
    the day. Before the first download, at day 0.33, only one side is known and the rate is:
    3 + 20 ppm x 99.67 days = 175.2 s. With one download alone the rate is not: 100 ppm.
    """
    both = read_log(b"".join(one_year())).sessions
    assert set(both["time_method"][:100]) == {"one-sync"}
    assert set(both["time_method"][100:]) == {"between-syncs"}
    assert both["uncertainty_s"].iloc[150] == pytest.approx(
        3 + 20e-6 * (50 * DAY - 8 * 3600), abs=1
    )
    assert both["uncertainty_s"].iloc[0] == pytest.approx(3 + 20e-6 * (100 * DAY - 8 * 3600), abs=1)
    alone = read_log(one_year()[0]).sessions
    assert alone["uncertainty_s"].iloc[0] == pytest.approx(
        3 + 100e-6 * (100 * DAY - 8 * 3600), abs=1
    )


def test_a_reset_is_carried_over_by_chain_or_left_to_its_clock():
    """Reset at day 150: before it the first download anchors boot 1, after it the second boot 2."""
    result = read_log(b"".join(one_year(DeviceLife(resets=(START + 150 * DAY,)))))
    assert set(result.sessions["time_method"]) == {"one-sync"}
    assert result.segments["boot"].tolist() == [1, 2]
    # Of the second download alone, boot 1 has no sync record: the clock record that the programmer
    # wrote at the first visit anchors it, to a minute and 100 ppm of the distance.
    late = read_log(one_year(DeviceLife(resets=(START + 150 * DAY,)))[1]).sessions.iloc[:150]
    assert set(late["time_method"]) == {"chained"}
    expected = 60 + 1 + 100e-6 * (100 * DAY - 8 * 3600)
    assert late["uncertainty_s"].iloc[0] == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(("ppm", "flagged"), [(190.0, False), (210.0, True), (-210.0, True)])
def test_drift_is_flagged_above_200_ppm(ppm: float, flagged: bool):
    result = read_log(b"".join(one_year(ppm=ppm)))
    assert (19 in set(result.faults["fault"])) is flagged
    start = result.sessions["start_utc"].dt.as_unit("s").astype("int64").to_numpy()
    true = START + np.arange(200) * DAY + 8 * 3600
    assert np.abs(start - true).max() <= 2


def test_uncertainty_over_twelve_hours_counts_in_no_day(tmp_path: Path):
    """A sync uncertainty of 50,000 s: therapy is known, its days are not, and the log says so."""
    lines = one_year()[0].splitlines(keepends=True)
    for at, line in enumerate(lines):
        if line.startswith(b"Hsync"):
            lines[at] = frame_line(line[:-10].rpartition(b",")[0] + b",50000")
    result = read_log(b"".join(lines))
    assert result.sessions["seconds"].sum() == 100 * 1800
    assert not result.sessions["per_day"].any()
    overall = periods(tmp_path, [b"".join(lines)]).loc["overall"]
    assert (overall["hours_lower"], overall["coverage"]) == (0, 0)
    assert overall["utilisation_upper"] == 1
    # 100 sessions of half an hour are 50 h, and so says the lifetime counter.
    assert (overall["hours"], overall["hours_source"]) == (50, "lifetime counter")
