"""Logs of real devices in a study, and what independent tests of such logs asked for.

Every answer is worked out by hand in the docstring; events are written in the shapes of a Percept
report and of OpenNerve's published logging guide.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from device_lab.opennerve_log import read_opennerve
from multifidus.base.errors import DataError
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.formats.opennerve.scan import write_opennerve_ring
from multifidus.devicelogs.formats.percept.report import read_percept
from multifidus.devicelogs.history import Prescription
from multifidus.devicelogs.reading import read_log
from percept_report import make_report

if TYPE_CHECKING:
    from pathlib import Path

    from multifidus.devicelogs.formats.percept.report import PerceptReport

DAY = 86_400


def report(
    events: list[tuple[str, str]],
    *,
    start: str = "2026-03-31T10:00:00Z",
    end: str = "2026-03-31T10:10:00Z",
    found: tuple[str, str] = ("OFF", "OFF"),
) -> bytes:
    """A report without counters: stamps are all there is."""

    def change(content: dict[str, Any]) -> None:
        content["DiagnosticData"] = {
            "EventLogs": [
                {"DateTime": time, "TherapyStatus": f"TherapyChangeStatusDef.{word}"}
                for time, word in events
            ],
            "LFPTrendLogs": {},
            "LfpFrequencySnapshotEvents": [],
        }
        device = {"NeurostimulatorModel": "B35200", "DeviceDateTime": end}
        content["DeviceInformation"] = {"Initial": device, "Final": device}
        content.update(SessionDate=start, SessionEndDate=end)
        first, last = (f"StimStatusDef.{word}" for word in found)
        content["Stimulation"] = {"InitialStimStatus": first, "FinalStimStatus": last}

    return make_report(change)


def bounds(read: PerceptReport) -> list[tuple[int, int]]:
    return [(session.lower, session.upper) for session in read.therapy.sessions]


def roster(end: str | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"participant_id": ["P017"], "exposure_end": pd.to_datetime([end])})
    return frame.assign(exposure_start=pd.Timestamp("2026-03-01"))


def overall(folder: Path, standard: Prescription, end: str | None = None) -> pd.Series:
    found = read_cohort_logs(folder, roster(end), standard=standard)
    return found.periods.set_index("period").loc["overall"]


def test_percept_reports_in_a_study_give_adherence_with_bounds(tmp_path: Path) -> None:
    """Therapy on from 1 March 00:00 to 3 March 12:00, off after that; read on 11 March 00:00.

    Ten days of exposure prescribe 24 h each. Certain: 60 h, known: all of it, since nothing of the
    ten days lies outside the log. A second report whose off event is lost, of two ons on 5 and 6
    March, says that therapy was on from the 6th to its end: it adds bounds, never certainty.
    """
    (tmp_path / "P017").mkdir()
    always = Prescription(session_s=DAY, per_day=1)
    events = [("2026-03-01T00:00:00Z", "ON"), ("2026-03-03T12:00:00Z", "OFF")]
    end = {"start": "2026-03-10T23:50:00Z", "end": "2026-03-11T00:00:00Z"}
    (tmp_path / "P017/visit-1.json").write_bytes(report(events, **end))
    row = overall(tmp_path, always)
    assert row["exposure_days"] == 10
    assert (row["hours_lower"], row["hours"], row["hours_upper"]) == (60, 60, 60)
    assert row["utilisation"] == pytest.approx(60 / 240)
    assert row["coverage"] == 1


def test_a_lost_off_in_a_study_leaves_its_day_open(tmp_path: Path) -> None:
    """On 1 March 00:00, on again 2 March 00:00, off 3 March 00:00: 24 h certain, 48 h possible."""
    always = Prescription(session_s=DAY, per_day=1)
    events = [("2026-03-01T00:00:00Z", "ON"), ("2026-03-02T00:00:00Z", "ON")]
    events.append(("2026-03-03T00:00:00Z", "OFF"))
    end = {"start": "2026-03-10T23:50:00Z", "end": "2026-03-11T00:00:00Z"}
    (tmp_path / "P017-01.json").write_bytes(report(events, **end))
    row = overall(tmp_path, always)
    assert (row["hours_lower"], row["hours_upper"]) == (24, 48)
    assert row["observed_days"] == 9


def entry(at: datetime, body: str) -> bytes:
    return f"[{at:%Y-%m-%dT%H:%M:%S}Z(000)]{body}\r\n".encode()


def readout(first: datetime, days: int, minutes: int = 30) -> list[bytes]:
    """A boot, then one session a day at eight o'clock, and an entry at the next midnight."""
    entries = [entry(first, "<EV>PO   ")]
    for day in range(days):
        at = first + timedelta(days=day, hours=8)
        entries.append(entry(at, "<EV>SS   "))
        entries.append(entry(at + timedelta(minutes=minutes), "<EV>SE   "))
        entries.append(entry(first + timedelta(days=day + 1), "<BA>A=3.7V, B=3.6V"))
    return entries


MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("ring", [False, True])
def test_opennerve_logs_in_a_study_give_adherence_with_bounds(tmp_path: Path, ring: bool) -> None:
    """Ten days with half an hour each, 60 min a day prescribed: 5 h of 10 h, all of it observed."""
    entries = readout(MARCH, 10)
    data = write_opennerve_ring(entries) if ring else b"".join(entries)
    (tmp_path / "P017.log").write_bytes(data)
    row = overall(tmp_path, Prescription())
    assert row["exposure_days"] == 10
    assert (row["hours_lower"], row["hours"], row["hours_upper"]) == (5, 5, 5)
    assert row["utilisation"] == 0.5


def test_overlapping_read_outs_of_one_participant_count_once(tmp_path: Path) -> None:
    """Days 1 to 6 and days 4 to 10: ten sessions, 5 h."""
    entries = readout(MARCH, 10)
    (tmp_path / "P017-1.log").write_bytes(b"".join(entries[: 1 + 3 * 6]))
    (tmp_path / "P017-2.log").write_bytes(b"".join(entries[1 + 3 * 3 :]))
    found = read_cohort_logs(tmp_path, roster())
    row = found.periods.set_index("period").loc["overall"]
    assert (row["hours_lower"], row["hours_upper"], row["sessions_started"]) == (5, 5, 10)
    assert found.faults.query("fault == 13")["count"].tolist() == [3]


def test_time_between_read_outs_that_do_not_meet_is_unobserved(tmp_path: Path) -> None:
    """Days 1 to 3 and 8 to 10: six sessions, 3 h; four days unseen, at most 4 x 60 min: 7 h."""
    entries = readout(MARCH, 10)
    (tmp_path / "P017-1.log").write_bytes(b"".join(entries[: 1 + 3 * 3]))
    (tmp_path / "P017-2.log").write_bytes(b"".join(entries[3 * 7 : 1 + 3 * 10]))
    row = overall(tmp_path, Prescription())
    assert (row["hours_lower"], row["hours_upper"]) == (3, 7)
    assert row["observed_days"] == 6


def test_a_log_that_no_format_reads_is_an_error_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "P017.log").write_bytes(b"".join(readout(MARCH, 2)))
    (tmp_path / "notes.txt").write_text("read on Tuesday")
    with pytest.raises(DataError, match=r"1 log of the study \(notes\.txt\)") as caught:
        read_cohort_logs(tmp_path, roster())
    assert caught.value.error_id == "LOG-008"
    (tmp_path / "notes.txt").unlink()
    (tmp_path / ".notes").write_text("hidden files are no logs")
    assert len(read_cohort_logs(tmp_path, roster()).sessions) == 2


def test_a_log_that_names_nobody_is_kept_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "P0171.log").write_bytes(b"".join(readout(MARCH, 2)))
    found = read_cohort_logs(tmp_path, roster())
    assert found.faults.query("fault == 44")["count"].tolist() == [2]
    assert found.periods.empty


# Percept ------------------------------------------------------------------------------------

THREE = [("2026-03-01T00:00:00Z", "ON"), ("2026-03-02T00:00:00Z", "ON")]
THREE.append(("2026-03-03T00:00:00Z", "OFF"))


@pytest.mark.parametrize("order", [1, -1])
def test_a_lost_off_raises_no_lower_bound(order: int) -> None:
    """On, on, off on three days: a day certain, the day before it a bound; in either order."""
    read = read_percept(report(THREE[::order]))
    assert bounds(read) == [(0, DAY), (DAY, DAY)]
    assert read.faults.numbers() == {24}


@pytest.mark.parametrize("lost", range(4))
def test_no_single_lost_event_raises_what_is_certain(lost: int) -> None:
    """On 1, off 2, on 3, off 4 March: 48 h; without any one of them at most that."""
    days = [(f"2026-03-0{day}T00:00:00Z", word) for day, word in enumerate(["ON", "OFF"] * 2, 1)]
    read = read_percept(report(days[:lost] + days[lost + 1 :]))
    assert sum(lower for lower, _ in bounds(read)) <= 2 * DAY
    assert read.faults.numbers() & {24, 25}


@pytest.mark.parametrize(
    ("events", "found", "numbers", "expected"),
    [
        # Off without on: since when it was on, nothing says; the time before is unobserved.
        ([("2026-03-02T00:00:00Z", "OFF")], ("OFF", "OFF"), {25}, []),
        # Off twice: between the two it may have been on.
        (
            [("2026-03-02T00:00:00Z", "OFF"), ("2026-03-03T00:00:00Z", "OFF")],
            ("OFF", "OFF"),
            {25},
            [(0, DAY)],
        ),
        # A pause ends what is certain.
        (
            [("2026-03-02T00:00:00Z", "ON"), ("2026-03-03T00:00:00Z", "PAUSED")],
            ("OFF", "OFF"),
            {24, 33},
            [(DAY, DAY), (0, 28 * DAY + 36_600)],
        ),
        # An event after the end of the report has no time; nor has the end of the on before it.
        (
            [("2026-03-30T10:10:00Z", "ON"), ("2026-05-03T00:00:00Z", "OFF")],
            ("OFF", "OFF"),
            {23, 24},
            [(0, DAY)],
        ),
    ],
)
def test_each_event_out_of_place_is_a_fault(events, found, numbers, expected) -> None:
    """The report ends on 31 March at 10:10."""
    read = read_percept(report(events, found=found))
    assert read.faults.numbers() == numbers
    assert bounds(read) == expected


def test_stimulation_on_without_an_event_is_one_interval_of_unknown_length() -> None:
    """On at the start, 10:00, and at the end, 10:10: between 0 and 600 s."""
    read = read_percept(report([], found=("ON", "ON")))
    assert bounds(read) == [(0, 600)]
    assert 24 in read.faults.numbers()


@pytest.mark.parametrize(
    ("time_domain", "lfp", "numbers"),
    [
        ("0,2,4,6", [1, 3, 5], {39}),
        ("0,2,4,6", [1, 5], {7}),
        ("0,2,6", [1, 3, 5], {7}),
        ("0,2,4,6", "1,3,5", {39}),
    ],
)
def test_packets_are_counted_over_both_kinds_of_streams(time_domain, lfp, numbers) -> None:
    """Numbers 0 to 6 shared by two streams that start half a second apart."""

    def change(content: dict[str, Any]) -> None:
        content["BrainSenseTimeDomain"] = [
            {"FirstPacketDateTime": "2025-01-10T09:56:00.250Z", "GlobalSequences": time_domain}
        ]
        numbered = {"LfpData": [{"Seq": number} for number in lfp]} if lfp is not str(lfp) else {}
        content["BrainSenseLfp"] = [
            {
                "FirstPacketDateTime": "2025-01-10T09:56:00.750Z",
                **(numbered or {"GlobalSequences": lfp}),
            }
        ]

    assert read_percept(make_report(change)).faults.numbers() == numbers


def test_packet_sizes_that_are_not_the_samples_are_a_fault() -> None:
    def change(content: dict[str, Any]) -> None:
        content["BrainSenseTimeDomain"] = [
            {
                "FirstPacketDateTime": "2025-01-10T09:56:00Z",
                "GlobalSequences": "0,1,2",
                "GlobalPacketSizes": "62,63,63",
                "TimeDomainData": [0.0] * size,
            }
            for size in (188, 187)
        ]

    faults = read_percept(make_report(change)).faults.frame()
    assert faults[["fault", "count"]].to_numpy().tolist() == [[6, 1]]


def test_every_member_of_a_report_is_named_with_its_bytes() -> None:
    """A member of 5,000 bytes that is not read is not accepted, and is named."""
    data = make_report(lambda content: content.update(LfpMontage=[{"Data": "x" * 4984}]))
    result = read_log(data)
    size = len(json.dumps({"LfpMontage": [{"Data": "x" * 4984}]})) - len("{}")
    assert result.identity.flagged == size
    assert result.identity.balanced
    assert f"LfpMontage {size:,}" in result.facts["bytes_not_read"]
    assert "DiagnosticData" in result.facts["bytes_read"]


def test_a_list_of_two_reports_is_refused() -> None:
    data = b"[" + make_report() + b"," + make_report() + b"]"
    result = read_log(data)
    assert "reject" in set(result.faults.query("fault == 43")["outcome"])
    assert (result.identity.accepted, result.identity.flagged) == (0, len(data))


def test_impedances_by_other_keys_and_usage_above_the_whole_are_faults() -> None:
    def change(content: dict[str, Any]) -> None:
        half = content["Impedance"][0]["Hemisphere"][0]
        half["SessionImpedance"]["Monopolar"] = [{"Case_SenSight_1a": 1200}]
        content["GroupUsagePercentage"] = [
            {"GroupId": f"GroupIdDef.GROUP_{name}", "UsagePercentage": 60} for name in "AB"
        ]

    faults = read_percept(make_report(change)).faults.frame()
    assert faults["fault"].tolist() == [28, 33]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2025-01-10T01:00:00+00:00", "2025-01-10T01:00:02Z"),
        ("2025-01-10T03:00:00+02:00", "2025-01-10T01:00:02Z"),
        ("2025-01-10T01:00:00.750Z", "2025-01-10T01:00:02Z"),
        ("2025-01-09T20:00:00-05:00", "2025-01-10T01:00:02Z"),
    ],
)
def test_times_with_an_offset_are_read(written: str, utc: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content["DiagnosticData"]["EventLogs"][0]["DateTime"] = written

    result = read_log(make_report(change))
    assert result.faults.empty
    assert result.records["utc"].iloc[0] == pd.Timestamp(utc)


# OpenNerve ----------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", ["whole", "each"])
def test_a_log_dumped_twice_counts_once(copies: str) -> None:
    """Three sessions of half an hour, and ten entries that repeat another."""
    entries = readout(MARCH, 3)
    twice = [*entries, *entries] if copies == "whole" else [e for e in entries for _ in range(2)]
    log = read_opennerve(b"".join(twice))
    assert log.sessions["seconds_lower"].tolist() == [1800] * 3
    assert [(row[0], row[8]) for row in log.faults.rows] == [(8, 10)]


@pytest.mark.parametrize("year", [2000, 2008])
def test_sessions_after_a_clock_reset_have_no_place_in_time(year: int, tmp_path: Path) -> None:
    """Two days in March, a reset, two days on the default clock, then six days from 5 March on.

    The lengths of the two sessions are known, 1 h in all, their places are not: they are in no day.
    8 sessions, 4 h, are certain; days 3 and 4 are unobserved, so at most 2 h more.
    """
    entries = readout(MARCH, 2)
    entries += readout(datetime(year, 1, 1, tzinfo=UTC), 2)
    entries += readout(MARCH + timedelta(days=4), 6)
    (tmp_path / "P017.log").write_bytes(b"".join(entries))
    result = read_log(tmp_path / "P017.log")
    lost = result.sessions[result.sessions["start_utc"].isna()]
    assert lost["seconds"].tolist() == [1800, 1800]
    assert not lost["per_day"].any()
    assert set(lost["time_method"]) == {"none"}
    assert 17 in set(result.faults["fault"])
    row = overall(tmp_path, Prescription())
    assert (row["hours_lower"], row["hours_upper"]) == (4, 6)
    assert row["hours"] == 5


def test_an_hour_that_daylight_saving_repeats_is_not_certain_twice() -> None:
    """The clock goes back from 03:00 to 02:00: sessions at 02:10 before and after it.

    Their stamps overlap, as those of lines out of order would. Neither is certain, both possible.
    """
    at = MARCH + timedelta(hours=2, minutes=10)
    entries = [entry(MARCH, "<EV>PO   ")]
    for _ in range(2):
        entries += [entry(at, "<EV>SS   "), entry(at + timedelta(minutes=30), "<EV>SE   ")]
        at += timedelta(seconds=1)
    log = read_opennerve(b"".join(entries))
    assert 18 in log.faults.numbers()
    assert (log.sessions["seconds_upper"] == 1800).all()
    assert log.sessions["seconds_lower"].sum() <= 1800


def test_a_clock_set_forward_within_a_session_makes_no_two_days() -> None:
    """A start, a clock set two days on, a stop three hours later: 51 h by the clock."""
    stop = MARCH + timedelta(hours=51)
    log = read_opennerve(entry(MARCH, "<EV>SS   ") + entry(stop, "<EV>SE   "))
    assert log.sessions[["seconds_lower", "seconds_upper"]].to_numpy().tolist() == [[0, DAY]]
    assert log.faults.numbers() == {27}


def test_equal_notes_of_a_ring_are_one_line_with_a_count() -> None:
    """A ring of 1,000 entries whose line ends were lost: one fault that counts them."""
    entries = [e[:-2] + b"\x00" for e in readout(MARCH, 333)]
    result = read_log(write_opennerve_ring(entries))
    counted = result.faults.query("fault == 4")
    assert len(counted) == 1
    assert counted["count"].iloc[0] == 1000
