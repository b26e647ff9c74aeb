"""OpenNerve logs beyond the examples of the guide.

Entries, labels and ring: the project's published logging guide. Ranges of parameters and the
ways in which behaviour and guide differ: section 9 of the device-log specification.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from device_lab.opennerve_log import read_opennerve
from multifidus.devicelogs.formats.interface import LogFile, present_sessions
from multifidus.devicelogs.formats.opennerve.reader import FORMAT as OPENNERVE
from multifidus.devicelogs.formats.opennerve.scan import RING_BYTES
from multifidus.devicelogs.formats.registry import detect_format
from multifidus.devicelogs.reading import read_log

LABELS = "PO ER EOS UF MD SC HI NI LSA SS SE BC BD SL WK SD".split()  # noqa: SIM905


def entry(data: bytes, clock: str = "12:00:00", sub: int = 0, day: int = 1) -> bytes:
    return b"[2026-03-%02dT%sZ(%03d)]%s\r\n" % (day, clock.encode(), sub, data)


def event(label: str, clock: str, sub: int = 0, day: int = 1) -> bytes:
    return entry(b"<EV>%-5b" % label.encode(), clock, sub, day)


def ring(image: bytes, pointer: int) -> bytes:
    return image.ljust(RING_BYTES, b"\x00") + pointer.to_bytes(4, "little")


def test_all_sixteen_labels_are_known():
    log = read_opennerve(b"".join(event(label, "12:00:00") for label in LABELS if label != "SE"))
    assert log.faults.numbers() == {24}  # the start among them has no stop
    assert log.records["label"].tolist() == [label for label in LABELS if label != "SE"]


@pytest.mark.parametrize(
    ("body", "value", "unit", "numbers"),
    [
        (b"(SP02)Val=00003.5", 3.5, "mA", set()),
        (b"(SP02)Val=0003.5", 3.5, "mA", set()),
        (b"(SP02)Val=00005.1", None, "mA", {28}),
        (b"(SP02)Val=00000.1", None, "mA", {28}),
        (b"(SP03)Val=00100.0", 100, "us", set()),
        (b"(SP03)Val=01050.0", None, "us", {28}),
        (b"(SP03)Val=00125.0", 125, "us", {28}),  # between two steps of 50: flagged and kept
        (b"(SP04)Val=02000.0", 2000, "Hz", set()),
        (b"(SP04)Val=00000.0", None, "Hz", {28}),
        (b"(SP05)Val=00010.0", 10, "s", set()),
        (b"(SP06)Val=00011.0", None, "s", {28}),
        (b"(SP07)Val=00000.0", None, "s", {28}),
        (b"(SP08)Val=00000.0", 0, "s", set()),
        (b"(SP01)Val=00007.0", None, "1", {28}),
        (b"(ST61)Val=01438.0", 1438, "min", set()),
        (b"(ST12)Val=01440.0", None, "min", {28}),
        (b"(HP19)Val=00012.0", 12, "", set()),
        (b"(HSPID)Val=00010.0", 10, "", set()),
        (b"(SP02)Val=zz", None, "", {28}),
        (b"(SP02)", None, "", {28}),
    ],
)
def test_parameters_are_checked_against_their_ranges(body, value, unit, numbers):
    log = read_opennerve(entry(b"<PA>" + body))
    row = log.records.iloc[0]
    assert log.faults.numbers() == numbers
    assert row["unit"] == unit
    assert pd.isna(row["value"]) if value is None else row["value"] == pytest.approx(value)
    assert log.account.flagged == 0


@pytest.mark.parametrize("data", [b"(HP01)59594C4C30303031", b"(HP01)Val=0x59594C4C30303031"])
def test_hexadecimal_data_keep_every_digit(data):
    log = read_opennerve(entry(b"<PA>" + data))
    assert log.faults.numbers() == set()
    assert log.records.loc[0, ["label", "text"]].tolist() == ["HP01", "59594C4C30303031"]


def test_raw_data_of_a_key_are_one_entry():
    """64 bytes of data are 128 digits; the firmware's buffer holds 512 bytes."""
    log = read_opennerve(entry(b"<PA>(HP09)" + b"A7" * 64) + event("WK", "12:00:01"))
    assert log.faults.numbers() == set()
    assert log.records["text"].tolist() == ["A7" * 64, ""]


def test_impedance_without_digits_or_of_nothing_is_taken_out():
    """The firmware strips leading zeros, so that 0 ohm is written without a digit."""
    log = read_opennerve(entry(b"<IM>ohm") + entry(b"<IM>0ohm") + entry(b"<IM>1,012,500ohm"))
    assert [(row[0], row[8]) for row in log.faults.rows] == [(28, 2)]
    assert log.records["value"].tolist()[2] == 1_012_500
    assert log.records["value"].isna().tolist() == [True, True, False]


def test_padding_within_an_entry_is_noted_and_the_entry_whole():
    """A ring pads short impedances with NUL before the line end."""
    data = entry(b"<IM>12,500ohm\x00\x00\x00") + event("WK", "12:00:01")
    log = read_opennerve(data)
    assert [row[0] for row in log.faults.rows] == [35]
    assert log.records["value"].iloc[0] == 12_500
    assert log.account.accepted == len(data)


def test_a_read_out_that_stops_at_the_padding_lacks_the_line_end():
    data = entry(b"<IM>12,500ohm")[:-2] + b"\x00" + event("WK", "12:00:01")
    log = read_opennerve(data)
    assert log.faults.numbers() == {4}
    assert len(log.records) == 2
    assert (log.account.framing, log.account.flagged) == (1, 0)


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_line_ends_of_another_system_are_noted(end):
    data = (event("SS", "12:00:00") + event("SE", "12:30:00")).replace(b"\r\n", end)
    log = read_opennerve(data)
    assert [(row[0], row[8]) for row in log.faults.rows] == [(35, 2)]
    assert log.sessions["seconds"].tolist() == [1800]


def test_a_cut_last_entry_gives_no_value():
    """``Val=00003.5`` cut after ``Val=0000`` must not be read as a number."""
    whole = entry(b"<PA>(SP02)Val=00003.5")
    log = read_opennerve(event("WK", "12:00:00") + whole[: whole.index(b".5")])
    assert log.faults.numbers() == {5, 28}
    assert pd.isna(log.records["value"].iloc[-1])


def test_equal_stamps_are_two_entries():
    log = read_opennerve(entry(b"<EV>SC   ") + entry(b"<EV>HI   "))
    assert log.faults.numbers() == set()
    assert log.records["label"].tolist() == ["SC", "HI"]


def test_sub_seconds_count_256_to_the_second():
    """From 128/256 to 192/256 of the next second: 1.25 s, so between 1 and 2 whole seconds."""
    log = read_opennerve(event("SS", "12:00:00", 128) + event("SE", "12:00:01", 192))
    columns = ["seconds", "seconds_lower", "seconds_upper"]
    assert log.sessions[columns].to_numpy().tolist() == [[1, 1, 2]]
    late = read_opennerve(event("WK", "12:00:00", 256))
    assert late.faults.numbers() == {28}


def test_sessions_of_no_length_and_of_more_than_a_day():
    log = read_opennerve(
        event("SS", "12:00:00")
        + event("SE", "12:00:00")
        + event("SS", "12:00:00", day=2)
        + event("SE", "12:00:01", day=3)
    )
    assert [row[0] for row in log.faults.rows] == [27, 27]
    bounds = log.sessions[["seconds_lower", "seconds_upper"]].to_numpy().tolist()
    assert bounds == [[0, 0], [0, 86_400]]


def test_a_clock_set_back_within_a_session_leaves_its_length_open():
    log = read_opennerve(event("SS", "12:00:00") + event("SE", "11:40:00"))
    assert log.faults.numbers() == {18}
    assert log.sessions["seconds"].isna().all()
    assert log.sessions["seconds_upper"].tolist() == [86_400]


def test_a_forced_power_off_bounds_the_session_by_the_next_boot():
    log = read_opennerve(
        event("SS", "12:00:00") + event("UF", "12:10:00") + event("PO", "12:10:00")
    )
    assert log.faults.numbers() == {24}
    assert log.sessions[["seconds_lower", "seconds_upper"]].to_numpy().tolist() == [[0, 600]]


LAP = RING_BYTES // 38  # events of 38 bytes; 131,072 = 3,449 x 38 + 10


def lap(count: int, first: int) -> bytes:
    """Events a minute apart from a minute of March 2026 on."""
    assert len(event("WK", "00:00:00")) == 38
    minutes = range(first, first + count)
    return b"".join(
        event("WK", f"{m // 60 % 24:02d}:{m % 60:02d}:00", day=1 + m // 1440) for m in minutes
    )


def test_a_ring_that_has_not_wrapped_is_padding_behind_its_pointer():
    data = lap(10, 0)
    result = read_log(ring(data, len(data)))
    assert result.identity.format == "opennerve-fram"
    assert result.faults.empty
    assert (result.identity.accepted, result.identity.flagged) == (380, 0)


def test_a_ring_as_the_firmware_writes_it():
    """An entry that no longer fits starts at 0; a NUL stands behind the newest entry.

    The second lap wrote 5 entries and the NUL over the first byte of the sixth: 37 bytes of it are
    left, with the NUL 38, and 3,449 - 6 entries of the first lap follow.
    """
    image = lap(5, 4000) + b"\x00" + lap(LAP, 0)[5 * 38 + 1 :]
    result = read_log(ring(image, 5 * 38))
    assert set(result.faults["fault"]) == {14, 15}
    seam = result.faults.query("fault == 15").iloc[0]
    assert seam["byte_end"] - seam["byte_start"] == 38
    assert len(result.records) == LAP - 6 + 5
    assert result.records["utc"].is_monotonic_increasing
    assert result.identity.balanced


def test_a_rest_of_an_earlier_lap_makes_no_entry():
    """First lap to the end; in the second a longer entry no longer fitted and left its last rest.

    The entry before last of the first lap is a start of stimulation. It is older than its
    neighbours and must not become a session.
    """
    rest = event("SS", "00:00:00")  # of the first lap, minute 0
    second = lap(LAP - 1, 10)
    third = lap(3, 10 + LAP)
    image = third + b"\x00" + second[len(third) + 1 :] + rest
    result = read_log(ring(image, len(third)))
    assert len(result.sessions) == 0
    assert set(result.faults["fault"]) == {14, 15}
    assert (result.records["label"] == "WK").all()
    assert result.records["utc"].is_monotonic_increasing
    assert result.identity.balanced
    assert result.identity.flagged == 38 + 38


def test_a_pointer_left_behind_the_newest_entry_is_moved_on():
    """Power was lost between writing the entry and writing the pointer."""
    data = lap(10, 0)
    result = read_log(ring(data, 9 * 38))
    assert result.faults["fault"].tolist() == [6]
    assert result.records["utc"].is_monotonic_increasing
    assert len(result.records) == 10


def test_a_pointer_outside_the_ring_is_reported():
    result = read_log(ring(lap(10, 0), 2**32 - 1))
    assert result.faults["fault"].tolist() == [28]
    assert (len(result.records), result.identity.flagged) == (10, 4)
    assert result.identity.balanced


def test_an_erased_ring_holds_no_records():
    data = ring(b"", 0)
    assert detect_format(data) is None
    assert read_log(data).faults["fault"].tolist() == [43]


def test_tables_have_the_same_types_whatever_they_hold():
    """A log without entries, and one with a session of unknown length, write equal schemas."""
    full = read_log(event("SS", "12:00:00") + event("SE", "12:30:00"))
    for data in (event("SS", "12:00:00"), event("PO", "12:00:00"), b"no entry"):
        reading = OPENNERVE.read([LogFile("", data)])
        other = replace(
            full, records=reading.records(), sessions=present_sessions(reading.sessions)
        )
        assert other.records.dtypes.equals(full.records.dtypes)
        assert other.sessions.dtypes.equals(full.sessions.dtypes)
