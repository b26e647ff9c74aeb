"""Random damage to logs: flips, cuts, deletions, duplications, reorderings, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

__all__ = ["MUTATIONS", "mutate"]


def _place(data: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(0, max(len(data), 1)))


def _two(data: bytes, rng: np.random.Generator, reach: int) -> tuple[int, int]:
    first = _place(data, rng)
    return first, min(len(data), first + 1 + int(rng.integers(0, reach)))


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if damaged:
            damaged[_place(data, rng)] ^= 1 << int(rng.integers(0, 8))
    return bytes(damaged)


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: _place(data, rng)]


def _behead(data: bytes, rng: np.random.Generator) -> bytes:
    return data[_place(data, rng) :]


def _delete(data: bytes, rng: np.random.Generator) -> bytes:
    first, last = _two(data, rng, 400)
    return data[:first] + data[last:]


def _repeat(data: bytes, rng: np.random.Generator) -> bytes:
    first, last = _two(data, rng, 400)
    return data[:last] + data[first:]


def _noise(data: bytes, rng: np.random.Generator) -> bytes:
    first, last = _two(data, rng, 300)
    return data[:first] + rng.bytes(int(rng.integers(0, 300))) + data[last:]


def _zero(data: bytes, rng: np.random.Generator) -> bytes:
    first, last = _two(data, rng, 300)
    return data[:first] + b"\x00" * (last - first) + data[last:]


def _lines(
    change: Callable[[list[bytes], np.random.Generator], None],
) -> Callable[[bytes, np.random.Generator], bytes]:
    def mutation(data: bytes, rng: np.random.Generator) -> bytes:
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


MUTATIONS: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
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
)


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a log in one to three random ways.

    Parameters
    ----------
    data
        The log to damage.
    rng
        Decides what happens and where.
    """
    for _ in range(int(rng.integers(1, 4))):
        data = MUTATIONS[int(rng.integers(0, len(MUTATIONS)))](data, rng)
    return data
