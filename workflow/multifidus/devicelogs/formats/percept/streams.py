"""Lost packets of the streams of a report, and packets that do not hold what they say."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from multifidus.devicelogs.clock.times import NO_TIME
from multifidus.devicelogs.formats.percept.shapes import parse_times

if TYPE_CHECKING:
    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.percept.shapes import Shapes

__all__ = ["STREAMS", "note_streams"]

STREAMS = ("BrainSenseTimeDomain", "BrainSenseLfp", "IndefiniteStreaming")
_SEQUENCE_SIZE = 256
"""Packet numbers of a stream are one byte: 255 is followed by 0."""

_TOGETHER_S = 10
"""Streams that start within so many seconds are those of one recording and share numbers."""


def note_streams(report: dict[str, Any], shapes: Shapes, faults: FaultLog) -> int:
    """Look for lost packets over the union of the streams that share a counter.

    Parameters
    ----------
    report, shapes
        The outermost object, and what reads its members.
    faults
        Receives fault 7 for packets that are missing from all streams, 39 where only the union is
        complete, 6 where sizes of packets and samples disagree.

    Returns
    -------
    int
        Number of streams in the time domain.
    """
    items = [item for name in STREAMS for item in shapes.members(report, name)]
    unequal = sum(_sizes_disagree(item) for item in items)
    if unequal:
        detail = "packet sizes of a stream do not add up to its samples"
        faults.add(6, detail, count=unequal)
    for members in _recordings(items, shapes):
        first = next((numbers[0] for numbers in members if numbers), 0)
        union = sorted({n for numbers in members for n in _beside(numbers, first)})
        if len(union) > 1 and _jumps(union):
            faults.add(7, "packets of a stream are missing", seqs=(union[0], union[-1]))
        elif any(_jumps(numbers) for numbers in members):
            faults.add(39, "numbers are shared; their union is complete", count=len(members))
    return len(shapes.members(report, STREAMS[0]))


def _listed(value: object) -> list[int]:
    """Read numbers from a text with commas, or from a list."""
    texts = value if isinstance(value, list) else str(value or "").split(",")
    return [int(text) for text in map(str, texts) if text.strip().isdecimal() and len(text) < 10]  # noqa: PLR2004


def _numbers(item: dict[str, Any], shapes: Shapes) -> list[int]:
    """Packet numbers of one stream, of the stream as a whole or of each of its samples."""
    if "GlobalSequences" in item or "LfpData" not in item:
        return _unwrapped(_listed(item.get("GlobalSequences")))
    given = [shapes.whole(sample.get("Seq")) for sample in shapes.members(item, "LfpData")]
    numbers = [number for number in given if number is not None and 0 <= number < 10**9]
    return _unwrapped(numbers)


def _recordings(items: list[dict[str, Any]], shapes: Shapes) -> list[list[list[int]]]:
    """Put the numbers of streams together that started together."""
    times = parse_times([item.get("FirstPacketDateTime") for item in items]).tolist()
    groups: dict[object, list[list[int]]] = {}
    since = NO_TIME
    for time, index in sorted(zip(times, range(len(items)), strict=True)):
        if time != NO_TIME and (since == NO_TIME or time - since > _TOGETHER_S):
            since = time
        key = str(items[index].get("FirstPacketDateTime")) if time == NO_TIME else since
        groups.setdefault(key, []).append(_numbers(items[index], shapes))
    return list(groups.values())


def _sizes_disagree(item: dict[str, Any]) -> bool:
    samples = item.get("TimeDomainData")
    sizes = _listed(item.get("GlobalPacketSizes"))
    if not sizes or not isinstance(samples, list):
        return False
    numbers = _listed(item.get("GlobalSequences"))
    return sum(sizes) != len(samples) or (bool(numbers) and len(numbers) != len(sizes))


def _unwrapped(numbers: list[int]) -> list[int]:
    """Count on where a packet number starts again at 0."""
    laps, result, before = 0, [], None
    for number in numbers:
        if before is not None and before - number > _SEQUENCE_SIZE // 2:
            laps += 1
        result.append(number + laps * _SEQUENCE_SIZE)
        before = number
    return result


def _beside(numbers: list[int], first: int) -> list[int]:
    """Shift a stream that started just after the lap of the one beside it, or just before."""
    ahead = numbers[0] - first if numbers else 0
    laps = (ahead > _SEQUENCE_SIZE // 2) - (ahead < -_SEQUENCE_SIZE // 2)
    return [number - laps * _SEQUENCE_SIZE for number in numbers]


def _jumps(numbers: list[int]) -> bool:
    return any(after - before > 1 for before, after in pairwise(numbers))
