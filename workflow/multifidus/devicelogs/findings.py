"""The fault list: what was wrong, where, how bad, and what was done about it.

The kinds are those of the published fault table (``docs/ipglog.md``); numbers 36 and 37 belonged to
a form that is no longer read. A reader reports; it never repairs silently and never raises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FAULT_COLUMNS", "FAULT_KINDS", "FaultKind", "FaultLog", "fault_frame"]


@dataclass(frozen=True)
class FaultKind:
    """One row of the fault table: number, stable name, severity and outcome."""

    number: int
    name: str
    severity: str
    outcome: str
    meaning: str


_TABLE = """
1|record_damaged|warning|reject|a record fails its checksum
2|checksum_damaged|warning|reject|the checksum of a line is damaged
3|line_cut|warning|reject|a line was cut
4|lines_glued|note|recover|a line end was lost between two lines
5|file_truncated|warning|flag|the file ends before its end line
6|end_counts_disagree|warning|flag|the end line or a block line disagrees with what was read
7|sequence_gap|warning|flag|sequence numbers are missing
8|duplicate_record|note|recover|a record is present twice
9|conflicting_records|severe|reject|two different records carry one sequence number
10|records_reordered|note|recover|records are not in the order of their sequence numbers
11|sequence_restart|severe|flag|the sequence goes back without a declared erasure
12|two_devices|severe|reject|the file mixes the logs of two devices
13|downloads_overlap|note|recover|two downloads of one device hold the same records
14|ring_wrapped|note|recover|records before the first one were overwritten
15|seam_record|note|reject|the oldest record of the ring is half overwritten
16|log_erased|warning|flag|the log was erased between downloads
17|clock_reset|note|recover|the device clock was reset to its default
18|clock_set|note|recover|the device clock was set forward or back
19|clock_drift|warning|flag|the device clock drifts by more than 200 ppm
20|tick_went_back|severe|flag|the tick goes back without a new boot
21|sync_unusable|warning|flag|there is no sync record, or two contradict each other
22|clocks_a_day_apart|severe|flag|programmer and device differ by more than a day
23|impossible_time|warning|reject|a date, time or UTC offset is impossible
24|start_without_end|warning|flag|a session has no end record
25|end_without_start|note|recover|a session has no start record
26|sessions_overlap|warning|flag|sessions overlap or are nested
27|session_length|warning|flag|a session is longer than the device allows, or has no length
28|value_out_of_range|warning|reject|a value is outside its limits or not a number
29|sentinel_value|note|recover|a value means "not known"
30|day_record_disagrees|warning|flag|a daily record disagrees with the sessions of its day
31|lifetime_counter_wrong|severe|flag|a lifetime counter falls or exceeds the elapsed time
32|prescription_changed|note|recover|the prescription changed within the period
33|unknown_record_type|warning|recover|a record has an unknown type
34|version_unknown|warning|flag|the format has a newer version
35|transfer_residue|note|recover|padding, line-end or case residues of a transfer
38|not_fully_read|warning|flag|a part of the device was not read
39|shared_sequence|note|recover|sequence numbers are shared between streams
40|mangled_shape|note|recover|another tool changed the shape of the file
41|json_truncated|severe|flag|the JSON text ends early
42|json_value|warning|reject|duplicate keys, NaN or invalid text
43|no_records|warning|flag|the input holds no records, or is of no known format
44|wrong_participant|severe|flag|the log does not belong to the participant or period
45|header_damaged|severe|reject|a line of a header is damaged or absent; the download is not used
46|block_damaged|warning|reject|a block does not verify; its records are not used
"""


def _kinds() -> Mapping[int, FaultKind]:
    rows = (line.split("|") for line in _TABLE.strip().splitlines())
    return MappingProxyType({int(row[0]): FaultKind(int(row[0]), *row[1:]) for row in rows})


FAULT_KINDS: Mapping[int, FaultKind] = _kinds()

FAULT_COLUMNS = (
    "fault",
    "kind",
    "severity",
    "outcome",
    "byte_start",
    "byte_end",
    "seq_first",
    "seq_last",
    "count",
    "detail",
)
_INTEGERS = ("byte_start", "byte_end", "seq_first", "seq_last")


@dataclass
class FaultLog:
    """Collects faults of one input.

    ``byte_start`` and ``byte_end`` are half open and refer to the input as it was given;
    ``seq_first`` and ``seq_last`` are inclusive. ``detail`` names columns, rules and counts,
    never a participant's values.
    """

    rows: list[tuple[object, ...]] = field(default_factory=list)

    def add(
        self,
        number: int,
        detail: str,
        *,
        span: tuple[int, int] | None = None,
        seqs: tuple[int, int] | None = None,
        count: int = 1,
        severity: str | None = None,
        outcome: str | None = None,
    ) -> None:
        """Add one fault; severity and outcome default to those of the fault table."""
        kind = FAULT_KINDS[number]
        start, end = span if span is not None else (None, None)
        first, last = seqs if seqs is not None else (None, None)
        self.rows.append(
            (
                number,
                kind.name,
                severity or kind.severity,
                outcome or kind.outcome,
                start,
                end,
                first,
                last,
                int(count),
                detail,
            )
        )

    def numbers(self) -> set[int]:
        """Return the fault numbers seen."""
        return {row[0] for row in self.rows if isinstance(row[0], int)}

    def frame(self) -> pd.DataFrame:
        """Return the fault list as a table, sorted by byte, sequence and number."""
        return fault_frame(self.rows)


def fault_frame(rows: Iterable[tuple[object, ...]], extra: tuple[str, ...] = ()) -> pd.DataFrame:
    """Build the fault table from rows.

    Parameters
    ----------
    rows
        Tuples in the order of ``extra`` followed by :data:`FAULT_COLUMNS`.
    extra
        Names of leading columns, for instance participant and file.
    """
    frame = pd.DataFrame(list(rows), columns=[*extra, *FAULT_COLUMNS])
    for name in _INTEGERS:
        frame[name] = frame[name].astype("Int64")
    for name in ("fault", "count"):
        frame[name] = frame[name].astype("int64")
    for name in (*extra, "kind", "severity", "outcome", "detail"):
        frame[name] = frame[name].astype("str")
    order = [*extra, "byte_start", "seq_first", "fault", "detail"]
    return frame.sort_values(order, kind="stable", na_position="last", ignore_index=True)
