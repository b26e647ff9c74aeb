"""Turn raw text into typed tables and collect every finding, never a value.

All faults of a table are collected (lazy), each with the table, the column, the rows and the rule.

Rows are counted as in the source: a frame whose index is named :data:`ROW` carries its own row
numbers there (readers set it, so that rows left out upstream do not shift the count); any other
frame is counted by position, the header being row 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd
import pandera.errors

from multifidus.contracts.columns import Kind
from multifidus.contracts.rules import CheckRule, rule_named
from multifidus.contracts.tables import TABLES, Table

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = [
    "ROW",
    "Finding",
    "check_parsed",
    "check_table",
    "empty_table",
    "finding_at",
    "parse_table",
    "source_rows",
]

ROW = "row"
"""Name of an index that holds row numbers of the source."""

_FIRST_DATA_ROW = 2
_SHOWN_ROWS = 5
_LARGEST_WHOLE = 2.0**53  # beyond it a float cannot tell whole numbers apart
_UNSEEN = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, but for tab and line ends, and those that turn the direction of writing."""
_TRUE, _FALSE = ("true", "1", "yes", "y"), ("false", "0", "no", "n")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of the data: which rule, where, how many rows.

    Parameters
    ----------
    rule
        The rule that is broken.
    table
        Table name.
    column
        Column name, or an empty text for a fault of the table as a whole.
    rows
        Numbers of the rows in the source file, the header being row 1; empty if none applies.
    detail
        An addition without any participant's value, for instance a suggested name.
    severity
        ``"error"`` stops the run, ``"note"`` does not.
    """

    rule: CheckRule
    table: str
    column: str = ""
    rows: tuple[int, ...] = ()
    detail: str = ""
    severity: Literal["error", "note"] = "error"

    @property
    def place(self) -> str:
        """Table and column."""
        return f"{self.table}.{self.column}" if self.column else self.table

    @property
    def sentence(self) -> str:
        """What is wrong, where, and how to fix it."""
        rows = ""
        if self.rows:
            shown = ", ".join(map(str, self.rows[:_SHOWN_ROWS]))
            more = (
                f" and {len(self.rows) - _SHOWN_ROWS} more" if len(self.rows) > _SHOWN_ROWS else ""
            )
            rows = f" (row{'s' if len(self.rows) > 1 else ''} {shown}{more})"
        detail = f"; {self.detail}" if self.detail else ""
        return f"{self.place}{rows}: {self.rule.sentence}{detail}; {self.rule.remedy}."


def empty_table(name: str) -> pd.DataFrame:
    """Return the table without rows, typed."""
    table = TABLES[name]
    return pd.DataFrame(
        {column: pd.Series([], dtype=table.kind(column).dtype) for column in table.columns}
    )


def source_rows(frame: pd.DataFrame) -> pd.Series:
    """Return the row numbers of the source for each row of a frame, as a series on its index."""
    if frame.index.name == ROW:
        return pd.Series(frame.index.to_numpy(), index=frame.index, dtype="int64")
    numbers = range(_FIRST_DATA_ROW, len(frame) + _FIRST_DATA_ROW)
    return pd.Series(numbers, index=frame.index, dtype="int64")


def finding_at(
    rule: str,
    table: str,
    column: str,
    frame: pd.DataFrame,
    bad: pd.Series,
    *,
    detail: str = "",
    severity: Literal["error", "note"] = "error",
) -> list[Finding]:
    """Return a finding for the rows where ``bad`` holds, or none when it holds nowhere.

    Parameters
    ----------
    rule
        Name of the rule.
    table, column
        Where.
    frame
        The table, for its row numbers.
    bad
        A mask in the order of ``frame``; missing counts as false.
    detail, severity
        As in :class:`Finding`.
    """
    mask = bad.astype("boolean").fillna(False).to_numpy(dtype=bool)
    if not mask.any():
        return []
    rows = tuple(int(number) for number in source_rows(frame).to_numpy()[mask])
    return [Finding(rule_named(rule), table, column, rows, detail, severity)]


def parse_table(name: str, raw: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Type a table of text columns.

    Parameters
    ----------
    name
        Table name.
    raw
        The declared columns in any order, as text; missing values are NA or empty. Row numbers are
        taken from an index named :data:`ROW`.

    Returns
    -------
    tuple
        The typed frame (values that cannot be read are missing) on the index of ``raw``, and the
        findings.
    """
    table, findings, columns = TABLES[name], [], {}
    for column in table.columns:
        text = raw[column].astype("str").str.strip()
        text = text.mask(text == "")
        columns[column], broken = _read_column(text, table.kind(column))
        for rule, bad in broken:
            findings += finding_at(rule, name, column, raw, bad)
    return pd.DataFrame(columns, index=raw.index), findings


def check_table(name: str, frame: pd.DataFrame) -> list[Finding]:
    """Hold a typed table against its contract and return every finding.

    Parameters
    ----------
    name
        Table name.
    frame
        The typed frame; its index may carry row numbers (see :data:`ROW`).
    """
    table = TABLES[name]
    plain = frame.reset_index(drop=True)
    try:
        table.schema.validate(plain, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return _findings(table, frame, error.failure_cases)
    return []


def check_parsed(name: str, frame: pd.DataFrame, parsed: list[Finding]) -> list[Finding]:
    """Check a parsed table and return all its findings, those of the parsing first.

    A value that could not be read is missing in ``frame``; it is reported once, as what it is, and
    not a second time as missing.
    """
    unread: dict[str, set[int]] = {}
    for item in parsed:
        unread.setdefault(item.column, set()).update(item.rows)
    findings = list(parsed)
    for item in check_table(name, frame):
        if item.rule.name != "not_missing" or item.column not in unread:
            findings.append(item)
        elif rows := tuple(row for row in item.rows if row not in unread[item.column]):
            findings.append(Finding(item.rule, item.table, item.column, rows, item.detail))
    return findings


def _read_column(text: pd.Series, kind: Kind) -> tuple[pd.Series, list[tuple[str, pd.Series]]]:
    """Return typed values, and for each broken rule its name and the mask of what it refuses."""
    given = text.notna()
    if kind in (Kind.TEXT, Kind.PARTIAL_DATE):
        unseen = text.str.contains(_UNSEEN, na=False)
        return text.mask(unseen).astype(kind.dtype), [("plain_text", unseen)]
    if kind is Kind.DATE:
        iso = text.where(text.str.match(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", na=False))
        dates = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce").astype(kind.dtype)
        return dates, [("is_date", given & dates.isna())]
    if kind is Kind.BOOLEAN:
        lowered = text.str.lower()
        values = pd.Series(pd.NA, index=text.index, dtype="boolean")
        values[lowered.isin(_TRUE)] = True
        values[lowered.isin(_FALSE)] = False
        return values, [("is_boolean", given & values.isna())]
    # pandas reads digit groups ("1_000") and hexadecimal as Python does; a table holds neither.
    plain = text.where(text.str.match(r"^[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?$", na=False))
    numbers = pd.to_numeric(plain, errors="coerce").astype("float64")
    numbers = numbers.where(numbers.abs() < float("inf"))
    unread = ("is_number", given & numbers.isna())
    if kind is Kind.NUMBER:
        return numbers, [unread]
    whole = numbers.where((numbers.round() == numbers) & (numbers.abs() < _LARGEST_WHOLE))
    return whole.astype("Int64"), [unread, ("is_integer", numbers.notna() & whole.isna())]


def _findings(table: Table, frame: pd.DataFrame, cases: pd.DataFrame) -> list[Finding]:
    findings: list[Finding] = []
    numbers = source_rows(frame).to_numpy()
    for (check, column), group in cases.groupby(["check", "column"], dropna=False, sort=False):
        name = _rule_of(str(check))
        where = column if isinstance(column, str) and column in table.columns else ""
        if name == "unique_key":
            repeated = frame.duplicated(list(table.key), keep=False)
            rows, where = tuple(map(int, numbers[repeated.to_numpy()])), ", ".join(table.key)
        else:
            index = group["index"].dropna().unique()
            rows = tuple(int(numbers[int(i)]) for i in sorted(index))
        finding = Finding(rule_named(name), table.name, where, rows, _detail(table, name, where))
        if finding not in findings:
            findings.append(finding)
    return findings


def _detail(table: Table, rule: str, column: str) -> str:
    """Say which words a column allows; they are part of the contract, not of the data."""
    if rule != "known_word" or column not in table.columns:
        return ""
    checks: list[pa.Check] = table.columns[column].checks
    words = [(check.statistics or {})["words"] for check in checks if check.name == rule]
    return f"allowed are {', '.join(words[0])}"


def _rule_of(check: str) -> str:
    """Name of the rule behind pandera's own name of a failed check."""
    own = {
        "not_nullable": "not_missing",
        "multiple_fields_uniqueness": "unique_key",
        "field_uniqueness": "unique_key",
        "column_in_schema": "column_unknown",
        "column_in_dataframe": "column_present",
    }
    return own.get(check, check)
