"""The workflow's step that joins all rows, with disclosure control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.files import write_csv, write_parquet
from multifidus.results.disclosure.step import protect_results
from multifidus.results.table import collect_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["collect"]


def collect(
    rows: Sequence[Path | str],
    *,
    parquet: Path | str,
    csv: Path | str,
    minimum_count: int,
    extremes_from: int,
    rounding: int,
    tier: str,
) -> None:
    """Join the rows of the analyses and write them as Parquet and CSV.

    Parameters
    ----------
    rows
        Parquet files of rows.
    parquet, csv
        Files to write.
    minimum_count, extremes_from, rounding
        See :func:`multifidus.results.disclosure.step.protect_results`.
    tier
        Data tier, written into the Parquet file's metadata.
    """
    frame = collect_results([pd.read_parquet(path) for path in rows])
    frame = protect_results(frame, minimum_count, extremes_from=extremes_from, rounding=rounding)
    write_parquet(parquet, frame, {"table": "results", "tier": tier})
    write_csv(csv, frame)
