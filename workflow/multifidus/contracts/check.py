"""Turn raw text into typed tables and collect every finding, never a value.

All faults of a table are collected (lazy), each with the table, the column, the rows (as numbers
of the source file, the header being row 1) and the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pandera.errors

from multifidus.contracts.columns import Kind
from multifidus.contracts.rules import CheckRule, rule_named
from multifidus.contracts.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Finding", "check_table", "empty_table", "parse_table"]

_FIRST_DATA_ROW = 2
_SHOWN_ROWS = 5
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
    severity: str = "error"

    @property
    def sentence(self) -> str:
        """What is wrong, where, and how to mend it."""
        where = f"{self.table}.{self.column}" if self.column else self.table
        rows = ""
        if self.rows:
            shown = ", ".join(map(str, self.rows[:_SHOWN_ROWS]))
            more = (
                f" and {len(self.rows) - _SHOWN_ROWS} more" if len(self.rows) > _SHOWN_ROWS else ""
            )
            rows = f" (row{'s' if len(self.rows) > 1 else ''} {shown}{more})"
        detail = f"; {self.detail}" if self.detail else ""
        return f"{where}{rows}: {self.rule.sentence}{detail}; {self.rule.remedy}."


def empty_table(name: str) -> pd.DataFrame:
    """Return the table without rows, typed."""
    table = TABLES[name]
    return pd.DataFrame(
        {column: pd.Series([], dtype=table.kind(column).dtype) for column in table.columns}
    )


def parse_table(name: str, raw: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Type a table of text columns.

    Parameters
    ----------
    name
        Table name.
    raw
        The declared columns in the declared order, as text; missing values are NA.

    Returns
    -------
    tuple
        The typed frame (values that cannot be read are missing) and the findings.
    """
    table, findings, columns = TABLES[name], [], {}
    for column in table.columns:
        text = raw[column].astype("str").str.strip()
        text = text.mask(text == "")
        values, bad, rule = _read_column(text, table.kind(column))
        columns[column] = values
        if bad.any():
            findings.append(Finding(rule_named(rule), name, column, _rows(bad)))
    return pd.DataFrame(columns), findings


def check_table(name: str, frame: pd.DataFrame) -> list[Finding]:
    """Hold a typed table against its contract and return every finding."""
    table = TABLES[name]
    try:
        table.schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return _findings(table, frame, error.failure_cases)
    return []


def _read_column(text: pd.Series, kind: Kind) -> tuple[pd.Series, pd.Series, str]:
    """Return typed values, a mask of those that cannot be read, and the broken rule's name."""
    given = text.notna()
    nothing = pd.Series(False, index=text.index)
    if kind in (Kind.TEXT, Kind.PARTIAL_DATE):
        return text.astype(kind.dtype), nothing, ""
    if kind is Kind.DATE:
        iso = text.where(text.str.match(r"^\d{4}-\d{2}-\d{2}$", na=False))
        dates = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce").astype(kind.dtype)
        return dates, given & dates.isna(), "is_date"
    if kind is Kind.BOOLEAN:
        lowered = text.str.lower()
        values = pd.Series(pd.NA, index=text.index, dtype="boolean")
        values[lowered.isin(_TRUE)] = True
        values[lowered.isin(_FALSE)] = False
        return values, given & values.isna(), "is_boolean"
    numbers = pd.to_numeric(text, errors="coerce")
    numbers = numbers.where(numbers.abs() < float("inf"))
    if kind is Kind.NUMBER:
        return numbers.astype("float64"), given & numbers.isna(), "is_number"
    whole = numbers.where(numbers.round() == numbers)
    rule = "is_number" if (given & numbers.isna()).any() else "is_integer"
    return whole.astype("float64").astype("Int64"), given & whole.isna(), rule


def _findings(table: Table, frame: pd.DataFrame, cases: pd.DataFrame) -> list[Finding]:
    findings = []
    position = pd.Series(range(len(frame)), index=frame.index)
    for (check, column), group in cases.groupby(["check", "column"], dropna=False, sort=False):
        name = _rule_of(str(check))
        where = column if isinstance(column, str) and column in table.columns else ""
        if name == "unique_key":
            repeated = frame.duplicated(list(table.key), keep=False)
            rows, where = _rows(repeated), ", ".join(table.key)
        else:
            index = group["index"].dropna().unique()
            rows = tuple(int(position[i]) + _FIRST_DATA_ROW for i in sorted(index))
        finding = Finding(rule_named(name), table.name, where, rows)
        if finding not in findings:
            findings.append(finding)
    return findings


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


def _rows(mask: pd.Series | Sequence[bool]) -> tuple[int, ...]:
    return tuple(i + _FIRST_DATA_ROW for i, bad in enumerate(mask) if bad)
