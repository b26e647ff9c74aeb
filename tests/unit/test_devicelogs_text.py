"""The text format: the published example, framing, header values, merging."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.text_writer import frame_line
from multifidus.cohort.devices.truth import DeviceDesign, DeviceLife, SessionTruth
from multifidus.devicelogs.reading import read_log

# The example of the format's specification, checksums included (docs/ipglog.md).
EXAMPLE = b"""\
Hformat,ipglog-text,1.0*652AFDB1
Hdevice,RX8-SIM,P017,fw2.1.4*FD42060C
Hdownload,2021-03-04T10:02:11Z,2021-03-04T10:05:40Z,PRG-03,+00:00*BCEA1D99
Hsync,3,20410311,2021-03-04T10:02:20Z,2021-03-04T10:02:11Z,2*856A5337
Hsync,3,20410520,2021-03-04T10:05:49Z,2021-03-04T10:05:40Z,2*0D6D1111
Hring,3184,118,3301,117*520BA87D
Hlife,1204,2101877,140125*FD2E5F83
Hrx,1,20,214,10,20,1800,2*F42173BB
R3298,3,20366411,2021-03-03T21:50:40Z,SST,ACT,1,31,28,214,200,10,20*8A72E943
R3299,3,20368211,2021-03-03T22:20:40Z,SEN,CPL,1800,60,31,28,0,,*2832703F
R3300,3,20368240,2021-03-03T22:21:09Z,BAT,2981,71,44,OK,,,,*1C0C08EA
R3301,3,20410290,2021-03-04T10:01:59Z,IMP,L,0,1,642,10,OK,,*BCD6DE41
B51,3298,3301,4,BFFE028B*F4DE79D9
E4,1*C60351CB
"""

DAY = 86_400
START = 1_609_459_200  # 2021-01-01T00:00:00Z


def year_of_sessions(per_day: int = 2, days: int = 365, seconds: int = 1800) -> SessionTruth:
    """Sessions at 08:00 and 20:00 UTC of every day from START on."""
    hours = np.asarray([8, 20])[:per_day] * 3600
    start = (START + np.arange(days)[:, None] * DAY + hours).ravel()
    return SessionTruth(start, np.full(len(start), seconds), np.zeros(len(start), dtype=np.int64))


def test_published_example_is_read_as_it_says():
    result = read_log(EXAMPLE)
    assert result.identity.device == "P017"
    assert result.identity.version == "1.0"
    assert result.identity.balanced
    assert result.identity.flagged == 0
    assert result.records["seq"].tolist() == [3298, 3299, 3300, 3301]
    session = result.sessions.iloc[0]
    # Hand: sync tick 20410311 is 10:02:11Z; 20410311 - 20366411 = 43900 s before it.
    assert session["start_utc"] == pd.Timestamp("2021-03-03T21:50:31Z")
    assert session["seconds"] == 1800
    assert session["time_method"] == "one-sync"
    # The device clock runs 9 s ahead of the programmer (header lines of the example).
    assert result.segments["offset_s"].tolist() == [9]
    account = result.sequence["P017"]
    assert (account.last, account.present, account.missing, account.lost_to_wrap) == (
        3301,
        4,
        3180,
        117,
    )


def test_crc_is_the_iso_hdlc_one():
    # Check value of CRC-32/ISO-HDLC for "123456789" (catalogue of parametrised CRCs).
    assert crc32(b"123456789") == 0xCBF43926


def test_one_flipped_bit_rejects_the_block_and_names_the_record():
    data = bytearray(EXAMPLE)
    position = data.index(b"R3300") + 12
    data[position] ^= 0x01
    result = read_log(bytes(data))
    assert result.records.empty
    assert result.identity.balanced
    # All four record lines, and nothing else, are flagged.
    assert result.identity.flagged == EXAMPLE.index(b"B51") - EXAMPLE.index(b"R3298")
    assert result.sequence["P017"].damaged == 4
    fault = result.faults[result.faults["fault"] == 1].iloc[0]
    start = EXAMPLE.index(b"R3300")
    assert (fault["byte_start"], fault["byte_end"]) == (start, EXAMPLE.index(b"R3301"))
    assert fault["outcome"] == "reject"
    block = result.faults[result.faults["fault"] == 46].iloc[0]
    assert (block["seq_first"], block["seq_last"]) == (3298, 3301)


def test_bad_line_checksum_inside_a_block_that_verifies_is_rejected():
    """A record damaged before it was read out: the block's CRC covers the damaged bytes."""
    lines = EXAMPLE.splitlines(keepends=True)
    lines[10] = lines[10].replace(b"2981", b"2982")
    block = b"".join(lines[8:12])
    body = b"B51,3298,3301,4,%08X" % crc32(block)
    lines[12] = b"%b*%08X\n" % (body, crc32(body))
    result = read_log(b"".join(lines))
    assert result.records["seq"].tolist() == [3298, 3299, 3301]
    assert result.identity.balanced
    assert result.identity.flagged == len(lines[10])


def test_transfer_residues_cost_nothing_but_a_note():
    plain = read_log(EXAMPLE)
    residue = b"\xef\xbb\xbf" + EXAMPLE.replace(b"\n", b"  \r\n") + b"\x00" * 64
    result = read_log(residue)
    pd.testing.assert_frame_equal(result.records, plain.records)
    assert result.identity.balanced
    assert result.identity.flagged == 0
    assert result.identity.framing == plain.identity.framing + len(residue) - len(EXAMPLE)
    assert set(result.faults["fault"]) - set(plain.faults["fault"]) == {35}


def test_gap_offsets_point_into_the_input_as_given():
    data = b"\xef\xbb\xbf" + EXAMPLE.replace(b"\n", b"\r\n").replace(b"R3300,3", b"R3300,4")
    fault = read_log(data).faults.query("fault == 1").iloc[0]
    assert data[fault["byte_start"] : fault["byte_end"]].startswith(b"R3300,4")


def test_glued_lines_are_both_recovered():
    glued = EXAMPLE.replace(b"8A72E943\n", b"8A72E943")
    result = read_log(glued)
    assert result.records["seq"].tolist() == [3298, 3299, 3300, 3301]
    assert 4 in set(result.faults["fault"])


def resealed(lines: list[bytes]) -> bytes:
    """Seal the block of the example anew over lines that were changed before it was written."""
    block = b"".join(lines[8:12])
    body = b"B51,3298,3301,4,%08X" % crc32(block)
    return b"".join([*lines[:12], b"%b*%08X\n" % (body, crc32(body)), lines[13]])


@pytest.mark.parametrize("strange", [b"\xe9", b"\r"])
def test_line_that_is_no_plain_text_is_rejected_whatever_its_checksum(strange: bytes):
    # The format is 7-bit ASCII without CR inside a line; CRC-32 from the standard library.
    lines = EXAMPLE.splitlines(keepends=True)
    body = lines[10][:-10].replace(b"OK", b"O" + strange)
    lines[10] = b"%b*%08X\n" % (body, crc32(body))
    result = read_log(resealed(lines))
    assert result.records["seq"].tolist() == [3298, 3299, 3301]
    fault = result.faults.query("fault == 1").iloc[0]
    assert (fault["seq_first"], fault["outcome"]) == (3300, "reject")
    assert "plain text" in fault["detail"]
    assert result.identity.balanced


def test_noise_is_flagged_as_a_whole():
    """Behind a format line, so that the format is known: 300,000 bytes, none of them used."""
    noise = np.random.default_rng(5).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
    noise = noise.replace(b"\x00", b"\x01").replace(b"\r", b"\x01").replace(b" \n", b"\n")
    noise = noise.replace(b"\t\n", b"\n").rstrip(b" \t")
    result = read_log(EXAMPLE.splitlines(keepends=True)[0] + noise)
    assert result.identity.flagged == len(noise)
    assert result.identity.balanced


@pytest.mark.parametrize("size", [0, 1, 30, 200, 431, 500, 640, 724])
def test_any_cut_of_the_example_keeps_both_accounts(size: int):
    result = read_log(EXAMPLE[:size])
    assert result.identity.balanced
    assert all(account.balanced for account in result.sequence.values())


def test_simulated_year_is_read_back_exactly():
    truth = year_of_sessions()
    (data,) = simulate_device(
        "P001", START, [START + 365 * DAY + 600], truth, design=DeviceDesign(drift_ppm=30.0)
    )
    result = read_log(data)
    assert result.identity.flagged == 0
    assert len(result.sessions) == 730
    assert result.sessions["seconds"].sum() == 730 * 1800
    start = result.sessions["start_utc"].dt.as_unit("s").astype("int64").to_numpy()
    # One sync and no second download: the drift of 30 ppm is unknown, the uncertainty covers it.
    error = np.abs(start - truth.start_utc)
    assert (error <= result.sessions["uncertainty_s"]).all()
    assert error.max() > 60


def test_two_downloads_pin_the_drift():
    truth = year_of_sessions()
    files = simulate_device(
        "P001",
        START,
        [START + DAY, START + 365 * DAY + 600],
        truth,
        design=DeviceDesign(drift_ppm=30.0, capacity=5000),
    )
    result = read_log(files[1] + files[0])
    start = result.sessions["start_utc"].dt.as_unit("s").astype("int64").to_numpy()
    assert np.abs(start - truth.start_utc).max() <= 2
    assert set(result.sessions["time_method"][4:]) == {"between-syncs"}


def test_splitting_a_download_and_merging_changes_nothing():
    truth = year_of_sessions(days=300)
    life = DeviceLife(clock_shifts=((START + 100 * DAY, 3600), (START + 200 * DAY, -3600)))
    end = START + 300 * DAY + 600
    whole = simulate_device("P001", START, [START + 100 * DAY, end], truth, life=life)
    merged = read_log(whole[0] + whole[1])
    late = read_log(whole[1])
    columns = ["seq_start", "seq_end", "seconds", "reason", "left"]
    pd.testing.assert_frame_equal(merged.sessions[columns], late.sessions[columns])
    assert len(merged.records) == len(late.records)
    assert 13 in set(merged.faults["fault"])


def test_same_seed_same_bytes_and_other_seed_other_bytes():
    truth = year_of_sessions(days=40)
    first, again, other = (
        simulate_device("P001", START, [START + 40 * DAY], truth, rng_seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def without(data: bytes, name: bytes) -> bytes:
    return b"".join(line for line in data.splitlines(keepends=True) if not line.startswith(name))


def test_intact_excerpt_without_sync_records_goes_by_its_clock():
    result = read_log(without(EXAMPLE, b"Hsync"))
    assert len(result.records) == 4
    assert set(result.records["time_method"]) == {"clock-only"}
    assert 21 in set(result.faults["fault"])
    assert result.sessions["start_utc"].tolist() == [pd.Timestamp("2021-03-03T21:50:40Z")]


def test_header_lines_in_another_order_are_read_all_the_same():
    lines = EXAMPLE.splitlines(keepends=True)
    mixed = b"".join([lines[0], *reversed(lines[1:8]), *lines[8:]])
    pd.testing.assert_frame_equal(read_log(mixed).records, read_log(EXAMPLE).records)


@pytest.mark.parametrize(
    "name", [b"Hformat", b"Hdevice", b"Hdownload", b"Hsync", b"Hring", b"Hlife", b"Hrx"]
)
def test_a_damaged_header_line_costs_the_download(name: bytes):
    at = EXAMPLE.index(name) + len(name) + 2
    damaged = bytearray(EXAMPLE)
    damaged[at] ^= 1
    result = read_log(bytes(damaged))
    assert result.records.empty
    assert result.sessions.empty
    fault = result.faults.query("fault == 45").iloc[0]
    assert (fault["severity"], fault["outcome"], fault["count"]) == ("severe", "reject", 4)
    assert result.identity.balanced
    assert result.identity.accepted == 0


@pytest.mark.parametrize("name", [b"Hdevice", b"Hdownload", b"Hring"])
def test_a_header_that_lacks_a_line_is_not_used(name: bytes):
    result = read_log(without(EXAMPLE, name))
    assert result.records.empty
    assert 45 in set(result.faults["fault"])


@pytest.mark.parametrize("octets", [b"\x96", b"\xc3\xa9", b"\xff\xff"])
def test_a_sealed_line_that_is_not_seven_bit_is_rejected(octets: bytes):
    """The checksum holds over bytes that no text has: before, reading raised."""
    lines = EXAMPLE.splitlines(keepends=True)
    body = lines[9][:-10].replace(b"CPL", octets)
    lines[9] = b"%b*%08X\n" % (body, crc32(body))
    result = read_log(resealed(lines))
    assert result.records["seq"].tolist() == [3298, 3300, 3301]
    assert result.identity.balanced
    assert result.identity.flagged == len(lines[9])
    assert result.sequence["P017"].damaged == 1


@pytest.mark.parametrize("bad_clock", [False, True])
def test_lines_of_no_record_shape_are_named_wherever_they_stand_in_a_large_log(bad_clock: bool):
    """3.7 MB, more than the CSV engine reads at a time; five lines have four fields.

    Those are bytes of the log, not records: each is reported with its number and its span. A date
    that no month has, far behind, makes the engine read all as text; nothing else changes.
    """
    malformed = {10, 17_000, 17_001, 33_000, 59_999}
    head = EXAMPLE.splitlines(keepends=True)
    lines = [*head[:3], frame_line(b"Hring,60000,1,60000,0")]
    records = []
    for number in range(60_000):
        month = 13 if bad_clock and number == 50_000 else 1
        clock = b"2021-%02d-01T00:00:00Z" % month
        rest = b"x" if number in malformed else clock + b",LNK,ON,5,ACT,,,,,"
        records.append(frame_line(b"R%d,0,%d,%b" % (number + 1, number, rest)))
    seal = b"B0,1,60000,60000,%08X" % crc32(b"".join(records))
    log = read_log(b"".join([*lines, *records, frame_line(seal)]))
    assert log.identity.flagged == sum(len(records[number]) for number in malformed)
    found = log.faults[log.faults["fault"] == 1]
    assert set(found["seq_first"]) == {number + 1 for number in malformed}
    before = sum(map(len, lines))
    begins = {before + sum(map(len, records[:number])) for number in malformed}
    assert set(found["byte_start"]) == begins
    assert set(log.faults.loc[log.faults["fault"] == 23, "seq_first"]) == (
        {50_001} if bad_clock else set()
    )
