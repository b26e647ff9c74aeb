"""Random damage to logs: flips, cuts, deletions, duplications, reorderings, splices.

The hardest splices are aimed: the donor's lines or pages go where their numbers run on, so that
order and count alone show nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multifidus.devicelogs.binary_layout import HEADER_MAGIC, PAGE_BYTES, PAGE_MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

__all__ = ["BINARY_MUTATIONS", "TEXT_MUTATIONS", "mutate"]

_NUMBER = re.compile(rb"R(\d{1,10}),")
_Lines = list[bytes]


def _place(data: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(0, max(len(data), 1)))


def _two(data: bytes, rng: np.random.Generator, reach: int) -> tuple[int, int]:
    first = _place(data, rng)
    return first, min(len(data), first + 1 + int(rng.integers(0, reach)))


def _flip(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:  # noqa: ARG001
    damaged = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if damaged:
            damaged[_place(data, rng)] ^= 1 << int(rng.integers(0, 8))
    return bytes(damaged)


def _cut(data: bytes, rng: np.random.Generator, _: bytes) -> bytes:
    return data[: _place(data, rng)]


def _behead(data: bytes, rng: np.random.Generator, _: bytes) -> bytes:
    return data[_place(data, rng) :]


def _delete(data: bytes, rng: np.random.Generator, _: bytes) -> bytes:
    first, last = _two(data, rng, 400)
    return data[:first] + data[last:]


def _repeat(data: bytes, rng: np.random.Generator, _: bytes) -> bytes:
    first, last = _two(data, rng, 400)
    return data[:last] + data[first:]


def _noise(data: bytes, rng: np.random.Generator, _: bytes) -> bytes:
    first, last = _two(data, rng, 300)
    return data[:first] + rng.bytes(int(rng.integers(0, 300))) + data[last:]


def _zero(data: bytes, rng: np.random.Generator, _: bytes) -> bytes:
    first, last = _two(data, rng, 300)
    return data[:first] + b"\x00" * (last - first) + data[last:]


def _lines(
    change: Callable[[list[bytes], np.random.Generator], None],
) -> Callable[[bytes, np.random.Generator, bytes], bytes]:
    def mutation(data: bytes, rng: np.random.Generator, _: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        if lines:
            change(lines, rng)
        return b"".join(lines)

    return mutation


def _drop(lines: list[bytes], rng: np.random.Generator) -> None:
    first = int(rng.integers(0, len(lines)))
    del lines[first : first + int(rng.integers(1, 12))]


def _double(lines: list[bytes], rng: np.random.Generator) -> None:
    first = int(rng.integers(0, len(lines)))
    copy = lines[first : first + int(rng.integers(1, 12))]
    place = int(rng.integers(0, len(lines) + 1))
    lines[place:place] = copy


def _swap(lines: list[bytes], rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 6))):
        one, two = (int(rng.integers(0, len(lines))) for _ in range(2))
        lines[one], lines[two] = lines[two], lines[one]


def _glue(lines: list[bytes], rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 6))):
        place = int(rng.integers(0, len(lines)))
        lines[place] = lines[place].rstrip(b"\n")


def _splice(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    return data[: _place(data, rng)] + other[_place(other, rng) :]


def _insert(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    first, last = _two(other, rng, 3000)
    place = _place(data, rng)
    return data[:place] + other[first:last] + data[place:]


def _splice_lines(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    own, foreign = data.splitlines(keepends=True), other.splitlines(keepends=True)
    head = own[: int(rng.integers(0, len(own) + 1))]
    return b"".join(head + foreign[int(rng.integers(0, len(foreign) + 1)) :])


def _append(data: bytes, _: np.random.Generator, other: bytes) -> bytes:
    return data + other


def _prepend(data: bytes, _: np.random.Generator, other: bytes) -> bytes:
    return other + data


def _numbered(lines: list[bytes]) -> dict[int, int]:
    """Index of the line of each record number."""
    found = ((index, _NUMBER.match(line)) for index, line in enumerate(lines))
    return {int(match[1]): index for index, match in found if match}


def _shared(data: bytes, rng: np.random.Generator, other: bytes) -> tuple[_Lines, _Lines, int, int]:
    """Both logs' lines, and where each holds a number that both hold; -1 where there is none."""
    own, foreign = data.splitlines(keepends=True), other.splitlines(keepends=True)
    ours, theirs = _numbered(own), _numbered(foreign)
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        return own, foreign, -1, -1
    number = both[int(rng.integers(0, len(both)))]
    return own, foreign, ours[number], theirs[number]


def _graft(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """Go on with the donor's lines where their numbers run on."""
    own, foreign, at, there = _shared(data, rng, other)
    return data if at < 0 else b"".join(own[:at] + foreign[there:])


def _patch(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """Put the donor's lines in the place of as many own ones of the same numbers."""
    own, foreign, at, there = _shared(data, rng, other)
    size = int(rng.integers(1, 80))
    taken = foreign[there : there + size] if at >= 0 else []
    return data if at < 0 else b"".join(own[:at] + taken + own[at + len(taken) :])


def _pages(
    change: Callable[[list[bytes], np.random.Generator, list[bytes]], None],
) -> Callable[[bytes, np.random.Generator, bytes], bytes]:
    def mutation(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
        own, foreign = (
            [dump[at : at + PAGE_BYTES] for at in range(0, len(dump), PAGE_BYTES)]
            for dump in (data, other)
        )
        if own:
            change(own, rng, foreign)
        return b"".join(own)

    return mutation


def _page_swap(own: list[bytes], rng: np.random.Generator, _: list[bytes]) -> None:
    one, two = (int(rng.integers(0, len(own))) for _ in range(2))
    own[one], own[two] = own[two], own[one]


def _page_drop(own: list[bytes], rng: np.random.Generator, _: list[bytes]) -> None:
    del own[int(rng.integers(0, len(own)))]


def _page_double(own: list[bytes], rng: np.random.Generator, _: list[bytes]) -> None:
    own.insert(int(rng.integers(0, len(own) + 1)), own[int(rng.integers(0, len(own)))])


def _page_patch(own: list[bytes], rng: np.random.Generator, foreign: list[bytes]) -> None:
    """Put a donor's page, never its header page, in the place of ours."""
    at = int(rng.integers(0, len(own)))
    if 0 < at < len(foreign):
        own[at] = foreign[at]


def _page_graft(own: list[bytes], rng: np.random.Generator, foreign: list[bytes]) -> None:
    at = int(rng.integers(1, len(own) + 1))
    own[at:] = foreign[at:]


def _record_patch(own: list[bytes], rng: np.random.Generator, foreign: list[bytes]) -> None:
    """Put some records of the donor's page in the place of ours."""
    at = int(rng.integers(0, len(own)))
    if 0 < at < len(foreign):
        first = 28 + 32 * int(rng.integers(0, 63))
        last = first + 32 * int(rng.integers(1, 30))
        own[at] = own[at][:first] + foreign[at][first:last] + own[at][last:]


TEXT_MUTATIONS: tuple[Callable[[bytes, np.random.Generator, bytes], bytes], ...] = (
    _flip,
    _cut,
    _behead,
    _delete,
    _repeat,
    _noise,
    _zero,
    _lines(_drop),
    _lines(_double),
    _lines(_swap),
    _lines(_glue),
    _splice,
    _insert,
    _splice_lines,
    _append,
    _prepend,
    _graft,
    _patch,
)

BINARY_MUTATIONS: tuple[Callable[[bytes, np.random.Generator, bytes], bytes], ...] = (
    _flip,
    _cut,
    _behead,
    _delete,
    _repeat,
    _noise,
    _zero,
    _splice,
    _insert,
    _append,
    _prepend,
    _pages(_page_swap),
    _pages(_page_drop),
    _pages(_page_double),
    _pages(_page_patch),
    _pages(_page_graft),
    _pages(_record_patch),
)


def mutate(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """Damage a log in one to three random ways.

    Parameters
    ----------
    data
        The log to damage.
    rng
        Decides what happens and where.
    other
        A log of another device, for splices.
    """
    binary = data.startswith((PAGE_MAGIC, HEADER_MAGIC))
    mutations = BINARY_MUTATIONS if binary else TEXT_MUTATIONS
    for _ in range(int(rng.integers(1, 4))):
        mutation = mutations[int(rng.integers(0, len(mutations)))]
        data = mutation(data, rng, other)
    return data
