"""The workflow's step that joins all rows, with suppression of small counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.files import write_csv, write_parquet
from multifidus.results.table import collect_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["collect", "suppress_small_counts"]

_COUNTS = ("count", "participants", "n")


def collect(
    rows: Sequence[Path | str],
    *,
    parquet: Path | str,
    csv: Path | str,
    minimum_count: int,
    tier: str,
) -> None:
    """Join the rows of the analyses and write them as Parquet and CSV.

    Parameters
    ----------
    rows
        Parquet files of rows.
    parquet, csv
        Files to write.
    minimum_count
        See :func:`suppress_small_counts`.
    tier
        Data tier, written into the Parquet file's metadata.
    """
    frame = collect_results([pd.read_parquet(path) for path in rows])
    frame = suppress_small_counts(frame, minimum_count)
    write_parquet(parquet, frame, {"table": "results", "tier": tier})
    write_csv(csv, frame)


def suppress_small_counts(frame: pd.DataFrame, minimum_count: int) -> pd.DataFrame:
    """Blank counts of people from 1 to ``minimum_count - 1`` and everything computed from them.

    A statistic goes with its count when it shares analysis, outcome, visit, population and group.
    Zero counts stay: they disclose nobody.

    Parameters
    ----------
    frame
        The results table.
    minimum_count
        Smallest count that is shown; 0 or 1 leaves all.

    Returns
    -------
    pandas.DataFrame
        The table with suppressed values missing and the method saying so.
    """
    if minimum_count <= 1:
        return frame
    stem = frame["result_id"].str.rsplit(".", n=1).str[0]
    counts = frame["statistic"].isin(_COUNTS) & frame["value"].between(
        1, minimum_count, inclusive="left"
    )
    small = stem.isin(stem[counts]) | frame["n"].between(1, minimum_count, inclusive="left").fillna(
        value=False
    )
    shown = frame.copy()
    shown.loc[small, "value"] = float("nan")
    shown.loc[small, "n"] = pd.NA
    shown.loc[small, "method"] = f"suppressed: fewer than {minimum_count} participants"
    return shown
