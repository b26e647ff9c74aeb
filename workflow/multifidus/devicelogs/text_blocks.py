"""Which lines of a download its block lines vouch for.

A block line says of the lines before it how many they are, which numbers they carry, and their
CRC. Where the blocks tile the declared ring and the end line agrees, no block was slipped in.
Elsewhere a block speaks for itself only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.binding import SUFFIX, UNTIDY, WHOLE_RING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.model import IntArray
    from multifidus.devicelogs.text_frames import Block
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
    owner = np.repeat(np.asarray(part.run_blocks, dtype=np.int64), [r.count for r in part.runs])
    tidy = np.full(len(owner), UNTIDY, dtype=np.int64)
    low, high = part.header.first_seq or 0, part.header.last_seq or 0
    edges = np.searchsorted(owner, np.arange(len(part.blocks) + 1))
    # A line cut in two leaves two fragments in one place: together they are one record or more.
    places = {(line.block, line.after_run) for line in part.damaged}
    fragments = np.bincount(
        np.asarray([block for block, _ in places], dtype=np.int64),
        minlength=len(part.blocks) + 1,
    )
    begin, stop = _chain(part)
    vouched = [
        block.verified or _same_lines(data, part, number, block)
        for number, block in enumerate(part.blocks)
    ]
    whole = _tiles(part, begin, stop, vouched)
    for number, block in enumerate(part.blocks):
        if block.first < low or block.last > high:
            continue
        lines = slice(int(edges[number]), int(edges[number + 1]))
        joined = begin <= number < stop
        if vouched[number]:
            tidy[lines] = (WHOLE_RING if whole else SUFFIX) if joined else -1 - number
        elif whole and joined and _fits(block, seqs[lines], fragments[number]):
            tidy[lines] = np.where(_single(seqs[lines]), SUFFIX + 1 + number, UNTIDY)
    return tidy


def _chain(part: TextPart) -> tuple[int, int]:
    """Return first and end of the blocks that follow each other up to the ring's last number.

    None where two blocks claim that number.
    """
    blocks = part.blocks
    newest = [at for at, block in enumerate(blocks) if block.last == part.header.last_seq]
    if len(newest) != 1:
        return 0, 0
    start = newest[0]
    while start and blocks[start - 1].last + 1 == blocks[start].first:
        start -= 1
    return start, newest[0] + 1


def _tiles(part: TextPart, begin: int, stop: int, vouched: Sequence[bool]) -> bool:
    """Whether such blocks are all those of the ring.

    Either there are no others and the end line does not deny it, or each of them verifies.
    """
    blocks = part.blocks[begin:stop]
    counts = sum(block.count for block in blocks)
    alone = len(blocks) == len(part.blocks) and part.end in {None, (counts, len(blocks))}
    return (
        bool(blocks)
        and blocks[0].first == part.header.first_seq
        and all(block.count == block.last - block.first + 1 for block in blocks)
        and (alone or all(vouched[begin:stop]))
    )


def _fits(block: Block, seqs: IntArray, fragments: int) -> bool:
    """Whether the lines rise and are fewer than the block declares, with room for the fragments.

    As many lines as declared, and a CRC that does not hold: one of them is not the writer's.
    """
    good = seqs[seqs >= 0]
    count = int(_single(good).sum())
    return (
        count + max(int(fragments), 1) <= block.count
        and bool((np.diff(good) >= 0).all())
        and (not len(good) or (block.first <= int(good[0]) and int(good[-1]) <= block.last))
    )


def _single(seqs: IntArray) -> BoolArray:
    """Say of each line whether no other carries its number."""
    _, inverse, counts = np.unique(seqs, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] == 1, dtype=np.bool_)


def _same_lines(data: bytes, part: TextPart, number: int, block: Block) -> bool:
    """Whether the lines are the writer's, though repeated, out of order or glued."""
    own = [run for run, at in zip(part.runs, part.run_blocks, strict=True) if at == number]
    lines = {line for run in own for line in data[run.start : run.end].rstrip(b"\n").split(b"\n")}
    if len(lines) != block.count:
        return False
    ordered = sorted(lines, key=_number)
    return crc32(b"\n".join(ordered) + b"\n") == block.crc


def _number(line: bytes) -> int:
    digits = line[1:].partition(b",")[0]
    return int(digits) if digits.isdigit() else -1
