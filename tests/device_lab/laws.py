"""The conservation laws as a judge: what must hold whatever happened to a log.

Bytes: accepted, framing and flagged add up to the size. Numbers: each one from 1 to the last is
present, damaged, missing or lost to wrap. Damage adds no session, raises no lower bound, lowers
no upper bound, and moves no session further than its uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multifidus.devicelogs.clock.times import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.devicelogs.formats.ipglog.batch import Batch

__all__ = ["TrueSession", "broken_laws", "true_sessions"]

_ROUNDING_S = 3


@dataclass(frozen=True)
class TrueSession:
    """One session of an undamaged log: record numbers, start (UTC seconds), seconds."""

    seq_start: int
    seq_end: int
    start_s: int
    seconds: int


def true_sessions(batch: Batch) -> dict[str, list[TrueSession]]:
    """Take the sessions of undamaged logs as the truth, per device."""
    truth: dict[str, list[TrueSession]] = {name: [] for name in batch.devices}
    columns = ("device", "seq_start", "seq_end", "start_s", "seconds")
    for device, *values in zip(*(batch.sessions[name].tolist() for name in columns), strict=True):
        truth[batch.devices[int(device)]].append(TrueSession(*(int(value) for value in values)))
    return truth


def broken_laws(batch: Batch, truth: Mapping[str, list[TrueSession]]) -> list[str]:
    """Say which laws a reading breaks.

    Parameters
    ----------
    batch
        Reading of possibly damaged inputs.
    truth
        Per device, the sessions of the undamaged log; devices not named have none.

    Returns
    -------
    list of str
        One sentence per breach, empty when all laws hold.
    """
    breaches = [
        f"input {index}: bytes do not add up"
        for index, account in enumerate(batch.accounts)
        if not account.balanced or min(account.accepted, account.flagged) < 0
    ]
    breaches += _numbers(batch)
    starts = {
        (name, s.seq_start): s for name, own in truth.items() for s in own if s.seq_start >= 0
    }
    ends = {(name, s.seq_end): s for name, own in truth.items() for s in own if s.seq_end >= 0}
    columns = ("device", "seq_start", "seq_end", "start_s", "seconds_lower", "seconds_upper")
    values = zip(*(batch.sessions[name].astype("int64").tolist() for name in columns), strict=True)
    certain = zip(batch.sessions["per_day"], batch.sessions["uncertainty_s"], strict=True)
    for row, (per_day, spread) in zip(values, certain, strict=True):
        device, first, last, start, lower, upper = row
        name = batch.devices[device]
        by_start, by_end = starts.get((name, first)), ends.get((name, last))
        true = by_start or by_end
        label = f"{name}: session {first}-{last}"
        if true is None:
            breaches.append(f"{label} was never delivered")
        elif by_start and by_end and by_start is not by_end:
            breaches.append(f"{label} joins two sessions")
        elif last != MISSING and by_end is None and true.seq_end != MISSING:
            breaches.append(f"{label} has another end")
        elif lower > true.seconds:
            breaches.append(f"{label} has a raised lower bound")
        elif upper < true.seconds:
            breaches.append(f"{label} has a lowered upper bound")
        elif per_day and abs(start - true.start_s) > spread + (upper - lower) + _ROUNDING_S:
            breaches.append(f"{label} lies at another time")
    return breaches


def _numbers(batch: Batch) -> list[str]:
    breaches = []
    for device, name in enumerate(batch.devices):
        rows = batch.merged.device == device
        spans = [(int(seq), int(seq)) for seq in batch.merged.table.seq[rows].tolist()]
        spans += [(gap.first, gap.last) for gap in batch.gaps if gap.device == device]
        reached = 0
        for first, last in sorted(spans):
            if first != reached + 1:
                breaches.append(f"{name}: number {reached + 1} is not accounted for once")
                break
            reached = last
        if reached != batch.last_seq[device]:
            breaches.append(f"{name}: numbers end at {reached}")
    return breaches
