"""Columns of the tables: a kind that says how text becomes a value, and named checks."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pandas as pd
import pandera.pandas as pa

__all__ = ["PARTIAL_DATE", "Kind", "column", "date_bounds", "level", "one_of"]

PARTIAL_DATE = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"
_YEAR, _YEAR_MONTH = len("2019"), len("2019-03")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


class Kind(StrEnum):
    """How a column's text is read and how it is stored."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    PARTIAL_DATE = "partial date"
    BOOLEAN = "boolean"

    @property
    def dtype(self) -> Any:
        """The pandas dtype of a typed column."""
        return {
            Kind.TEXT: pd.StringDtype(na_value=float("nan")),
            Kind.PARTIAL_DATE: pd.StringDtype(na_value=float("nan")),
            Kind.NUMBER: "float64",
            Kind.INTEGER: "Int64",
            Kind.DATE: "datetime64[s]",
            Kind.BOOLEAN: "boolean",
        }[self]


def column(kind: Kind, description: str, *checks: pa.Check, nullable: bool = False) -> pa.Column:
    """Declare a column; dates are held to the calendar and to plausible years as well.

    Parameters
    ----------
    kind
        How its text is read.
    description
        What it holds, with its unit; printed in the data dictionary.
    checks
        Named checks; the names are in :data:`multifidus.contracts.rules.RULES`.
    nullable
        Whether a value may be missing.
    """
    return pa.Column(
        kind.dtype,
        checks=[*checks, *_checks_of(kind)],
        nullable=nullable,
        description=description,
        metadata={"kind": kind},
    )


def level(name: str, low: float, high: float) -> pa.Check:
    """Check that values lie in a closed range, under the name of a rule."""
    return pa.Check(
        lambda values: values.between(low, high),
        name=name,
        ignore_na=True,
        statistics={"low": low, "high": high},
    )


def one_of(*words: str) -> pa.Check:
    """Check that values are among the words that the table allows."""
    return pa.Check(
        lambda values: values.isin(words),
        name="known_word",
        ignore_na=True,
        statistics={"words": words},
    )


def date_bounds(values: pd.Series) -> pd.DataFrame:
    """Return the first and the last day that each date allows.

    Parameters
    ----------
    values
        Dates (``datetime64``), or ISO text that may be cut after month or year.

    Returns
    -------
    DataFrame
        Columns ``first`` and ``last``, ``datetime64[s]``; NaT where the text is missing or no date.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return pd.DataFrame({"first": values, "last": values})
    text = values.astype("str").where(values.notna())
    text = text.where(text.str.match(PARTIAL_DATE, na=False))
    padding = text.str.len().map({4: "-01-01", 7: "-01", 10: ""})
    first = pd.to_datetime(text + padding, format="%Y-%m-%d", errors="coerce")
    first = first.astype("datetime64[s]")
    last = first.copy()
    month, year = text.str.len() == _YEAR_MONTH, text.str.len() == _YEAR
    last[month] = first[month] + pd.offsets.MonthEnd(0)
    last[year] = first[year] + pd.offsets.YearEnd(0)
    return pd.DataFrame({"first": first, "last": last})


def _checks_of(kind: Kind) -> list[pa.Check]:
    plausible = pa.Check(_is_plausible, name="date_plausible", ignore_na=True)
    exists = pa.Check(
        lambda values: date_bounds(values)["first"].notna(), name="is_partial_date", ignore_na=True
    )
    return {Kind.DATE: [plausible], Kind.PARTIAL_DATE: [exists, plausible]}.get(kind, [])


def _is_plausible(values: pd.Series) -> pd.Series:
    """Years 1900 to 2100; what is no date at all is left to its own check."""
    first = date_bounds(values)["first"]
    plausible: pd.Series = first.isna() | first.dt.year.between(_FIRST_YEAR, _LAST_YEAR)
    return plausible
