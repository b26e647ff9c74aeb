"""Which lines of a download its block lines vouch for.

A block line says of the lines before it how many they are, which numbers they carry, and their
CRC. Where the blocks tile the declared ring and the end line agrees, no block was slipped in.
Elsewhere a block speaks for itself only.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from isal.isal_zlib import crc32

from multifidus.devicelogs.binding import SUFFIX, UNTIDY, WHOLE_RING

if TYPE_CHECKING:
    from multifidus.devicelogs.model import IntArray
    from multifidus.devicelogs.text_parts import TextPart

BoolArray = npt.NDArray[np.bool_]

__all__ = ["tidy_lines"]


def tidy_lines(data: bytes, part: TextPart, seqs: IntArray) -> IntArray:
    """Say of each record line what its block says of it.

    Parameters
    ----------
    data
        The cleaned text.
    part
        A download within it.
    seqs
        Sequence numbers of the part's record lines in the order of the file, -1 where a line
        was rejected.

    Returns
    -------
    numpy.ndarray
        As :mod:`~multifidus.devicelogs.binding` defines them. A block that does not verify is
        tidy only within a whole ring, where its lines rise: its CRC cannot tell damage from a
        foreign line.
    """
    blocks = len(part.blocks)
    owner = part.runs.owners()
    edges = np.searchsorted(owner, np.arange(blocks + 2))
    first, last, lines = _columns(part)
    vouched = np.array(part.blocks.verified) > 0
    # Lines may be repeated, out of order or glued, but none of them may be missing.
    enough = np.diff(edges)[:blocks] >= lines
    for number in np.flatnonzero(~vouched & enough).tolist():
        vouched[number] = _same_lines(data, part, number)
    begin, stop = _chain(part)
    joined = (np.arange(blocks) >= begin) & (np.arange(blocks) < stop)
    whole = _tiles(part, begin, stop, vouched)
    low, high = part.header.first_seq or 0, part.header.last_seq or 0
    inside = (low <= first) & (last <= high)
    alone = np.where(joined, WHOLE_RING if whole else SUFFIX, -1 - np.arange(blocks))
    # Lines behind the last block line belong to no block.
    level = np.append(np.where(inside & vouched, alone, UNTIDY), UNTIDY)
    tidy = level[owner]
    if whole:
        rows = _fitting_rows(part, seqs, owner, inside & joined & ~vouched)
        tidy[rows] = SUFFIX + 1 + owner[rows]
    return tidy


def _columns(part: TextPart) -> tuple[IntArray, IntArray, IntArray]:
    """Return first and last numbers and numbers of lines, as the block lines say."""
    blocks = part.blocks
    return np.array(blocks.first), np.array(blocks.last), np.array(blocks.lines)


def _chain(part: TextPart) -> tuple[int, int]:
    """Return first and end of the blocks that follow each other up to the ring's last number.

    None where two blocks claim that number.
    """
    first, last, _ = _columns(part)
    newest = np.flatnonzero(last == part.header.last_seq)
    if len(newest) != 1:
        return 0, 0
    start = int(newest[0])
    apart = np.flatnonzero(last[:start] + 1 != first[1 : start + 1])
    return (int(apart[-1]) + 1 if len(apart) else 0), start + 1


def _tiles(part: TextPart, begin: int, stop: int, vouched: BoolArray) -> bool:
    """Whether such blocks are all those of the ring.

    Either there are no others and the end line does not deny it, or each of them verifies.
    """
    own = slice(begin, stop)
    first, last, lines = (column[own] for column in _columns(part))
    alone = len(first) == len(part.blocks) and part.end in {None, (lines.sum(), len(first))}
    return (
        len(first) > 0
        and first[0] == part.header.first_seq
        and bool((lines == last - first + 1).all())
        and (alone or bool(vouched[own].all()))
    )


def _fitting_rows(
    part: TextPart, seqs: IntArray, owner: IntArray, candidates: BoolArray
) -> IntArray:
    """Find lines of damaged blocks that the block lines leave room for.

    The lines of such a block rise within its range and are fewer than declared, with room for
    the fragments: as many lines as declared, and a CRC that does not hold, and one of them is not
    the writer's. Lines that share a number are left out.
    """
    size = len(part.blocks)
    first, last, lines = _columns(part)
    # A line cut in two leaves two fragments in one place: together they are one record or more.
    places = set(zip(part.damaged.block, part.damaged.after_run, strict=True))
    held = np.asarray([block for block, _ in places], dtype=np.int64)
    fragments = np.bincount(held, minlength=size)[:size]
    rows = np.flatnonzero((seqs >= 0) & np.append(candidates, [False])[owner])
    own, of = seqs[rows], owner[rows]
    beside = of[1:] == of[:-1]
    wrong = (own < first[of]) | (own > last[of])
    wrong[1:] |= beside & (own[1:] < own[:-1])
    twin = np.zeros(len(own), dtype=np.bool_)
    twin[1:] |= beside & (own[1:] == own[:-1])
    twin[:-1] |= beside & (own[1:] == own[:-1])
    count = np.bincount(of[~twin], minlength=size)
    orderly = np.bincount(of[wrong], minlength=size) == 0
    fits = candidates & orderly & (count + np.maximum(fragments, 1) <= lines)
    return np.asarray(rows[~twin & fits[of]])


def _same_lines(data: bytes, part: TextPart, number: int) -> bool:
    """Whether the lines are the writer's, though repeated, out of order or glued."""
    runs = part.runs
    own = slice(bisect_left(runs.blocks, number), bisect_right(runs.blocks, number))
    lines = {
        line
        for start, end in zip(runs.starts[own], runs.ends[own], strict=True)
        for line in data[start:end].rstrip(b"\n").split(b"\n")
    }
    if len(lines) != part.blocks.lines[number]:
        return False
    ordered = sorted(lines, key=_number)
    return crc32(b"\n".join(ordered) + b"\n") == part.blocks.crc[number]


def _number(line: bytes) -> int:
    digits = line[1:].partition(b",")[0]
    return int(digits) if digits.isdigit() else -1
