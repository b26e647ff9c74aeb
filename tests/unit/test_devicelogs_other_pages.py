"""Pages and records of another dump among one's own, with no clock set to tell them apart.

Each dump is written by hand; each expected session is read off the records written here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from own_logs import DAY, START, T0, Rec, faults, header, header_page, page

from multifidus.devicelogs.reader import read_log

if TYPE_CHECKING:
    from collections.abc import Sequence

SLOTS = 63
DAYS = 20
END = ("CPL", 1800, 60, 31, 28, 0)


def life(days: int = DAYS, *, late: int = 0, first_day: int = 1, lifetime: int = 0) -> list[Rec]:
    """Two sessions of 1,800 s a day and the day's record, clock unset, five records a day."""
    records: list[Rec] = []
    for day in range(days):
        for hour in (8, 20):
            tick = day * DAY + hour * 3600 + late
            records.append(Rec(len(records) + 1, 1, tick, None, "SST", START))
            records.append(Rec(len(records) + 1, 1, tick + 1800, None, "SEN", END))
        lifetime += 3600
        counts = (first_day + day, 2, 3600, 120, lifetime)
        records.append(Rec(len(records) + 1, 1, (day + 1) * DAY, None, "DAY", counts))
    return records


def head(records: Sequence[Rec]) -> bytes:
    """Header page of a download one hour after the last day."""
    read = DAYS * DAY + 3600
    return header_page(header(records, read, sync=(1, read, None)))


def dump(records: Sequence[Rec], *, opened: bool = False) -> list[bytes]:
    """Header page and record pages, the last one open where wanted."""
    starts = range(0, len(records), SLOTS)
    return [
        head(records),
        *(
            page(
                records[at : at + SLOTS],
                number,
                opened=opened and at + SLOTS >= len(records),
            )
            for number, at in enumerate(starts)
        ),
    ]


def with_record(whole: bytes, slot: int, record: Rec) -> bytes:
    """Put a record in a slot of a page; the CRC of the page stays as it was."""
    begin = 28 + 32 * slot
    return whole[:begin] + record.packed() + whole[begin + 32 :]


def starts(pages: Sequence[bytes]) -> set[int]:
    """First numbers of the sessions read, the number of the end where there is no start."""
    sessions = read_log(b"".join(pages)).sessions
    return set(sessions["seq_start"].fillna(sessions["seq_end"]).astype(int))


OWN = life()
SESSIONS = {record.seq for record in OWN if record.kind == "SST"}


def test_the_hand_written_dump_is_read_as_it_says() -> None:
    """20 days of two sessions: 40, from two pages, whether the last one is open or closed."""
    assert starts(dump(OWN)) == SESSIONS
    assert starts(dump(OWN, opened=True)) == SESSIONS


def test_a_page_whose_crc_fails_though_each_record_holds_binds_nothing() -> None:
    """A session of another device, two hours later and as long, in the slots of numbers 6 and 7.

    Each record holds and the counters agree: only the CRC of the page says that it was changed.
    Before, the session was used at the other time. Number 64 is the end of a session whose start
    lies in the page that was changed.
    """
    whole = dump(OWN)
    other = life(late=7200)
    whole[1] = with_record(with_record(whole[1], 5, other[5]), 6, other[6])
    assert starts(whole) == {64, *(seq for seq in SESSIONS if seq > SLOTS)}


def test_an_open_page_whose_ends_do_not_fit_binds_nothing() -> None:
    """An end of another device in place of the start of number 66; no CRC covers the page.

    Before, it was a session of its own, ended at 09:00 of the day.
    """
    whole = dump(OWN, opened=True)
    assert OWN[65].kind == "SST"
    alien = Rec(66, 1, OWN[65].tick + 600, None, "SEN", END)
    whole[2] = with_record(whole[2], 2, alien)
    assert not starts(whole) & set(range(64, 101))


def test_an_open_page_before_which_the_boot_falls_binds_nothing() -> None:
    """Page 0 is of boot 1 and sound; the open page behind it begins with records of boot 0."""
    whole = dump(OWN, opened=True)
    for slot in range(5):
        alien = replace(OWN[SLOTS + slot], boot=0)
        whole[2] = with_record(whole[2], slot, alien)
    assert not starts([*whole, b"a torn rest"]) & set(range(64, 101))


def test_a_dump_with_a_second_header_page_is_refused_though_that_page_is_damaged() -> None:
    """Fault 12: two dumps in one file; a byte of the second's header page is another."""
    second = dump(life(late=7200))
    second[0] = second[0][:100] + b"?" + second[0][101:]
    log = read_log(b"".join([*dump(OWN), *second]))
    assert log.sessions.empty
    assert faults(log, 12)["severity"].tolist() == ["severe"]


def test_a_page_of_another_dump_before_a_reset_is_told_by_its_days() -> None:
    """Page 0 of another device, clock set; behind it own records after a reset, clock unset.

    The other's last record lies one hour before the own reset, so that the clock fits. But its
    day 12 and the own day 41 are two days apart in time, and the counters do not follow either.
    Before, its 25 whole sessions were this device's. The own sessions before the first own counter,
    number 68, stay out: nothing says whose they are.
    """
    zero = T0 + 12 * DAY + 21 * 3600
    other = [replace(record, boot=0, clock=T0 + record.tick) for record in life(13)[:SLOTS]]
    own = life(8, first_day=41, lifetime=100_000)
    own = [replace(record, seq=record.seq + SLOTS) for record in own]
    both = [*other, *own]
    read = 8 * DAY + 3600
    facts = header(both, zero + read - T0, sync=(1, read, None))
    pages = [header_page(facts), page(other, 0), page(own, 1)]
    assert starts(pages) == {record.seq for record in own[5:] if record.kind == "SST"}
    # The same two pages of one device, whose days and counter go on, are one life.
    same = life(8, first_day=14, lifetime=12 * 3600 + 1800)
    same = [replace(record, seq=record.seq + SLOTS) for record in same]
    assert len(starts([header_page(facts), page(other, 0), page(same, 1)])) == 26 + 16


def test_a_page_torn_in_its_middle_keeps_the_records_that_were_written() -> None:
    """Fault 36: power was lost after 30 records; the rest of the page, CRC included, is erased."""
    whole = dump(OWN)
    whole[1] = (whole[1][: 28 + 32 * 30]).ljust(2048, b"\xff")
    log = read_log(b"".join(whole))
    found = set(log.sessions["seq_start"].fillna(log.sessions["seq_end"]).astype(int))
    kept = {seq for seq in SESSIONS if seq <= 30 or seq > SLOTS}
    assert found == {*kept, 64}
    assert faults(log, 36)["outcome"].tolist() == ["recover"]
    assert log.sequence["P017"].missing == SLOTS - 30
