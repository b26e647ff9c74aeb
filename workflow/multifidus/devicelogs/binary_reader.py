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
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.layout import FORMAT_MAJOR
from multifidus.devicelogs.model import Header
from multifidus.devicelogs.page_order import Pages, gather_pages
from multifidus.devicelogs.text_header import header_line_name, read_header_line
from multifidus.devicelogs.text_parts import ByteAccount
from multifidus.devicelogs.torn_pages import ends_fit, first_number, placed, steady

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
    pages = Pages()
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
    gather_pages(file, pages)
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


def _take_sound(data: bytes, used: list[tuple[int, int]], file: BinaryFile, pages: Pages) -> None:
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


def _take(data: bytes, start: int, file: BinaryFile, pages: Pages) -> int:
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
        if file.header_names:
            _refuse_second_header(file, (start, end))
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
    if file.header_names:
        _refuse_second_header(file, span)
    if file.header_page:
        return
    file.header_page = page
    for line in page[8 : 8 + length].decode("latin-1").splitlines():
        text = line.removeprefix("H")
        file.header_names.append(header_line_name(text))
        read_header_line(file.header, text, file.faults, span)
    if page[4] != FORMAT_MAJOR:
        file.header.major = page[4]
    file.minor = max(file.minor, page[5])


def _refuse_second_header(file: BinaryFile, span: tuple[int, int]) -> None:
    """Refuse a dump with two header pages that are not the same: it holds two downloads."""
    file.faults.add(12, "a header page of another download; nothing is used", span=span)
    file.mixed = True


def _take_verified(page: bytes, start: int, file: BinaryFile, pages: Pages) -> int:
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


def _take_torn(page: bytes, start: int, file: BinaryFile, pages: Pages, *, short: bool) -> None:
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
    first = first_number(int(head["first"]), known)
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
    # Fewer records than the page declares are damage enough to explain a CRC that fails.
    unseen = not (short or bad.any()) and filled >= int(head["count"])
    if unseen or (opened and not ends_fit(records[good])):
        pages.mixed.append(int(head["page"]))
