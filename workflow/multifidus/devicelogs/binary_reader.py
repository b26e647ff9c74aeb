"""Reading ``ipglog-bin`` 1.0: pages first, single records only where a page fails."""

from __future__ import annotations

from binascii import crc_hqx
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from isal.isal_zlib import crc32

from multifidus.devicelogs.binary_layout import (
    HEADER_MAGIC,
    OPEN_COUNT,
    PAGE,
    PAGE_BYTES,
    PAGE_HEADER,
    PAGE_MAGIC,
    PAGE_RECORDS,
    RECORD,
    RECORD_BYTES,
)
from multifidus.devicelogs.binding import SUFFIX, UNTIDY, WHOLE_RING
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.layout import FORMAT_MAJOR, FORMAT_MINOR
from multifidus.devicelogs.model import Header
from multifidus.devicelogs.packed_records import join_records
from multifidus.devicelogs.text_header import header_line_name, read_header_line
from multifidus.devicelogs.text_parts import ByteAccount
from multifidus.devicelogs.torn_pages import AGREEING, placed, steady

if TYPE_CHECKING:
    from multifidus.devicelogs.model import IntArray

__all__ = ["BinaryFile", "read_pages"]

_HEAD = PAGE_HEADER.itemsize
_ERASED = b"\xff"
_BODY = PAGE_BYTES - 4
_RESIDUE = crc32(bytes(4))
_COUNT = slice(16, 18)
"""Where a page header holds its count of records."""


@dataclass
class BinaryFile:
    """One binary input after framing.

    ``pieces`` are arrays of records, together sorted by sequence number; ``complete`` says that
    every page verified and the declared ring is whole. Where it is not, ``tidy`` says what
    vouches for each record (see :mod:`~multifidus.devicelogs.binding`). ``header_page`` is the
    header page as read, ``minor`` the newest minor version that a page names.
    """

    account: ByteAccount
    header: Header = field(default_factory=Header)
    header_names: list[str] = field(default_factory=list)
    faults: FaultLog = field(default_factory=FaultLog)
    pieces: list[npt.NDArray[np.void]] = field(default_factory=list)
    tidy: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    damaged: list[int] = field(default_factory=list)
    complete: bool = False
    header_page: bytes = b""
    mixed: bool = False
    minor: int = 0

    @property
    def count(self) -> int:
        """Records that verified."""
        return sum(piece.size for piece in self.pieces)


@dataclass
class _Pages:
    """Pages found one by one: page number, records, whether it verified; and full ones.

    ``bulk_records`` has one row of records for each full page.
    """

    bulk_numbers: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bulk_records: npt.NDArray[np.void] = field(
        default_factory=lambda: np.zeros((0, PAGE_RECORDS), dtype=RECORD)
    )
    number: list[int] = field(default_factory=list)
    records: list[npt.NDArray[np.void]] = field(default_factory=list)
    verified: list[bool] = field(default_factory=list)


def read_pages(data: bytes) -> BinaryFile:
    """Frame one ``ipglog-bin`` input and account for each byte.

    Parameters
    ----------
    data
        The whole input, a dump in physical order.

    Returns
    -------
    BinaryFile
        Never raises on any input.
    """
    file = BinaryFile(ByteAccount(size=len(data)))
    pages = _Pages()
    sound = _sound_pages(data)
    unsound = [*np.flatnonzero(~sound).tolist(), len(sound)]
    used: list[tuple[int, int]] = []
    position = 0
    while position < len(data):
        index, within = divmod(position, PAGE_BYTES)
        end = unsound[bisect_left(unsound, index)] if index < len(sound) else index
        if not within and index < end:
            used.append((index, end))
            position = end * PAGE_BYTES
        else:
            position = _take(data, position, file, pages)
    _take_sound(data, used, file, pages)
    _gather(file, pages)
    return file


def _sound_pages(data: bytes) -> npt.NDArray[np.bool_]:
    """Say of each aligned page whether it is a full page of records whose CRC holds."""
    count = len(data) // PAGE_BYTES
    pages = np.frombuffer(data, dtype=PAGE, count=count)
    # The CRC over bytes and their own CRC is the same for all bytes.
    octets = np.frombuffer(data, dtype=np.uint8, count=count * PAGE_BYTES)
    found = np.fromiter(map(crc32, octets.reshape(count, PAGE_BYTES)), np.uint32, count)
    head = pages["head"]
    return np.asarray(
        (found == _RESIDUE)
        & (head["magic"] == PAGE_MAGIC)
        & (head["major"] == FORMAT_MAJOR)
        & (head["record_size"] == RECORD_BYTES)
        & (head["count"] == PAGE_RECORDS)
    )


def _take_sound(data: bytes, used: list[tuple[int, int]], file: BinaryFile, pages: _Pages) -> None:
    """Take all full pages that verify in one piece, without a copy where they lie together."""
    if not used:
        return
    view = np.frombuffer(data, dtype=PAGE, count=len(data) // PAGE_BYTES)
    runs = [view[begin:end] for begin, end in used]
    chosen = runs[0] if len(runs) == 1 else np.concatenate(runs)
    pages.bulk_numbers = chosen["head"]["page"].astype(np.int64)
    pages.bulk_records = chosen["records"]
    file.minor = max(file.minor, int(chosen["head"]["minor"].max()))
    file.account.accepted += len(chosen) * PAGE_RECORDS * RECORD_BYTES
    file.account.framing += len(chosen) * (PAGE_BYTES - PAGE_RECORDS * RECORD_BYTES)


def _take(data: bytes, start: int, file: BinaryFile, pages: _Pages) -> int:
    """Take what stands at one offset; return the offset after it."""
    magic = data[start : start + 4]
    page = data[start : start + PAGE_BYTES]
    whole = len(page) == PAGE_BYTES
    if magic in {PAGE_MAGIC, HEADER_MAGIC} and whole:
        verified = crc32(page[:_BODY]) == int.from_bytes(page[_BODY:], "little")
        if magic == HEADER_MAGIC and verified:
            _read_header(page, start, file)
            return start + PAGE_BYTES
        opened = int.from_bytes(page[_COUNT], "little") == OPEN_COUNT
        if magic == PAGE_MAGIC and verified and not opened:
            return _take_verified(page, start, file, pages)
    if magic == PAGE_MAGIC:
        end = _next_magic(data, start + 1, start + PAGE_BYTES)
        _take_torn(data[start:end], start, file, pages, short=end - start < PAGE_BYTES)
        return end
    if magic == HEADER_MAGIC:
        end = _next_magic(data, start + 1, start + PAGE_BYTES)
        file.header_names.append("!?")
        file.faults.add(36, "the header page is damaged", span=(start, end), outcome="reject")
        file.account.flagged += end - start
        return end
    following = _next_magic(data, start + 1, len(data))
    rest = data[start:following]
    if not rest.strip(_ERASED):
        file.faults.add(36, "erased pages skipped", span=(start, following), severity="note")
        file.account.framing += len(rest)
    else:
        file.faults.add(36, "bytes that are no page", span=(start, following), outcome="reject")
        file.account.flagged += len(rest)
    return following


def _next_magic(data: bytes, start: int, limit: int) -> int:
    """Return where the next page starts, at most ``limit``."""
    limit = min(limit, len(data))
    found = [data.find(magic, start, limit) for magic in (PAGE_MAGIC, HEADER_MAGIC)]
    return min((place for place in found if place >= 0), default=limit)


def _read_header(page: bytes, start: int, file: BinaryFile) -> None:
    length = int.from_bytes(page[6:8], "little")
    span = (start, start + PAGE_BYTES)
    file.account.framing += PAGE_BYTES
    if page == file.header_page:
        file.faults.add(36, "the header page is repeated", span=span)
        return
    if file.header_page:
        file.faults.add(12, "a header page of another download; nothing is used", span=span)
        file.mixed = True
        return
    file.header_page = page
    for line in page[8 : 8 + length].decode("latin-1").splitlines():
        text = line.removeprefix("H")
        file.header_names.append(header_line_name(text))
        read_header_line(file.header, text, file.faults, span)
    if page[4] != FORMAT_MAJOR:
        file.header.major = page[4]
    file.minor = max(file.minor, page[5])


def _take_verified(page: bytes, start: int, file: BinaryFile, pages: _Pages) -> int:
    head = np.frombuffer(page, dtype=PAGE_HEADER, count=1)[0]
    count = int(head["count"])
    usable = count <= PAGE_RECORDS and int(head["record_size"]) == RECORD_BYTES
    if not usable or int(head["major"]) != FORMAT_MAJOR:
        file.faults.add(
            34, "a page of an unknown version", span=(start, start + PAGE_BYTES), outcome="reject"
        )
        file.account.flagged += PAGE_BYTES
        return start + PAGE_BYTES
    file.minor = max(file.minor, int(head["minor"]))
    records = np.frombuffer(page, dtype=RECORD, count=count, offset=_HEAD)
    file.account.accepted += count * RECORD_BYTES
    file.account.framing += PAGE_BYTES - count * RECORD_BYTES
    pages.number.append(int(head["page"]))
    pages.records.append(records)
    pages.verified.append(True)
    return start + PAGE_BYTES


def _take_torn(page: bytes, start: int, file: BinaryFile, pages: _Pages, *, short: bool) -> None:
    """Keep the records of an open, torn or short page whose own CRC and number hold.

    A record's number must be its page's first number plus its slot, or, where whole frames were
    lost before it, continue at least one other such record within the page's numbers: CRC-16
    alone lets one in 65,536 accidents pass.
    """
    if len(page) < _HEAD:
        file.faults.add(37, "a page of a few bytes", span=(start, start + len(page)))
        file.account.flagged += len(page)
        return
    head = np.frombuffer(page, dtype=PAGE_HEADER, count=1)[0]
    slots = min(PAGE_RECORDS, (len(page) - _HEAD) // RECORD_BYTES)
    records = np.frombuffer(page, dtype=RECORD, count=slots, offset=_HEAD)
    raw = [page[_HEAD + 32 * slot : _HEAD + 32 * slot + 32] for slot in range(slots)]
    blank = np.asarray([item == _ERASED * RECORD_BYTES for item in raw], dtype=np.bool_)
    holds = np.asarray(
        [crc_hqx(item[:30], 0xFFFF) == int.from_bytes(item[30:], "little") for item in raw],
        dtype=np.bool_,
    )
    base = records["seq"].astype(np.int64) - np.arange(slots)
    known = base[holds]
    first = int(head["first"])
    if len(known) >= AGREEING and (known == first).sum() < AGREEING:
        values, counts = np.unique(known, return_counts=True)
        first = int(values[counts.argmax()]) if counts.max() >= AGREEING else first
    good = holds & ~blank & placed(base, known, first)
    bad = ~good & ~blank
    accepted = int(good.sum()) * RECORD_BYTES
    flagged = int(bad.sum()) * RECORD_BYTES
    opened = int(head["count"]) == OPEN_COUNT and not bad.any() and not short
    filled = int(good.sum())
    # An open page is filled from its first slot on.
    opened = opened and bool(good[:filled].all()) and steady(records[good])
    file.account.accepted += accepted
    file.account.flagged += flagged
    file.account.framing += len(page) - accepted - flagged
    file.damaged += [first + int(slot) for slot in np.flatnonzero(bad)]
    # Behind the last record that holds lies what was torn; before it single records are damaged.
    for slot in [] if short else np.flatnonzero(bad & (np.cumsum(good) < good.sum())).tolist():
        at, number = start + _HEAD + RECORD_BYTES * slot, first + slot
        span = (at, at + RECORD_BYTES)
        file.faults.add(1, "checksum does not hold", span=span, seqs=(number, number))
    if short:
        file.faults.add(37, "a page is cut short", span=(start, start + len(page)), count=slots)
    elif not opened:
        file.faults.add(
            36,
            "a torn page; records whose own check holds are kept",
            span=(start, start + len(page)),
        )
    pages.number.append(int(head["page"]))
    pages.records.append(records[good])
    pages.verified.append(opened)


def _gather(file: BinaryFile, pages: _Pages) -> None:
    """Put the pages in the order of their numbers; of a repeated one the latest page wins."""
    if file.header.major is not None and file.header.major != FORMAT_MAJOR:
        file.faults.add(34, "unknown major version; nothing read", outcome="reject")
        file.mixed = True
    elif max(file.minor, file.header.minor or 0) > FORMAT_MINOR:
        file.faults.add(34, "newer minor version; read as 1.0")
    if file.mixed:
        file.account.flagged += file.account.accepted
        file.account.accepted = 0
        return
    pieces = [piece for piece in (pages.bulk_records, *pages.records) if piece.size]
    if not pieces:
        file.faults.add(43, "no record verifies")
        return
    seq = np.concatenate([piece["seq"].reshape(-1) for piece in pieces])
    low, high = int(seq[0]), int(seq[-1])
    rising = high - low + 1 == len(seq) and bool((seq[1:] - seq[:-1] == 1).all())
    if (
        rising
        and all(pages.verified)
        and file.account.flagged == 0
        and (low, high) == (file.header.first_seq, file.header.last_seq)
    ):
        file.pieces, file.complete = pieces, True
        return
    _gather_in_order(file, pages, join_records(pieces), rising=rising)


def _gather_in_order(
    file: BinaryFile, pages: _Pages, records: npt.NDArray[np.void], *, rising: bool
) -> None:
    """Sort the records of a dump that is not complete, and say which pages bind theirs."""
    sizes = [PAGE_RECORDS] * len(pages.bulk_numbers) + [len(item) for item in pages.records]
    numbers = [*pages.bulk_numbers.tolist(), *pages.number]
    page = np.repeat(np.asarray(numbers, dtype=np.int64), sizes)
    verified = [*([True] * len(pages.bulk_numbers)), *pages.verified]
    sound = np.repeat(np.asarray(verified, dtype=np.bool_), sizes)
    seq = records["seq"].astype(np.int64)
    low, high = file.header.first_seq, file.header.last_seq
    beyond = (seq < (low or 0)) | (seq > (high or 0))
    if _tiles(numbers, page, seq, (low, high)):
        tidy = np.where(sound, WHOLE_RING, SUFFIX + 1 + page)
    else:
        # A page that reaches beyond the declared ring binds nothing.
        tidy = np.where(sound & ~np.isin(page, page[beyond]), -1 - page, UNTIDY)
    if not rising:
        chosen = _without_repeats(records, page, file)
        records, tidy = records[chosen], tidy[chosen]
    file.pieces, file.tidy = [records], tidy
    seq = records["seq"]
    file.complete = (
        len(seq) > 0
        and all(pages.verified)
        and (int(seq[0]), int(seq[-1])) == (low, high)
        and len(seq) == int(seq[-1]) - int(seq[0]) + 1
        and file.account.flagged == 0
    )


def _tiles(
    numbers: list[int], page: IntArray, seq: IntArray, ring: tuple[int | None, int | None]
) -> bool:
    """Whether the pages are those of one ring, each once: their numbers and records rise."""
    low, high = ring
    apart = len(set(numbers)) == len(numbers) == max(numbers) - min(numbers) + 1
    if low is None or high is None or not apart:
        return False
    order = np.argsort(page, kind="stable")
    edges = (int(seq[order[0]]), int(seq[order[-1]]))
    return (
        bool((np.diff(seq[order]) > 0).all())
        and low <= edges[0] < low + PAGE_RECORDS
        and high - PAGE_RECORDS < edges[1] <= high
    )


def _without_repeats(records: npt.NDArray[np.void], page: IntArray, file: BinaryFile) -> IntArray:
    """Choose rows in the order of their numbers, each number once.

    Of equal numbers the highest page wins; where one page number holds two different records
    of one number, none is used (fault 9).
    """
    seq = records["seq"].astype(np.int64)
    order = np.lexsort((page, seq))
    same = np.append(seq[order][1:] == seq[order][:-1], [False])
    clash: set[int] = set()
    for row in np.flatnonzero(same).tolist():
        one, two = int(order[row]), int(order[row + 1])
        if page[one] == page[two] and records[one].tobytes() != records[two].tobytes():
            clash.add(int(seq[one]))
    if same.any():
        detail = "pages repeat records; the latest page is used"
        file.faults.add(36, detail, count=int(same.sum()))
    for number in sorted(clash):
        file.faults.add(9, "different records with one sequence number", seqs=(number, number))
    chosen = order[~same.astype(np.bool_)]
    file.damaged += sorted(clash)
    return np.asarray(chosen[~np.isin(seq[chosen], list(clash))])
