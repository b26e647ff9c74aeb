"""What one download is made of, held in columns: runs of record lines, block lines, damage.

A log has a run per block and one more per damaged line; columns cost the garbage collector
nothing, where as many objects would, and whole columns are what is asked for.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.model import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.devicelogs.model import IntArray

__all__ = ["BlockLines", "DamagedLines", "RecordRuns"]


def _column() -> array[int]:
    return array("q")


@dataclass
class RecordRuns:
    """Runs of consecutive record lines that verify.

    ``starts`` and ``ends`` are half-open spans, ``lines`` numbers of lines, ``blocks`` numbers of
    block lines of the download before each run, ``count`` all lines together.
    """

    starts: array[int] = field(default_factory=_column)
    ends: array[int] = field(default_factory=_column)
    lines: array[int] = field(default_factory=_column)
    blocks: array[int] = field(default_factory=_column)
    count: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    def append(self, start: int, end: int, lines: int, block: int) -> None:
        """Append one run."""
        self.starts.append(start)
        self.ends.append(end)
        self.lines.append(lines)
        self.blocks.append(block)
        self.count += lines

    def spans(self) -> Iterator[tuple[int, int]]:
        """Give the half-open span of each run."""
        return zip(self.starts, self.ends, strict=True)

    def owners(self) -> IntArray:
        """Return for each line the number of block lines before it."""
        return np.repeat(np.array(self.blocks, dtype=np.int64), np.array(self.lines))

    def before(self) -> IntArray:
        """Return the number of lines before each run, and of all lines."""
        return np.concatenate(([0], np.cumsum(np.array(self.lines, dtype=np.int64))))

    @property
    def size(self) -> int:
        """Bytes of all runs."""
        return sum(self.ends) - sum(self.starts)

    def span_of_line(self, data: bytes, line: int) -> tuple[int, int]:
        """Find the bytes of one of the lines, numbered from 0.

        Raises
        ------
        IndexError
            If there are not as many lines.
        """
        if not 0 <= line < self.count:
            raise IndexError(line)
        before = self.before()
        run = int(np.searchsorted(before, line, side="right")) - 1
        begin = self.starts[run]
        for _ in range(line - int(before[run])):
            begin = data.index(b"\n", begin) + 1
        end = data.find(b"\n", begin, self.ends[run])
        return begin, (self.ends[run] if end < 0 else end + 1)


@dataclass
class BlockLines:
    """Block lines: first and last number, number of lines and CRC-32 of the lines before each.

    ``verified`` is 1 where the bytes before it are those the writer wrote.
    """

    first: array[int] = field(default_factory=_column)
    last: array[int] = field(default_factory=_column)
    lines: array[int] = field(default_factory=_column)
    crc: array[int] = field(default_factory=_column)
    verified: array[int] = field(default_factory=_column)

    def __len__(self) -> int:
        return len(self.first)

    def append(self, first: int, last: int, lines: int, crc: int, *, verified: bool) -> None:
        """Append one block line."""
        self.first.append(first)
        self.last.append(last)
        self.lines.append(lines)
        self.crc.append(crc)
        self.verified.append(verified)

    @property
    def unverified(self) -> int:
        """Number of blocks that do not verify."""
        return self.verified.count(0)

    @property
    def rise(self) -> bool:
        """Whether each block begins above the end of the one before it."""
        first, last = np.array(self.first), np.array(self.last)
        return bool((first[1:] > last[:-1]).all())


@dataclass
class DamagedLines:
    """Rejected lines, by what is left of them.

    ``claimed`` is the number that the line seems to carry, -1 for none; ``after_run`` and ``block``
    are the numbers of record runs and of block lines of the part before it. ``seam`` is 1 for the
    half-overwritten oldest record of a ring.
    """

    claimed: array[int] = field(default_factory=_column)
    after_run: array[int] = field(default_factory=_column)
    block: array[int] = field(default_factory=_column)
    seam: array[int] = field(default_factory=_column)

    def __len__(self) -> int:
        return len(self.claimed)

    def append(self, claimed: int | None, after_run: int, block: int, *, seam: bool) -> None:
        """Append one line."""
        self.claimed.append(MISSING if claimed is None else claimed)
        self.after_run.append(after_run)
        self.block.append(block)
        self.seam.append(seam)
