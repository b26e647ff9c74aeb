"""Whose records: hand-written logs of a stimulator whose clock was unset, joined and damaged.

With no clock to compare, only numbers, ticks, blocks and the lifetime counter say whose a record
is. Each expected session is read off the lines written here.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from multifidus.devicelogs.batch import read_batch
from multifidus.devicelogs.binary_writer import simulate_device_binary
from multifidus.devicelogs.device_truth import DeviceLife, SessionTruth
from multifidus.devicelogs.inject import inject_fault
from multifidus.devicelogs.laws import broken_laws, true_sessions
from multifidus.devicelogs.reader import read_log
from multifidus.devicelogs.simulator import build_device_log, simulate_device
from multifidus.devicelogs.text_writer import frame_line

DAY = 86_400
START = 1_609_459_200  # 2021-01-01T00:00:00Z
START_RECORD = b"SST,ACT,1,30,30,214,200,10,20"


def end_record(seconds: int) -> bytes:
    return b"SEN,CPL,%d,60,30,30,0,," % seconds


def day_record(day: int, sessions: int, seconds: int, lifetime: int) -> bytes:
    return b"DAY,%d,%d,%d,%d,%d,,," % (day, sessions, seconds, sessions * 60, lifetime)


def lines_of(records: list[tuple[int, bytes]], block: int = 4, boot: int = 2) -> list[bytes]:
    """Record lines (tick and body given, numbers from 1, clock unset) and their blocks."""
    lines: list[bytes] = []
    for begin in range(0, len(records), block):
        chunk = [
            frame_line(b"R%d,%d,%d,,%b" % (begin + place + 1, boot, tick, body))
            for place, (tick, body) in enumerate(records[begin : begin + block])
        ]
        crc = crc32(b"".join(chunk))
        head = (begin // block, begin + 1, begin + len(chunk), len(chunk), crc)
        lines += [*chunk, frame_line(b"B%d,%d,%d,%d,%08X" % head)]
    return [*lines, frame_line(b"E%d,%d" % (len(records), -(-len(records) // block)))]


def header(name: bytes, tick: int, utc: bytes, last: int, life: int) -> list[bytes]:
    bodies = [
        b"Hformat,ipglog-text,1.0",
        b"Hdevice,RX8-SIM,%b,fw2.1.4" % name,
        b"Hdownload,%b,%b,PRG-03,+00:00" % (utc, utc),
        b"Hsync,2,%d,,%b,2" % (tick, utc),
        b"Hring,3184,1,%d,0" % last,
        b"Hlife,%d,%d,%d" % (life // 1800, life, life // 30),
        b"Hrx,1,20,214,10,20,1800,2",
    ]
    return [frame_line(body) for body in bodies]


OWN = [
    (1_000, START_RECORD),
    (2_800, end_record(1800)),
    (86_400, day_record(1, 1, 1800, 9_000)),
    (87_400, START_RECORD),
    (89_200, end_record(1800)),
    (172_800, day_record(2, 1, 1800, 10_800)),
    (173_800, START_RECORD),
    (175_600, end_record(1800)),
    (259_200, day_record(3, 1, 1800, 12_600)),
    (260_000, b"LNK,ON,0,PRG,,,,,"),
]
OTHER = [
    (500, b"LNK,ON,5,ACT,,,,,"),
    (600, START_RECORD),
    (1_500, end_record(900)),
    (80_000, day_record(1, 1, 900, 4_500)),
    (80_100, START_RECORD),
    (81_900, end_record(1800)),
    (166_400, day_record(2, 1, 1800, 6_300)),
    (166_500, START_RECORD),
    (168_300, end_record(1800)),
]
OWN_LOG = [*header(b"P1", 260_100, b"2021-03-01T10:00:00Z", 10, 12_600), *lines_of(OWN)]
OTHER_LOG = [*header(b"P2", 170_000, b"2021-02-01T10:00:00Z", 9, 8_100), *lines_of(OTHER)]
HEAD = 7
SESSIONS = [(1, 2, 1800), (4, 5, 1800), (7, 8, 1800)]


def sessions(lines: list[bytes]) -> list[tuple[int, int, int]]:
    frame = read_log(b"".join(lines)).sessions
    return [
        (int(row.seq_start), int(row.seq_end), int(row.seconds))
        for row in frame.dropna(subset=["seq_end"]).itertuples()
    ]


def test_hand_written_log_is_read_as_it_says():
    result = read_log(b"".join(OWN_LOG))
    assert sessions(OWN_LOG) == SESSIONS
    assert result.identity.flagged == 0
    # Sync tick 260,100 is 2021-03-01T10:00:00Z; the first start lies 259,100 s before it.
    assert result.sessions["start_utc"].iloc[0] == pd.Timestamp("2021-02-26T10:01:40Z")


def test_another_devices_blocks_after_a_lost_end_line_bind_nothing():
    """Both devices' blocks verify and their ticks are possible; the numbers run on from ours.

    Before, a record of one block was bound by the next number in another device's block.
    """
    joined = [*OWN_LOG[:-1], b"E10,3*0E9F", *OTHER_LOG[HEAD:]]
    result = read_log(b"".join(joined))
    assert sessions(joined) == SESSIONS
    assert 12 in set(result.faults["fault"])
    assert result.sequence["P1"].present == len(OWN)


@pytest.mark.parametrize("cut", range(1, 9))
def test_half_of_one_log_and_half_of_another_make_no_session(cut: int):
    """Spliced at a line end so that numbers run on: whatever is read is this device's own.

    The other log ends with another number than the header's ring, so nothing binds its half.
    """
    own, other = OWN_LOG[HEAD:], OTHER_LOG[HEAD:]
    at = [
        next(i for i, line in enumerate(half) if line.startswith(b"R%d," % cut))
        for half in (own, other)
    ]
    spliced = [*OWN_LOG[:HEAD], *own[: at[0]], *other[at[1] :]]
    assert set(sessions(spliced)) <= set(SESSIONS)
    truth = true_sessions(read_batch([b"".join(OWN_LOG)]))
    assert broken_laws(read_batch([b"".join(spliced)]), truth) == []


def test_another_devices_line_in_a_damaged_block_binds_nothing():
    """Record 6 replaced by the other device's of that number: the block's CRC tells."""
    lines = list(OWN_LOG)
    at = next(i for i, line in enumerate(lines) if line.startswith(b"R6,"))
    lines[at] = next(line for line in OTHER_LOG if line.startswith(b"R6,"))
    truth = true_sessions(read_batch([b"".join(OWN_LOG)]))
    assert broken_laws(read_batch([b"".join(lines)]), truth) == []


@pytest.mark.parametrize("seq", range(1, 11))
def test_one_damaged_record_costs_that_record(seq: int):
    """The counters on both sides of the gap differ by the sessions that lie there."""
    lines = list(OWN_LOG)
    at = next(i for i, line in enumerate(lines) if line.startswith(b"R%d," % seq))
    lines[at] = lines[at].replace(b",2,", b",3,", 1)
    result = read_log(b"".join(lines))
    account = result.sequence["P1"]
    lost = set(range(1, 11)) - set(result.records["seq"])
    # Records before the first counter, or up to a damaged one, are not vouched for.
    unvouched = {1: {1}, 2: {1, 2}, 3: {1, 2, 3}}.get(seq, {seq})
    assert lost == unvouched
    assert account.damaged == len(unvouched)


def test_counters_that_do_not_meet_over_a_gap_bind_nothing_below_it():
    """Two hours more between the counters than one lost record can hold."""
    changed = [
        (tick, day_record(1, 1, 1800, 1_800) if body == OWN[2][1] else body) for tick, body in OWN
    ]
    lines = [*OWN_LOG[:HEAD], *lines_of(changed)]
    at = next(i for i, line in enumerate(lines) if line.startswith(b"R4,"))
    lines[at] = lines[at].replace(b",2,", b",3,", 1)
    assert read_log(b"".join(lines)).records["seq"].tolist() == [5, 6, 7, 8, 9, 10]


def test_header_counter_that_denies_the_records_binds_none():
    """The newest record has the right number and boot, but the counter of another life."""
    lines = [
        *header(b"P1", 260_100, b"2021-03-01T10:00:00Z", 10, 90_000),
        *lines_of(OWN)[:-1],
    ]
    at = next(i for i, line in enumerate(lines) if line.startswith(b"R4,"))
    lines[at] = lines[at].replace(b",2,", b",3,", 1)
    result = read_log(b"".join(lines))
    assert result.sessions.empty
    assert 12 in set(result.faults["fault"])


@pytest.mark.parametrize("change", ["repeat", "swap", "glue"])
def test_disorder_within_a_block_costs_nothing(change: str):
    lines = list(OWN_LOG)
    at = next(i for i, line in enumerate(lines) if line.startswith(b"R6,"))
    if change == "repeat":
        lines.insert(at, lines[at])
    elif change == "swap":
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    else:
        lines[at] = lines[at].rstrip(b"\n")
    assert sessions(lines) == SESSIONS


@pytest.mark.parametrize(("number", "most"), [(1, 1), (3, 1), (7, 1), (8, 0), (9, 1), (10, 0)])
def test_a_reset_does_not_spread_damage(number: int, most: int):
    """A simulated year with a reset: one damaged record in its middle costs no other."""
    start = (START + np.arange(300)[:, None] * DAY + np.asarray([8, 20]) * 3600).ravel()
    truth = SessionTruth(start, np.full(600, 1800), np.zeros(600, dtype=np.int64))
    life = DeviceLife(resets=(START + 100 * DAY + 50,))
    (data,) = simulate_device("P1", START, [START + 300 * DAY + 600], truth, life=life)
    lines = data.splitlines(keepends=True)
    begin = lines.index(next(line for line in lines if line.startswith(b"R900,")))
    tail = b"".join(lines[begin:])
    damaged = b"".join(lines[:begin]) + inject_fault(number, tail, np.random.default_rng(2)).data
    assert damaged != data
    assert len(read_log(data).records) - len(read_log(damaged).records) == most


def test_a_reset_does_not_spread_damage_over_a_flash_dump():
    """40 blank bytes touch two or three records of 32; all others are kept."""
    start = (START + np.arange(100)[:, None] * DAY + np.asarray([8, 20]) * 3600).ravel()
    truth = SessionTruth(start, np.full(200, 1800), np.zeros(200, dtype=np.int64))
    life = DeviceLife(resets=(START + 40 * DAY + 50,))
    log = build_device_log("P1", START, [START + 100 * DAY + 600], truth, life=life)
    (data,) = simulate_device_binary(log)
    damaged = inject_fault(36, data, np.random.default_rng(3)).data
    assert 2 <= len(read_log(data).records) - len(read_log(damaged).records) <= 3


@pytest.mark.parametrize("repeated", range(HEAD))
def test_a_header_line_that_stands_twice_is_read_once(repeated: int):
    """Fault 8, "line duplicated exactly: recover once, note", holds for header lines too.

    Before, a second download or ring line opened a part without an owner: no session was left.
    """
    lines = [*OWN_LOG[: repeated + 1], *OWN_LOG[repeated:]]
    faults = read_log(b"".join(lines)).faults
    begin = sum(map(len, OWN_LOG[: repeated + 1]))
    assert sessions(lines) == SESSIONS
    assert faults["fault"].tolist() == [8]
    assert (faults["byte_start"][0], faults["byte_end"][0]) == (
        begin,
        begin + len(OWN_LOG[repeated]),
    )


@pytest.mark.parametrize("place", range(1, HEAD))
def test_records_under_a_header_of_two_devices_are_nobodys(place: int):
    """Fault 12, "reject unless split by header": another device line is no header.

    Before, the records were read as those of the device named last.
    """
    lines = [*OWN_LOG[:place], OTHER_LOG[1], *OWN_LOG[place:]]
    faults = read_log(b"".join(lines)).faults
    assert sessions(lines) == []
    assert faults.loc[faults["fault"] == 12, "severity"].tolist() == ["severe"]


def test_records_behind_a_header_of_which_little_is_left_are_nobodys():
    """Own format and device lines, the prescription line of both, the donor's records.

    Each line and block is whole and the end line agrees; nothing else says whose records they are.
    """
    assert sessions([*OWN_LOG[:2], OWN_LOG[HEAD - 1], *OTHER_LOG[HEAD:]]) == []


def test_a_log_that_was_never_synchronised_is_read():
    """Fault 21: without sync records the download is taken as written, its times are not."""
    lines = [line for line in OWN_LOG if not line.startswith(b"Hsync")]
    assert sessions(lines) == SESSIONS
    assert 21 in set(read_log(b"".join(lines)).faults["fault"])


def test_a_cut_sync_line_before_another_download_s_sync_line_shows_no_owner():
    """Own device and download lines, a fragment, then the donor's header and records.

    The donor was read eight hours after the own download, within a day of it: only the fragment
    says that one header ends and another begins. Before, three sessions were given to P1.
    """
    donor = [
        *header(b"P2", 170_000, b"2021-03-01T18:00:00Z", 9, 8_100),
        *lines_of(OTHER),
    ]
    assert len(sessions(donor)) == 3
    assert sessions([*OWN_LOG[:3], b"Hsync,2,260100,2*5714EF98\n", *donor[3:]]) == []


def test_a_cut_sync_line_of_the_own_download_costs_nothing():
    """Two sync lines at the start and the end of the visit; the first is cut in its middle."""
    later = frame_line(b"Hsync,2,260300,,2021-03-01T10:03:20Z,2")
    assert sessions([*OWN_LOG[:4], later, *OWN_LOG[4:]]) == SESSIONS
    assert sessions([*OWN_LOG[:3], OWN_LOG[3][:14] + b"\n", later, *OWN_LOG[4:]]) == SESSIONS


def test_a_ring_line_that_stands_twice_is_no_seam_of_two_headers():
    """Own header with unset clock, the ring line twice, then the donor's rest; both rings agree."""
    own = header(b"P1", 260_100, b"2021-03-01T10:00:00Z", 9, 12_600)
    donor = [*OTHER_LOG[5:HEAD], *lines_of(OTHER, boot=1)]
    assert own[4] == OTHER_LOG[4]
    assert sessions([*own[:5], own[4], *donor]) == []


def test_a_session_left_open_is_not_followed_by_the_next_record_of_another_device():
    """Own numbers 5 to 8 gave way to a donor's block whose counters fit; number 1 is damaged.

    The donor's last record is a start 99,200 ticks before own number 9: no end of it follows.
    Before, the donor's session 6 to 7 and the start 8 were this device's.
    """
    donor = [
        (150_000, b"LNK,ON,5,ACT,,,,,"),
        (150_100, START_RECORD),
        (151_900, end_record(1800)),
        (160_000, START_RECORD),
    ]
    records = [*OWN[:4], *donor, *OWN[8:]]
    lines = [*OWN_LOG[:HEAD], *lines_of(records)]
    lines[HEAD] = lines[HEAD].replace(b"SST", b"SSU")
    assert read_log(b"".join(lines)).sessions.empty


def test_records_later_than_the_visit_are_not_of_it_when_the_counter_says_so_too():
    """The donor's whole ring under an own header read 18,300 ticks before its last record."""
    lines = [*header(b"P1", 150_000, b"2021-03-01T10:00:00Z", 9, 12_600), *lines_of(OTHER)]
    assert sessions(lines) == []
    # The counter alone is a fault of the device; so is the tick.
    later = frame_line(b"Hsync,2,170000,,2021-03-01T10:00:00Z,2")
    assert len(sessions([*lines[:3], later, *lines[4:]])) == 3
    assert len(sessions([*lines[:5], OTHER_LOG[5], *lines[6:]])) == 3
