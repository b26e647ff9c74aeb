"""Whether a header shows whose records follow it.

The device line and the sync records are separate lines, each with its own checksum; what joins
them is their place in the header. A header that is damaged or put together between the device
line and the sync records shows no owner, and its records stay out of sessions and adherence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multifidus.devicelogs.model import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.model import Header, Sync

__all__ = ["damaged_header_line", "doubts", "syncs_contradict"]

_DAY = 86_400
_VISIT_S = 600
_SYNC_S, _DRIFT, _MOST_DRIFT_S = 60, 1e-3, 5400
_ORDER = re.compile(r"(format )?device download ")
_TIME = r".{20}"
_SHAPES = {
    "download": re.compile(rf"Hdownload,{_TIME},{_TIME},[^,]*,.{{6}}\*.{{8}}"),
    "sync": re.compile(rf"Hsync,[^,]*,[^,]*,({_TIME})?,{_TIME},[^,]*\*.{{8}}"),
    "ring": re.compile(r"Hring,[^,]*,[^,]*,[^,]*,[^,]*\*.{8}"),
    "life": re.compile(r"Hlife,[^,]*,[^,]*,[^,]*\*.{8}"),
    "rx": re.compile(r"Hrx(,[^,]*){7}\*.{8}"),
}


def damaged_header_line(text: str) -> str:
    """Name the header line that a damaged line was, when its shape still shows it; else ``?``."""
    for name, shape in _SHAPES.items():
        if shape.fullmatch(text):
            return name
    return "?"


def doubts(header: Header, names: Sequence[str]) -> str:
    """Say why a header does not show whose records follow; empty when it does.

    Parameters
    ----------
    header
        The header as read.
    names
        Names of its lines in the order of the file; of damaged ones the name that their shape
        shows, after a ``!``. The order of an undamaged header is its writer's own affair.
    """
    if names.count("device") > 1:
        return "the header names more than one device"
    damaged = any(name.startswith("!") for name in names)
    if damaged and not _ORDER.match(" ".join(name.lstrip("!") for name in names) + " "):
        return "the header is damaged between its device line and its sync records"
    if "!sync" in names and not header.syncs:
        return "every sync record of the header is damaged"
    start, end = header.download_start, header.download_end
    if start is not None and end is not None:
        # Within a day it is a wrong clock; beyond, another download. Where a header line is
        # damaged, what stood in its place may have been the end of one header and the start of
        # another.
        allowed = _VISIT_S if damaged else _DAY
        inside = [s for s in header.syncs if start - allowed <= s.utc <= end + allowed]
        for sync in header.syncs:
            # One of an earlier visit is the device's own when its ticks lead to this visit.
            if sync not in inside and not any(_one_life(sync, other) for other in inside):
                return "sync records lie outside the download"
    if syncs_contradict(header.syncs, _DAY):
        return "sync records contradict each other by more than a day"
    return ""


def _one_life(first: Sync, second: Sync) -> bool:
    """Whether ticks and UTC of two sync records of one boot elapse alike, but for drift."""
    elapsed, ticks = second.utc - first.utc, second.tick - first.tick
    allowed = min(_SYNC_S + _DRIFT * abs(elapsed), _MOST_DRIFT_S)
    return first.boot == second.boot and abs(elapsed - ticks) <= allowed


def syncs_contradict(syncs: Sequence[Sync], allowed_s: int) -> bool:
    """Whether sync records of one boot disagree by more than so many seconds."""
    for first in syncs:
        for second in syncs:
            if first.boot != second.boot:
                continue
            elapsed = second.tick - first.tick
            if abs((second.utc - first.utc) - elapsed) > allowed_s:
                return True
            both = NO_TIME not in {first.clock, second.clock}
            if both and abs((second.clock - first.clock) - elapsed) > allowed_s:
                return True
    return False
