"""Logs written from the specification alone, read by the package.

The sample in the specification fixes the writer: its check is reproduced below. The device:
activated on 2021-01-01 at 00:00 UTC, tick 0 then, clock
9 s ahead, two sessions of 1,800 s a day at 08:00 and 20:00.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from own_logs import (
    AHEAD,
    DAY,
    DEFAULT,
    START,
    T0,
    Rec,
    at,
    device,
    faults,
    header,
    iso,
    line,
    lines,
    renumbered,
    text_log,
)

from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.reading import read_log

if TYPE_CHECKING:
    from pathlib import Path


def test_the_writer_reproduces_the_sample_of_the_specification() -> None:
    """Specification, section 1: the line of record 3299."""
    clock = int(datetime(2021, 3, 3, 22, 20, 40, tzinfo=UTC).timestamp())
    end = Rec(3299, 3, 20_368_211, clock, "SEN", ("CPL", 1800, 60, 31, 28, 0))
    assert line(end.body()).endswith(b",SEN,CPL,1800,60,31,28,0,,*2832703F\n")


def test_a_line_cut_with_its_line_end_in_the_middle_of_the_file_is_fault_3() -> None:
    """Record 5 loses all after 20 bytes: fault 3 over these 20; its block is not used."""
    records = device()
    rows = lines(header(records, 5 * DAY), records)
    place = 7 + 4
    begin = sum(map(len, rows[:place]))
    rows[place] = rows[place][:20]
    log = read_log(b"".join(rows))
    cut = faults(log, 3)
    assert cut[["byte_start", "byte_end", "seq_first"]].to_numpy().tolist() == [
        [begin, begin + 20, 5]
    ]
    assert faults(log, 5).empty
    assert log.records.empty
    assert faults(log, 46)[["seq_first", "seq_last"]].to_numpy().tolist() == [[1, 16]]


@pytest.mark.parametrize("name", ["ipglog-other", "ipglog-bin"])
def test_a_format_line_of_another_name_is_flagged(name: str) -> None:
    """Never silent: lines that verify under another name are kept and flagged."""
    log = text_log(device(), version=f"{name},1.0")
    assert faults(log, 34)["outcome"].tolist() == ["flag"]
    assert len(log.sessions) == 8


def test_a_clock_at_its_default_is_a_reset_and_days_stay() -> None:
    """Fault 17: from record 9 on a new boot counts from 2000-01-01; tick and sync place it.

    Boot 1 begins at tick 172,800 of boot 0. Record 9 starts at 08:00 of the third day. The sync
    shows the default clock too: the difference to UTC is a reset, not a disagreement (fault 22).
    """
    shift = 2 * DAY
    records = [
        replace(record, boot=1, tick=record.tick - shift, clock=DEFAULT + record.tick - shift)
        if record.seq > 8
        else record
        for record in device()
    ]
    log = text_log(records, sync=(1, 3 * DAY, DEFAULT + 3 * DAY))
    assert faults(log, 22).empty
    assert faults(log, 17)["severity"].unique().tolist() == ["note"]
    assert 9 in faults(log, 17)["seq_first"].tolist()
    starts = log.sessions.set_index("seq_start")["start_utc"]
    assert starts[9] == pd.Timestamp("2021-01-03T08:00:00Z")
    assert log.sessions["per_day"].all()


def test_an_unset_clock_after_a_boot_is_noted() -> None:
    """Fault 17, "recover through tick and sync", and never silent: empty clocks from record 9."""
    records = [
        replace(record, boot=1, tick=record.tick - 2 * DAY, clock=None)
        if record.seq > 8
        else record
        for record in device()
    ]
    log = text_log(records, sync=(1, 3 * DAY, None))
    assert faults(log, 17)["seq_first"].tolist() == [9]


def test_a_clock_that_jumps_without_a_record_is_noted() -> None:
    """Fault 18: from record 9 on the clock is an hour behind; ticks keep every time."""
    records = [
        replace(record, clock=(record.clock or 0) - 3600) if record.seq > 8 else record
        for record in device()
    ]
    log = text_log(records, sync=(0, 5 * DAY, T0 + 5 * DAY + AHEAD - 3600))
    assert faults(log, 18)[["seq_first", "seq_last"]].to_numpy().tolist() == [[9, 9]]
    assert log.sessions["start_utc"].iloc[4] == pd.Timestamp("2021-01-03T08:00:00Z")


def test_a_drifting_clock_does_not_jump() -> None:
    """A clock 400 ppm fast gains 35 s a day: drift, no setting (fault 18 is not reported)."""
    records = [
        replace(record, clock=(record.clock or 0) + round(record.tick * 400e-6))
        for record in device(30)
    ]
    head = header(records, 31 * DAY)
    log = read_log(b"".join(lines(head, records)))
    assert faults(log, 18).empty


@pytest.mark.parametrize(
    ("begin", "length", "order", "union_s"),
    [
        pytest.param(600, 600, ("inner", "outer"), 1800, id="nested"),
        pytest.param(900, 1800, ("outer", "inner"), 2700, id="overlapping"),
    ],
)
def test_nested_and_overlapping_sessions_keep_their_own_ends(
    tmp_path: Path, begin: int, length: int, order: tuple[str, str], union_s: int
) -> None:
    """Fault 26: a second session begins within the first of 2 January; each end is its own.

    Nested: 600 s from second 600 on, within 1,800 s: together 1,800 s. Overlapping: 1,800 s from
    second 900 on: together 2,700 s, never 3,600. The other seven sessions give 12,600 s.
    """
    records = device()
    tick = DAY + 8 * 3600
    ends = {
        "outer": at(0, tick + 1800, "SEN", "CPL", 1800, 60, 31, 28, 0),
        "inner": at(0, tick + begin + length, "SEN", "CPL", length, length // 30, 31, 28, 0),
    }
    inserted = [at(0, tick + begin, "SST", *START), *(ends[name] for name in order)]
    records = renumbered([*records[:5], *inserted, *records[6:]])
    head = header(records, 5 * DAY)
    data = b"".join(lines(head, records))
    log = read_log(data)
    assert len(log.sessions) == 9
    assert sorted(log.sessions["seconds"])[:1] == [length]
    assert len(faults(log, 26)) == 1
    assert faults(log, 24).empty
    assert faults(log, 25).empty
    (tmp_path / "a.ipglog").write_bytes(data)
    found = read_cohort_logs(tmp_path, roster()).periods.query("period == 'overall'").iloc[0]
    assert round(found["hours"] * 3600) == 12_600 + union_s


def test_the_prescription_before_its_first_change_is_the_old_one(tmp_path: Path) -> None:
    """Fault 32: 2 x 1,800 s on 50 days, then 2 x 900 s on 50; the log's first PRG says 1800 to 900.

    Programmed on day 50 at 22:00, it counts from day 51 on. 100 exposure days prescribe 50 x 60
    + 50 x 30 = 4,500 min, delivered in full: utilisation 1.000 (the specification's check).
    """
    records: list[Rec] = []
    for day in range(100):
        length = 1800 if day < 50 else 900
        for hour in (8, 20):
            tick = day * DAY + hour * 3600
            records.append(at(0, tick, "SST", *START))
            end = ("CPL", length, length // 30, 31, 28, 0)
            records.append(at(0, tick + length, "SEN", *end))
        if day == 49:
            records.append(at(0, day * DAY + 22 * 3600, "PRG", 1, "SES", 1800, 900, "PRG"))
    records = renumbered(records)
    data = b"".join(lines(header(records, 100 * DAY, session_s=900), records))
    (tmp_path / "a.ipglog").write_bytes(data)
    found = read_cohort_logs(tmp_path, roster()).periods.query("period == 'overall'").iloc[0]
    assert found["exposure_days"] == 100
    assert found["hours"] == pytest.approx(75.0)
    assert found["utilisation"] == pytest.approx(1.0)
    assert found["delivered_share"] == pytest.approx(1.0)


def test_sessions_without_a_place_in_time_count_in_the_total_only(tmp_path: Path) -> None:
    """Method ``none``: no sync record and no clock, so 8 x 1,800 s = 4 h stand in no day or year.

    The specification: counted in totals, left out of per-day figures, and said so. Nothing says
    that they lie within the exposure, so the lower bound is 0; 4 days prescribe 4 h.
    """
    records = [replace(record, clock=None) for record in device()]
    head = [text for text in header(records, 4 * DAY) if not text.startswith("Hsync")]
    (tmp_path / "a.ipglog").write_bytes(b"".join(lines(head, records)))
    result = read_cohort_logs(tmp_path, roster())
    assert set(result.sessions["time_method"]) == {"none"}
    periods = result.periods.set_index("period")
    assert (periods.loc["overall", "hours"], periods.loc["year1", "hours"]) == (4, 0)
    assert (periods.loc["overall", "hours_lower"], periods.loc["overall", "hours_upper"]) == (0, 4)
    assert (periods["coverage"] == 0).all()
    said = result.faults[result.faults["detail"].str.contains("without a place in time")]
    assert said[["fault", "outcome", "count"]].to_numpy().tolist() == [[17, "flag", 8]]


def roster() -> pd.DataFrame:
    frame = pd.DataFrame({"participant_id": ["P017"], "exposure_end": [pd.NaT]})
    frame["exposure_start"] = pd.to_datetime(["2021-01-01"])
    return frame


@pytest.mark.parametrize(("drift_ppm", "flagged"), [(0, False), (500, True)])
def test_a_sync_line_of_an_earlier_visit_places_the_records_between(
    drift_ppm: int, flagged: bool
) -> None:
    """Fault 19: a sync at activation and those of the visit after 30 days, all in one header.

    At 500 ppm the device has counted 1,296 ticks too many after 30 days of 86,400 s.
    """
    days, fast = 30, 1 + drift_ppm / 1e6
    records = [
        replace(record, tick=round(record.tick * fast), clock=T0 + round(record.tick * fast))
        for record in device(days)
    ]
    read = days * DAY
    tick = round(read * fast)
    head = header(records, read, sync=(0, tick, T0 + tick))
    head.insert(3, f"Hsync,0,0,{iso(T0)},{iso(T0)},2")
    log = read_log(b"".join(lines(head, records)))
    assert set(log.segments["method"]) == {"between-syncs"}
    true = pd.to_datetime([T0 + record.tick / fast for record in records[::2]], unit="s", utc=True)
    apart = log.sessions["start_utc"] - pd.Series(true)
    assert apart.abs().max() <= pd.Timedelta(seconds=5)
    assert faults(log, 12).empty
    assert (not faults(log, 19).empty) == flagged
