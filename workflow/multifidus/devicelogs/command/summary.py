"""What one log holds, in a few lines that an engineer or a clinician reads at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.devicelogs.reading import LogResult

__all__ = ["SEVERITIES", "fault_groups", "summarise"]

SEVERITIES = ("severe", "warning", "note")
_HOUR = 3600
_DAY_MINUTES = 1440
_MOST_KINDS = 6
_KIND_COLUMNS = ("type", "section")


def summarise(result: LogResult) -> list[tuple[str, str]]:
    """Return the lines of a summary: a label and what it says.

    Parameters
    ----------
    result
        What a reader gave.

    Returns
    -------
    list of (str, str)
        Format, device, facts of the report, period, records, sessions, clock, the two accounts
        and the faults by severity; a line that the format does not know is left out.
    """
    identity = result.identity
    lines = [("format", f"{identity.format} {identity.version}".strip())]
    lines.append(("device", _device(result)))
    lines.append(("period", _period(result.records)))
    lines.append(("records", _records(result.records)))
    lines += _sessions(result)
    lines.append(("clock", _clock(result.records)))
    lines += [(name.replace("_", " "), _fact(value)) for name, value in result.facts.items()]
    for device, account in sorted(result.sequence.items()):
        whose = "numbers" if len(result.sequence) == 1 else f"numbers of {device}"
        lines.append(
            (
                whose,
                f"{account.last:,} = {account.present:,} present + {account.damaged:,} damaged"
                f" + {account.missing:,} missing + {account.lost_to_wrap:,} lost to wrap",
            )
        )
    lines.append(
        (
            "bytes",
            f"{identity.size:,} = {identity.accepted:,} accepted + {identity.framing:,} framing"
            f" + {identity.flagged:,} flagged",
        )
    )
    lines.append(("sha-256", identity.sha256))
    lines.append(("faults", _severities(result.faults)))
    # What a log calls itself may hold control characters, which a terminal would obey.
    return [(label, "".join(c if c.isprintable() else "?" for c in text)) for label, text in lines]


def fault_groups(faults: pd.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """Return equal faults together, the worst first: severity, fault, count, outcome, detail."""
    keys = ["severity", "fault", "kind", "outcome", "detail"]
    if faults.empty:
        return []
    counts = faults.groupby(keys, sort=True)["count"].sum().reset_index()
    rank = counts["severity"].map({name: place for place, name in enumerate(SEVERITIES)})
    counts = counts.assign(rank=rank).sort_values(["rank", "fault", "detail"], kind="stable")
    columns = (counts[name] for name in (*keys, "count"))
    return [
        (severity, f"{fault} {kind}", f"{count:,}", outcome, detail)
        for severity, fault, kind, outcome, detail, count in zip(*columns, strict=True)
    ]


def _device(result: LogResult) -> str:
    names = sorted(result.sequence)
    given = ", ".join(names) if len(names) > 1 else result.identity.device
    firmware = result.identity.firmware
    return f"{given or 'not given'}{f', firmware {firmware}' if firmware else ''}"


def _fact(value: Any) -> str:
    return (
        "not known" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    )


def _period(records: pd.DataFrame) -> str:
    placed = records["utc"].dropna()
    if placed.empty:
        return "no record can be placed in time"
    first, last = placed.min(), placed.max()
    days = (last.normalize() - first.normalize()).days + 1
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, {_count(days, 'day')}"


def _records(records: pd.DataFrame) -> str:
    total = f"{len(records):,}"
    column = next((name for name in _KIND_COLUMNS if name in records), None)
    if column is None or records.empty:
        return total
    counts = records[column].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    kinds = [f"{count:,} {kind}" for kind, count in counts.head(_MOST_KINDS).items()]
    rest = int(counts.iloc[_MOST_KINDS:].sum())
    others = [_count(rest, "other")] if rest else []
    return f"{total}: {', '.join([*kinds, *others])}"


def _sessions(result: LogResult) -> list[tuple[str, str]]:
    sessions = result.sessions
    if sessions.empty:
        return [("sessions", "0")]
    known = sessions["seconds"].dropna().astype(float)
    lower, upper = (float(sessions[f"seconds_{end}"].astype(float).sum()) for end in _ENDS)
    unknown = len(sessions) - len(known)
    said = f"{len(sessions):,}, {known.sum() / _HOUR:,.1f} h"
    if lower < upper:
        said += f" (between {lower / _HOUR:,.1f} and {upper / _HOUR:,.1f} h)"
    if unknown:
        said += f"; {unknown:,} of unknown length"
    lines = [("sessions", said)]
    minutes = _minutes_a_day(result, float(known.sum()))
    return [*lines, ("use", minutes)] if minutes else lines


_ENDS = ("lower", "upper")


def _minutes_a_day(result: LogResult, seconds: float) -> str:
    """Minutes of therapy a day over the days that the records span; no measure of adherence."""
    placed = result.records["utc"].dropna()
    span = (placed.max() - placed.min()).total_seconds() / 86_400 if len(placed) else 0.0
    if span < 1:
        return ""
    minutes = min(seconds / 60 / span, _DAY_MINUTES)
    return f"{minutes:.1f} min a day over the period (adherence needs the exposure dates)"


def _clock(records: pd.DataFrame) -> str:
    """Count records by the method that placed them, with the largest uncertainty of each."""
    if records.empty:
        return "-"
    parts = []
    for method, rows in records.groupby("time_method", sort=False):
        widest = float(rows["uncertainty_s"].max())
        how = f"{method} (within {_duration(widest)})" if np.isfinite(widest) else "not placed"
        parts.append((-len(rows), f"{len(rows):,} {how}"))
    return ", ".join(text for _, text in sorted(parts))


def _duration(seconds: float) -> str:
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.0f} h"


def _severities(faults: pd.DataFrame) -> str:
    if faults.empty:
        return "none"
    counts = faults["severity"].value_counts()
    return ", ".join(
        f"{counts[name]:,} severe" if name == "severe" else _count(int(counts[name]), name)
        for name in SEVERITIES
        if name in counts
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
