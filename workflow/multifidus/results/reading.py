"""Reading a results table that a user names: Parquet or CSV, checked before it is looked into."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.base.csv_text import rows_named
from multifidus.base.errors import MultifidusError
from multifidus.base.user_table import Refusals, open_table, print_notes
from multifidus.results.table import COLUMNS, Results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ResultsFileError", "read_results"]

_DISPLAY = re.compile(r"p|(?:d|f|pct)\d", re.ASCII)
_COUNTS = ("n", "N")
_INFINITE = ("inf", "-inf")
_LARGEST_COUNT = 2.0**53
_PARQUET = b"PAR1"


class ResultsFileError(MultifidusError):
    """A file is no results table (``RES-003`` to ``RES-006``)."""


_REFUSALS = Refusals(ResultsFileError, "RES-003", "RES-004", "RES-005", "RES-006", "RES-003")


def read_results(path: Path, columns: Sequence[str] | None = None) -> Results:
    """Read a results table.

    Parameters
    ----------
    path
        ``results.parquet`` or ``results.csv`` of a run.
    columns
        Pairs ``name=theirs`` for a CSV file whose header has other names.

    Raises
    ------
    ResultsFileError
        ``RES-003`` for a file that cannot be read as a table, ``RES-004`` for a column that is
        missing or is there twice, ``RES-005`` for rows that are no results, ``RES-006`` for an
        option that is no pair NAME=VALUE.
    """
    frame = _from_parquet(path) if _is_parquet(path) else _from_csv(path, columns)
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise ResultsFileError(
            "RES-004",
            f"{path.name} has no column '{missing[0]}'; give the results table of a run.",
        )
    frame = frame[list(COLUMNS)]
    _refuse_rows(frame, path.name)
    return Results(frame.reset_index(drop=True).astype(dict(COLUMNS)))


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_PARQUET)) == _PARQUET
    except OSError:
        return False  # the CSV reader says what is wrong


def _from_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
        for name in {*COLUMNS} & {*frame.columns}:
            number = COLUMNS[name] in ("float64", "Int64")
            frame[name] = frame[name].astype("float64" if number else COLUMNS[name])
    # a damaged file can end in any error of the library that decodes it
    except Exception:
        raise ResultsFileError(
            "RES-003", f"{path.name} is damaged or is no results table; make it again."
        ) from None
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return frame


def _from_csv(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    table = open_table(path, columns, _REFUSALS)
    table.need(*COLUMNS)
    table.keys("result_id")  # notes blanks
    text = table.text.map(str.strip)
    infinite = text["value"].isin(_INFINITE)
    limits = text["value"].where(infinite, "nan").astype(float)
    table.text["value"] = text["value"].mask(infinite, "")
    numbers = table.numbers("value", *_COUNTS)
    numbers["value"] = numbers["value"].where(~infinite, limits)
    print_notes(table)
    return text.assign(value=numbers["value"], n=numbers["n"], N=numbers["N"])


def _refuse_rows(frame: pd.DataFrame, name: str) -> None:
    ids: pd.Series[Any] = frame["result_id"].fillna("")
    counts = frame[list(_COUNTS)].astype(float)
    whole = counts.isna() | ((counts >= 0) & (counts <= _LARGEST_COUNT) & (counts % 1 == 0))
    rules = {
        "have no id": ids == "",
        "share their id with another": ids.duplicated(keep=False),
        "have a display code that is unknown": ~frame["display"].fillna("").str.fullmatch(_DISPLAY),
        "have a count that is no whole number": ~whole.all(axis=1),
        "have no statistic": frame["statistic"].fillna("") == "",
    }
    for words, mask in rules.items():
        rows = list(frame.index[np.asarray(mask, dtype=bool)])
        if rows:
            raise ResultsFileError(
                "RES-005",
                f"{name}: {len(rows)} results {words} ({rows_named(rows)}); make the table again.",
            )
