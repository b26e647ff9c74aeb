"""Adherence against answers worked by hand, through files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import Text
from multifidus.analyses.device_use.summary import summarise_device_use
from multifidus.analyses.inputs import AnalysisInputs
from multifidus.base.errors import DataError
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import (
    DeviceDesign,
    DeviceLife,
    PrescriptionChange,
    SessionTruth,
)
from multifidus.config.load import load_sections
from multifidus.devicelogs.adherence.cohort import read_cohort_logs

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
START = 1_609_459_200  # 2021-01-01T00:00:00Z


def sessions(
    days: np.ndarray, hours: tuple[int, ...] = (8, 20), seconds: int = 1800
) -> SessionTruth:
    start = (START + days[:, None] * DAY + np.asarray(hours) * 3600).ravel()
    return SessionTruth(start, np.full(len(start), seconds), np.zeros(len(start), dtype=np.int64))


def roster(name: str = "P1", start: str = "2021-01-01", end: str | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "participant_id": [name],
            "exposure_start": pd.to_datetime([start]),
            "exposure_end": pd.to_datetime([end]),
        }
    )


def write(folder: Path, files: list[bytes], name: str = "P1") -> Path:
    for number, data in enumerate(files):
        (folder / f"{name}-{number:02d}.ipglog").write_bytes(data)
    return folder


def period(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[frame["period"] == name].iloc[0]


def test_full_use_of_a_year_is_one(tmp_path: Path):
    """3,600 s on each of 365 days, prescribed 3,600 s a day: 1.000 by definition."""
    files = simulate_device("P1", START, [START + 365 * DAY + 60], sessions(np.arange(365)))
    year = period(read_cohort_logs(write(tmp_path, files), roster()).periods, "year1")
    assert year["exposure_days"] == 365
    for name in ("utilisation", "utilisation_lower", "utilisation_upper", "capped_utilisation"):
        assert year[name] == 1.0
    assert year["hours"] == 365.0
    assert year["coverage"] == 1.0
    assert year["both_session_days"] == 1.0
    assert year["delivered_share"] == 1.0
    # 60 contractions a session of 30 minutes, 10 s on and 20 s off; on-time is a third.
    assert year["contractions"] == 365 * 120
    assert year["on_time_hours"] == pytest.approx(365 / 3)
    # Charge per side: 3 mA x 214 us x 20 Hz x 600 s a session = 7.704 mC.
    assert year["charge_left_mc"] == pytest.approx(730 * 3e-3 * 214e-6 * 20 * 600 * 1e3)


def test_mean_of_five_years_of_use(tmp_path: Path):
    """One session of 30 minutes a day: half of the maximum; 1826 days of 5 years (one leap)."""
    days = np.arange(1826)
    reads = [START + int(year * 365.25) * DAY + 3600 for year in range(1, 6)]
    files = simulate_device("P1", START, reads, sessions(days, hours=(8,)))
    result = read_cohort_logs(write(tmp_path, files), roster())
    overall = period(result.periods, "overall")
    assert overall["exposure_days"] == 1826
    assert overall["hours"] == 913.0
    assert overall["utilisation"] == 0.5
    assert overall["coverage"] == 1.0
    assert overall["days_covered_any"] == 1.0
    assert overall["days_covered_50"] == 1.0
    assert overall["days_covered_80"] == 0.0
    assert overall["longest_gap_days"] == 0
    assert overall["start_time_sd_hours"] == pytest.approx(0, abs=0.05)


def test_wrapped_ring_is_bounded_and_filled_from_the_lifetime_counter(tmp_path: Path):
    """One download after two years, ring of 2,000 records: most of the first year is lost."""
    truth = sessions(np.arange(730))
    design = DeviceDesign(capacity=2000)
    files = simulate_device("P1", START, [START + 730 * DAY + 60], truth, design=design)
    first = period(read_cohort_logs(write(tmp_path, files), roster()).periods, "year1")
    assert first["coverage"] < 0.3
    assert first["hours_lower"] < 120
    assert first["hours_upper"] == pytest.approx(365.0, abs=1e-9)
    assert first["hours_source"] == "lifetime counter"
    # 365 hours were delivered in the year; the counter gives them back.
    assert first["hours"] == pytest.approx(365.0, abs=1.5)


def test_day_with_an_absent_end_is_left_out_of_the_point_only(tmp_path: Path):
    """An end that the device did not write: its session counts 0 below, 1,800 s above."""
    truth = sessions(np.arange(10), seconds=1700)
    (data,) = simulate_device("P1", START, [START + 10 * DAY + 60], truth)
    text = Text(data)
    text.replace(text.of_type(b"SEN"), b"MAG,ON,5,,,,,,")
    year = period(read_cohort_logs(write(tmp_path, [text.write()]), roster()).periods, "overall")
    assert year["hours_lower"] == pytest.approx(19 * 1700 / 3600)
    assert year["hours_upper"] == pytest.approx((19 * 1700 + 1800) / 3600)
    assert year["observed_days"] == 9
    assert year["utilisation"] == pytest.approx(3400 / 3600)


def test_a_block_that_does_not_verify_is_unobserved_time(tmp_path: Path):
    """One flipped bit in the first of the blocks costs its records and widens the bounds.

    The block ends with number 63; the next record, number 64, is on day 8 of 10. The sessions of
    days 0 to 7 count 0 below, and at least all that was delivered above.
    """
    truth = sessions(np.arange(10), seconds=1700)
    (data,) = simulate_device("P1", START, [START + 10 * DAY + 60], truth)
    at = data.index(b"SEN,CPL,1700")
    damaged = data[:at] + b"SEN,CPL,1800" + data[at + 12 :]
    edge = next(line for line in data.splitlines() if line.startswith(b"R64,"))
    day = int(edge.split(b",")[3][8:10]) - 1
    year = period(read_cohort_logs(write(tmp_path, [damaged]), roster()).periods, "overall")
    assert year["hours_lower"] <= 2 * (10 - day) * 1700 / 3600
    assert year["hours_upper"] >= 20 * 1700 / 3600
    assert year["observed_days"] <= 10 - day


def test_a_download_with_a_damaged_header_widens_the_bounds_up_to_its_date(tmp_path: Path):
    """Read on days 10 and 20; the second download's header is damaged in its ring line.

    Its device and download lines verify: exposure goes on to day 20, and days 10 to 19 are
    unobserved. 20 sessions of 1,800 s are certain, 10 h; 10 h more are possible.
    """
    truth = sessions(np.arange(20))
    files = simulate_device("P1", START, [START + 10 * DAY + 60, START + 20 * DAY + 60], truth)
    at = files[1].index(b"Hring") + 7
    files[1] = files[1][:at] + bytes([files[1][at] ^ 1]) + files[1][at + 1 :]
    result = read_cohort_logs(write(tmp_path, files), roster())
    year = period(result.periods, "overall")
    assert year["exposure_days"] == 20
    assert (year["hours_lower"], year["hours_upper"]) == (10.0, 20.0)
    assert 45 in set(result.faults["fault"])


def test_no_download_means_no_exposure_days(tmp_path: Path):
    result = read_cohort_logs(tmp_path, roster())
    assert result.periods.empty
    assert result.sessions.empty
    assert result.identities.empty


def test_exposure_ends_with_the_explant_and_starts_with_the_switch(tmp_path: Path):
    truth = sessions(np.arange(300))
    files = simulate_device("P1", START, [START + 300 * DAY + 60], truth)
    frame = roster(start="2021-05-01", end="2021-08-09")
    overall = period(read_cohort_logs(write(tmp_path, files), frame).periods, "overall")
    assert overall["exposure_days"] == 100
    assert overall["hours"] == 100.0


def test_changed_prescription_changes_the_denominator_by_day(tmp_path: Path):
    """20 days of two sessions, then one session prescribed: 20 x 3600 + 20 x 1800 s prescribed."""
    change = PrescriptionChange(START + 20 * DAY - 3600, "per_day", 1)
    life = DeviceLife(prescription_changes=(change,))
    truth = sessions(np.arange(40), hours=(8,))
    files = simulate_device("P1", START, [START + 40 * DAY + 60], truth, life=life)
    overall = period(read_cohort_logs(write(tmp_path, files), roster()).periods, "overall")
    assert overall["prescribed_hours"] == 30.0
    assert overall["utilisation"] == pytest.approx(20 / 30)


def test_clock_shifts_and_a_reset_change_no_total(tmp_path: Path):
    truth = sessions(np.arange(300))
    reads = [START + 150 * DAY + 3600, START + 300 * DAY + 3600]
    quiet = simulate_device("P1", START, reads, truth)
    moved = DeviceLife(
        clock_shifts=((START + 50 * DAY, 3600), (START + 250 * DAY, -7200)),
        resets=(START + 200 * DAY,),
    )
    shifted = simulate_device("P1", START, reads, truth, life=moved)
    totals = []
    for number, files in enumerate((quiet, shifted)):
        folder = tmp_path / str(number)
        folder.mkdir()
        overall = period(read_cohort_logs(write(folder, files), roster()).periods, "overall")
        totals.append((overall["hours"], overall["hours_lower"], overall["exposure_days"]))
    assert totals[0] == totals[1] == (300.0, 300.0, 300)


def test_second_implant_goes_on_where_the_first_ended(tmp_path: Path):
    before, after = sessions(np.arange(100)), sessions(np.arange(110, 200))
    first = simulate_device("P1", START, [START + 105 * DAY], before)
    second = simulate_device("P1/2", START + 108 * DAY, [START + 200 * DAY + 60], after, rng_seed=4)
    result = read_cohort_logs(write(tmp_path, [*first, *second]), roster())
    overall = period(result.periods, "overall")
    assert overall["hours"] == 190.0
    assert overall["exposure_days"] == 200
    assert set(result.sessions["device"]) == {"P1", "P1/2"}


def test_use_outside_the_implant_and_of_others_is_kept_out(tmp_path: Path):
    files = simulate_device("P1", START, [START + 30 * DAY], sessions(np.arange(30)))
    others = simulate_device("P9", START, [START + 30 * DAY], sessions(np.arange(30)))
    write(tmp_path, files)
    write(tmp_path, others, "P9")
    frame = roster().assign(activation_date=pd.Timestamp("2021-01-11"))
    result = read_cohort_logs(tmp_path, frame)
    assert period(result.periods, "overall")["hours"] == 20.0
    wrong = result.faults[result.faults["fault"] == 44]
    assert wrong["count"].tolist() == [20, 60]
    assert set(result.periods["participant_id"]) == {"P1"}


def test_workers_and_shards_change_nothing(tmp_path: Path):
    names = [f"P{number}" for number in range(4)]
    for number, name in enumerate(names):
        truth = sessions(np.arange(20 + number))
        write(tmp_path, simulate_device(name, START, [START + 25 * DAY], truth), name)
    frame = pd.concat([roster(name) for name in names], ignore_index=True)
    one = read_cohort_logs(tmp_path, frame)
    many = read_cohort_logs(tmp_path, frame, shard_bytes=1, processes=2)
    for name in ("sessions", "faults", "identities", "periods", "months"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(many, name))


def test_group_figures_over_exposed_and_over_continuers(tmp_path: Path):
    """Utilisations 0, 0.5 and 1: median 0.5 of the exposed; 0.75 of the two who continued."""
    for name, hours in (("P1", ()), ("P2", (8,)), ("P3", (8, 20))):
        truth = sessions(np.arange(20), hours=hours)
        write(tmp_path, simulate_device(name, START, [START + 20 * DAY + 60], truth), name)
    frame = pd.concat([roster(name) for name in ("P1", "P2", "P3")], ignore_index=True)
    study = load_sections(
        {"device_use.years": 5, "device_use.minimum_coverage": 0.8, "visits": [], "outcomes": []}
    )
    usage = read_cohort_logs(tmp_path, frame).periods
    rows = summarise_device_use(AnalysisInputs(study, {}, usage=usage))
    found = {row.result_id: row.value for row in rows}
    for ending in ("", "_lower", "_upper"):
        stem = f"device_use.utilisation{ending}.overall"
        assert found[f"{stem}.exposed.all.median"] == 50
        assert found[f"{stem}.continuers.all.median"] == 75
    assert found["device_use.continued.overall.exposed.all.percent"] == pytest.approx(200 / 3)


def test_roster_and_paths_are_checked(tmp_path: Path):
    with pytest.raises(DataError, match="LOG-001") as absent:
        read_cohort_logs([tmp_path / "none.ipglog"], roster())
    assert absent.value.error_id == "LOG-001"
    with pytest.raises(DataError, match="LOG-002"):
        read_cohort_logs(tmp_path, roster().drop(columns="exposure_end"))
    twice = pd.concat([roster(), roster()], ignore_index=True)
    with pytest.raises(DataError, match="LOG-002"):
        read_cohort_logs(tmp_path, twice)
