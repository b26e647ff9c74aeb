"""What clocks do in the field, for every format; the answers are worked out on paper.

Cases that users of such devices report: the clock back to 2008 at shutdown, daylight saving, a
change of zone that loses an hour, the first clock change lost, two records with one stamp, a
recording of three hours that becomes two days, sessions across midnight and noon. The device's own
tick (text form), its counter (Percept) and the host's UTC (RC+S) place records whatever a wall
clock shows; OpenNerve and ResMed have their clock only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import Text
from device_lab.vendor_logs import stim_log, str_edf
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import DeviceLife, SessionTruth
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.reading import read_log

if TYPE_CHECKING:
    from pathlib import Path

    from multifidus.devicelogs.reading import LogResult

HOUR, DAY = 3600, 86_400
T0 = 1_767_225_600  # 2026-01-01T00:00:00Z
NOON = 12 * HOUR
DATES = 20_454  # days from 1970-01-01 to 2026-01-01: 56 years of 365 days and 14 leap days


def iso(seconds: int) -> str:
    return f"{np.datetime64(seconds, 's')}Z"


def text_log(starts: list[int], life: DeviceLife | None = None, days: int = 20) -> bytes:
    """Write sessions of half an hour, some seconds since T0."""
    truth = SessionTruth(
        T0 + np.asarray(starts), np.full(len(starts), 1800), np.zeros(len(starts), dtype=np.int64)
    )
    return simulate_device("P1", T0, [T0 + days * DAY + 600], truth, life=life or DeviceLife())[0]


def percept(events: list[tuple[int, int, str]], end: int = 20 * DAY) -> bytes:
    """Write a report: seconds since T0 by counter and by stamp, and the word of each event."""

    def stamp(counter: int, clock: int) -> dict[str, object]:
        return {"DateTime": iso(T0 + clock), "DateTimeOffsetInSeconds": 5_000_000 + counter}

    device = {f"Device{name}": value for name, value in stamp(end, end).items()}
    word = events[-1][2]
    return json.dumps(
        {
            "ProgrammerVersion": "5.0",
            "SessionDate": iso(T0 + end - 600),
            "SessionEndDate": iso(T0 + end),
            "ProgrammerUtcOffset": "+00:00",
            "DeviceInformation": {"Initial": device, "Final": device},
            "Stimulation": {
                "InitialStimStatus": f"StimStatusDef.{word}",
                "FinalStimStatus": f"StimStatusDef.{word}",
            },
            "DiagnosticData": {
                "EventLogs": [
                    {**stamp(at, clock), "TherapyStatus": f"TherapyChangeStatusDef.{said}"}
                    for at, clock, said in events
                ],
                "LFPTrendLogs": {},
                "LfpFrequencySnapshotEvents": [],
            },
        }
    ).encode()


def opennerve(events: list[tuple[int, str]]) -> bytes:
    """Write a read-out: seconds since T0 of the device's clock, and the label of each event."""
    return b"".join(f"[{iso(T0 + at)}(000)]<EV>{label:<5}\r\n".encode() for at, label in events)


def rcs(statuses: list[tuple[float, int]]) -> bytes:
    return stim_log([(T0 + at, code) for at, code in statuses], str(T0 * 1000))


def bounds(result: LogResult) -> list[tuple[int, int]]:
    sessions = result.sessions
    return list(zip(sessions["seconds_lower"], sessions["seconds_upper"], strict=True))


def faults(result: LogResult) -> set[int]:
    return set(result.faults["fault"])


def overall(folder: Path, data: bytes) -> pd.Series:
    """Read a log of P1 with exposure from 1 January 2026, and return its period of all years."""
    (folder / "P1.log").write_bytes(data)
    roster = pd.DataFrame(
        {"participant_id": ["P1"], "exposure_start": pd.to_datetime(["2026-01-01"])}
    ).assign(exposure_end=pd.NaT)
    periods = read_cohort_logs(folder, roster).periods
    return periods[periods["period"] == "overall"].iloc[0]


def days_with_therapy(row: pd.Series) -> int:
    return round(row["days_covered_any_lower"] * row["exposure_days"])


# Clock back to 2008 at shutdown -------------------------------------------------------------


def test_2008_at_shutdown_text():
    """Ticks and the sync at the download place a boot whose clock counts from 2008."""
    starts = [day * DAY + 8 * HOUR for day in range(1, 19)]
    text = Text(text_log(starts, DeviceLife(resets=(T0 + 10 * DAY,))))
    for row, body in enumerate(text.records):
        fields = body.split(b",")
        if fields[1] != b"0":
            text.set(row, clock=iso(1_199_145_600 + int(fields[2])))  # 2008-01-01T00:00:00Z
    result = read_log(text.write())
    assert (result.sessions["seconds"] == 1800).all()
    assert len(result.sessions) == 18
    late = result.sessions[
        result.sessions["start_utc"] > pd.Timestamp(T0 + 11 * DAY, unit="s", tz="UTC")
    ]
    at = late["start_utc"].dt.as_unit("s").astype("int64") - T0
    assert (np.abs(at - np.asarray(starts[-len(at) :])) <= late["uncertainty_s"]).all()


def test_2008_at_shutdown_percept():
    """The off is stamped in 2008, its counter says 08:30 of 2 January: half an hour is certain."""
    shutdown = 1_199_145_600 - T0
    start, stop = DAY + 8 * HOUR, DAY + 8 * HOUR + 1800
    result = read_log(percept([(start, start, "ON"), (stop, shutdown, "OFF")]))
    assert 18 in faults(result)
    assert bounds(result)[0][0] <= 1800 <= bounds(result)[0][1]


def test_2008_at_shutdown_opennerve():
    """A boot in 2008: its session of half an hour has no place, the one of 2026 has."""
    early = 1_199_145_600 - T0
    start = DAY + 8 * HOUR
    log = [(start, "SS"), (start + 1800, "SE"), (early, "PO"), (early + 60, "SS")]
    result = read_log(opennerve([*log, (early + 1860, "SE")]))
    assert 17 in faults(result)
    placed = result.sessions[result.sessions["start_utc"].notna()]
    assert placed["seconds"].tolist() == [1800]
    assert len(result.sessions) == 2


def test_2008_at_shutdown_rcs():
    """The off of 2008 has no place, so the therapy before it has no certain second."""
    early = 1_199_145_600 - T0
    result = read_log(rcs([(HOUR, 1), (early, 0), (2 * HOUR, 0)]))
    assert 17 in faults(result)
    assert bounds(result) == [(0, HOUR)]


def test_2008_at_shutdown_resmed(tmp_path: Path):
    """Of four nights of eight hours the one of 2008 has no place: 24 h are certain."""
    night = ((600, 1080),)
    dates = [DATES, DATES + 1, 13_879, DATES + 3]  # 13,879 is 2008-01-01
    data = str_edf([night] * 4, dates=dates)
    result = read_log(data)
    assert 18 in faults(result)
    row = overall(tmp_path, data)
    assert row["hours_lower"] == 24.0


# Daylight saving, and a change of zone that loses an hour ------------------------------------


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_a_wall_clock_that_moves_an_hour_moves_no_session_of_the_text_form(shift: int):
    """By the tick: 18 sessions at 08:00, whatever the clock shows from 10 January on."""
    starts = [day * DAY + 8 * HOUR for day in range(1, 19)]
    result = read_log(text_log(starts, DeviceLife(clock_shifts=((T0 + 10 * DAY, shift),))))
    at = result.sessions["start_utc"].dt.as_unit("s").astype("int64") - T0
    assert np.abs(at - np.asarray(starts)).max() <= result.sessions["uncertainty_s"].max()
    assert result.sessions["seconds"].sum() == 18 * 1800
    assert 18 in faults(result)


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_a_wall_clock_that_moves_an_hour_within_therapy_percept(shift: int):
    """On for two hours by the counter; the stamp of the off is an hour away: 1 to 3 hours."""
    events = [(DAY, DAY, "ON"), (DAY + 2 * HOUR, DAY + 2 * HOUR + shift, "OFF")]
    result = read_log(percept(events))
    lower, upper = bounds(result)[0]
    assert (lower, upper) == ((HOUR, 2 * HOUR) if shift < 0 else (2 * HOUR, 3 * HOUR))
    assert lower <= 2 * HOUR <= upper


def test_a_wall_clock_that_goes_back_within_a_session_opennerve():
    """Autumn: 02:45 to 02:15 of the wall clock. Its length is unknown, nothing is certain."""
    start = DAY + 2 * HOUR + 2700
    result = read_log(opennerve([(DAY, "PO"), (start, "SS"), (start - 1800, "SE")]))
    assert 18 in faults(result)
    assert bounds(result) == [(0, DAY)]


def test_a_wall_clock_that_moves_between_sessions_opennerve():
    """Spring: 01:00 to 01:30, then an hour is lost: 03:30 to 04:00. Twice half an hour."""
    events = [(DAY + HOUR, "SS"), (DAY + HOUR + 1800, "SE")]
    events += [(DAY + 3 * HOUR + 1800, "SS"), (DAY + 4 * HOUR, "SE")]
    assert bounds(read_log(opennerve(events))) == [(1800, 1800)] * 2


def test_daylight_saving_is_no_matter_of_the_hosts_utc_rcs():
    """29 March 2026, 00:30 to 01:30 UTC, over the change in Europe: one hour."""
    march = 87 * DAY  # 31 + 28 + 28 days after 1 January
    assert bounds(read_log(rcs([(march + 1800, 1), (march + 5400, 0)]))) == [(HOUR, HOUR)]


def test_a_night_stays_one_day_when_the_clock_moves_resmed(tmp_path: Path):
    """Minutes since noon: 22:00 to 06:00 and, an hour later by the clock, 23:00 to 07:00."""
    row = overall(tmp_path, str_edf([((600, 1080),), ((660, 1140),)]))
    assert (row["hours_lower"], days_with_therapy(row)) == (16.0, 2)


def test_the_first_clock_change_is_lost_text():
    """Without the record of the first of two changes the tick still places every session."""
    starts = [day * DAY + 8 * HOUR for day in range(1, 19)]
    shifts = ((T0 + 5 * DAY, HOUR), (T0 + 12 * DAY, -HOUR))
    text = Text(text_log(starts, DeviceLife(clock_shifts=shifts)))
    first = next(n for n, body in enumerate(text.records) if body.split(b",")[4] == b"CLK")
    text.records.pop(first)
    result = read_log(text.write())
    at = result.sessions["start_utc"].dt.as_unit("s").astype("int64") - T0
    assert np.abs(at - np.asarray(starts)).max() <= result.sessions["uncertainty_s"].max()
    assert {7, 18} <= faults(result)


def test_the_first_clock_change_is_lost_percept():
    """No event says that the clock moved; the counter places on and off: an hour on."""
    events = [(DAY, DAY, "ON"), (DAY + HOUR, DAY + HOUR, "OFF")]
    events += [(2 * DAY, 2 * DAY + HOUR, "ON"), (2 * DAY + HOUR, 2 * DAY + 2 * HOUR, "OFF")]
    result = read_log(percept(events))
    assert bounds(result)[0] == (HOUR, HOUR)
    # Both stamps of the second are an hour late: on no later than 01:00, off no sooner.
    assert bounds(result)[1] == (0, 2 * HOUR)
    assert 18 in faults(result)


# Two records with one stamp ------------------------------------------------------------------


def test_two_records_with_one_stamp():
    """One session ends in the second in which the next begins: two hours in all."""
    edges = [DAY, DAY + HOUR, DAY + 2 * HOUR]
    words = [(edges[0], "ON"), (edges[1], "OFF"), (edges[1], "ON"), (edges[2], "OFF")]
    assert bounds(read_log(percept([(at, at, word) for at, word in words]))) == [(HOUR, HOUR)] * 2
    labels = [(at, "SS" if word == "ON" else "SE") for at, word in words]
    assert bounds(read_log(opennerve(labels))) == [(HOUR, HOUR)] * 2
    statuses = [(float(at), int(word == "ON")) for at, word in words]
    assert bounds(read_log(rcs(statuses))) == [(HOUR, HOUR)] * 2


def test_on_and_off_in_one_second_is_no_therapy_rcs():
    """On and off at 01:00, off again at 02:00: the order of the file says that it was off."""
    found = bounds(read_log(rcs([(0, 0), (HOUR, 1), (HOUR, 0), (2 * HOUR, 0)])))
    assert all(lower == 0 for lower, _ in found)


def test_two_records_with_one_stamp_text():
    """The stop and the next start carry one tick and one clock: half an hour each."""
    text = Text(text_log([DAY + 8 * HOUR, DAY + 9 * HOUR]))
    rows = [n for n, b in enumerate(text.records) if b.split(b",")[4] in {b"SST", b"SEN"}]
    tick, clock = text.records[rows[1]].split(b",")[2:4]
    for row in range(rows[1] + 1, rows[2] + 1):
        text.set(row, tick=tick.decode(), clock=clock.decode())
    tick = int(tick) + 1800
    text.set(rows[3], tick=tick)
    assert read_log(text.write()).sessions["seconds_lower"].tolist() == [1800, 1800]


def test_two_days_with_one_date_resmed(tmp_path: Path):
    """Two records of 2 January: nobody knows which is that night. One of three is certain."""
    data = str_edf([((600, 1080),)] * 3, dates=[DATES, DATES + 1, DATES + 1])
    assert 18 in faults(read_log(data))
    assert overall(tmp_path, data)["hours_lower"] == 8.0


# Three hours that become two days ------------------------------------------------------------


def test_three_hours_that_become_two_days():
    """The stop carries a stamp of two days later than its three hours."""
    start, stop, stamp = DAY, DAY + 3 * HOUR, 3 * DAY + 3 * HOUR
    # The counter says three hours, the stamp 51: certain is the shorter.
    found = read_log(percept([(start, start, "ON"), (stop, stamp, "OFF")]))
    assert bounds(found)[0] == (3 * HOUR, 51 * HOUR)
    # A session of more than a day has no certain second, and counts as a day at most.
    found = read_log(opennerve([(start, "SS"), (stamp, "SE")]))
    assert bounds(found) == [(0, DAY)]
    assert 27 in faults(found)
    # A recording lasts 30 hours at most.
    found = read_log(rcs([(start, 1), (stamp, 0)]))
    assert bounds(found) == [(0, 30 * HOUR)]
    assert 27 in faults(found)


def test_three_hours_that_become_two_days_text():
    """An end record of two days after its start stores 1,800 s; the tick says so too."""
    text = Text(text_log([DAY + 8 * HOUR]))
    row = next(n for n, body in enumerate(text.records) if body.split(b",")[4] == b"SEN")
    text.set(row, clock=iso(T0 + 3 * DAY + 8 * HOUR))
    result = read_log(text.write())
    assert result.sessions["seconds"].tolist() == [1800]
    assert 18 in faults(result)


def test_a_mask_time_beyond_the_day_is_corruption_resmed(tmp_path: Path):
    """Mask on at minute 1,500: no pair, no settings of that day, and the day is unobserved."""
    data = str_edf([((600, 1080),), ((1500, 1560),), ((600, 1080),)])
    result = read_log(data)
    assert 28 in faults(result)
    assert result.records["Mode"].isna().tolist() == [False, True, False]
    row = overall(tmp_path, data)
    assert (row["hours_lower"], row["observed_days"]) == (16.0, 2)


# Across midnight and across noon -------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "days"), [(DAY + 23 * HOUR + 2700, 2), (DAY + 11 * HOUR + 2700, 1)]
)
def test_a_session_across_midnight_is_two_days_and_across_noon_one(
    begin: int, days: int, tmp_path: Path
):
    """23:45 to 00:15 and 11:45 to 12:15: half an hour in all, on two days or on one."""
    end = begin + 1800
    logs = {
        "text": text_log([begin]),
        "percept": percept([(begin, begin, "ON"), (end, end, "OFF")]),
        "opennerve": opennerve([(HOUR, "PO"), (begin, "SS"), (end, "SE"), (9 * DAY, "BC")]),
        "rcs": rcs([(begin - HOUR, 0), (begin, 1), (end, 0), (end + 26 * HOUR, 0)]),
    }
    for name, data in logs.items():
        folder = tmp_path / name
        folder.mkdir()
        row = overall(folder, data)
        assert row["hours_lower"] == 0.5, name
        assert days_with_therapy(row) == days, name


def test_a_night_across_midnight_is_one_day_resmed(tmp_path: Path):
    """22:00 to 06:00 counts on the day on which it begins."""
    row = overall(tmp_path, str_edf([((600, 1080),), ()]))
    assert (row["hours_lower"], days_with_therapy(row), row["exposure_days"]) == (8.0, 1, 2)


def test_a_session_across_noon_is_divided_by_the_machine_resmed(tmp_path: Path):
    """11:00 to 13:00: on until the end of one day and from the beginning of the next.

    The last mask off and the first mask on are not stored.
    """
    data = str_edf([((1380, -1),), ((-1, 60),)])
    assert bounds(read_log(data)) == [(HOUR, HOUR)] * 2
    row = overall(tmp_path, data)
    assert (row["hours_lower"], days_with_therapy(row)) == (2.0, 2)
