"""Partial ISO dates: the earliest and the latest day that a date allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from multifidus.contracts.columns import date_bounds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DAY", "date_precision", "earliest_day", "latest_day"]

DAY: Final = "datetime64[s]"
_YEAR, _MONTH, _FULL = 4, 7, 10


def date_precision(dates: pd.Series[Any]) -> pd.Series[Any]:
    """Tell how complete partial dates are.

    Parameters
    ----------
    dates
        ISO text cut after year, month or day; missing ones are NA.

    Returns
    -------
    Series
        ``D`` complete, ``M`` day missing, ``Y`` month and day missing, ``-`` no date at all.
    """
    length = dates.astype("str").str.len().where(dates.notna(), 0)
    return length.map({_FULL: "D", _MONTH: "M", _YEAR: "Y"}).fillna("-")


def earliest_day(dates: pd.Series[Any]) -> pd.Series[Any]:
    """Return the first day that each partial date allows; no date gives no day."""
    return date_bounds(dates)["first"]


def latest_day(dates: pd.Series[Any]) -> pd.Series[Any]:
    """Return the last day that each partial date allows; no date gives no day."""
    return date_bounds(dates)["last"]
