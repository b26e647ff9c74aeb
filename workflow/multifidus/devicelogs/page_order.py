"""Putting the pages of a dump in the order of their numbers, and saying what vouches for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.binary_layout import PAGE_RECORDS, RECORD
from multifidus.devicelogs.binding import SUFFIX, UNTIDY, WHOLE_RING
from multifidus.devicelogs.layout import FORMAT_MAJOR, FORMAT_MINOR
from multifidus.devicelogs.packed_records import join_records

if TYPE_CHECKING:
    from multifidus.devicelogs.binary_reader import BinaryFile
    from multifidus.devicelogs.model import IntArray

__all__ = ["Pages", "gather_pages"]


@dataclass
class Pages:
    """Pages found one by one: page number, records, whether it verified; and full ones.

    ``bulk_records`` has one row of records for each full page. ``mixed`` are numbers of pages
    that may hold another device's records: their CRC fails though each record holds, or they are
    open, without a CRC, and hold an end that does not fit its start.
    """

    bulk_numbers: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bulk_records: npt.NDArray[np.void] = field(
        default_factory=lambda: np.zeros((0, PAGE_RECORDS), dtype=RECORD)
    )
    number: list[int] = field(default_factory=list)
    records: list[npt.NDArray[np.void]] = field(default_factory=list)
    verified: list[bool] = field(default_factory=list)
    mixed: list[int] = field(default_factory=list)


def gather_pages(file: BinaryFile, pages: Pages) -> None:
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
    rising = bool((seq[1:] - seq[:-1] == 1).all())
    file.complete = rising and _is_complete(file, pages, seq)
    if file.complete:
        file.pieces = pieces
        return
    _gather_in_order(file, pages, join_records(pieces), rising=rising)


def _gather_in_order(
    file: BinaryFile, pages: Pages, records: npt.NDArray[np.void], *, rising: bool
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
    tidy[np.isin(page, [*pages.mixed, *_fallen(records, page, pages)])] = UNTIDY
    if not rising:
        chosen = _without_repeats(records, page, file)
        records, tidy = records[chosen], tidy[chosen]
    file.pieces, file.tidy = [records], tidy
    file.complete = _is_complete(file, pages, records["seq"])


def _is_complete(file: BinaryFile, pages: Pages, seq: npt.NDArray[np.integer]) -> bool:
    """Whether rising numbers fill the declared ring, and every page is as its writer left it."""
    edges = (int(seq[0]), int(seq[-1])) if len(seq) else None
    return (
        edges is not None
        and edges == (file.header.first_seq, file.header.last_seq)
        and edges[1] - edges[0] + 1 == len(seq)
        and all(pages.verified)
        and not pages.mixed
        and file.account.flagged == 0
    )


def _fallen(records: npt.NDArray[np.void], page: IntArray, pages: Pages) -> list[int]:
    """Return pages without a sound CRC before which the boot falls while numbers rise."""
    order = np.argsort(records["seq"], kind="stable")
    boot = records["boot"].astype(np.int64)[order]
    behind = page[order][1:][np.diff(boot) < 0]
    return sorted(set(behind.tolist()) & set(pages.number))


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
