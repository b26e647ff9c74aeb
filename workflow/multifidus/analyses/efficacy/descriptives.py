"""Rows that many analyses share: descriptive statistics and counts with their share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.stats.means import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from multifidus.analyses.inputs import Cell
    from multifidus.results.table import ResultRow

__all__ = ["DESCRIPTIVES", "count_rows", "describe"]

DESCRIPTIVES = ("n", "mean", "sd", "se", "median", "q1", "q3", "min", "max")


def describe(
    cell: Cell,
    values: NDArray[np.float64],
    *,
    display: str,
    unit: str,
    statistics: Sequence[str] = DESCRIPTIVES,
) -> list[ResultRow]:
    """Describe a continuous variable.

    Parameters
    ----------
    cell
        Where the rows stand; its ``n`` is set to the number of values.
    values
        Values without missing ones, shape (n,).
    display
        Display code of everything but ``n``.
    unit
        Unit of the values.
    statistics
        Which of :data:`DESCRIPTIVES`. The SD has the divisor n - 1; statistics that need more
        values than there are give no row.
    """
    size = len(values)
    cell = cell.of(n=size)
    summary = summarise(values, quantile_rule="sas5")
    given = {
        "mean": summary.mean,
        "sd": summary.sd,
        "se": summary.se,
        "median": summary.median,
        "q1": summary.q1,
        "q3": summary.q3,
        "min": summary.minimum,
        "max": summary.maximum,
    }
    rows = [cell.row("n", size, "d0")] if "n" in statistics else []
    for name in statistics:
        if name in given and not np.isnan(given[name]):
            method = summary.method if name in ("median", "q1", "q3") else cell.method
            rows.append(cell.of(method=method).row(name, float(given[name]), display, unit))
    return rows


def count_rows(cell: Cell, count: int, total: int, *, display: str = "pct1") -> list[ResultRow]:
    """Give a count and, where the denominator is not zero, its share in per cent."""
    cell = cell.of(n=count, total=total)
    rows = [cell.row("count", count, "d0")]
    if total:
        rows.append(cell.row("percent", 100.0 * count / total, display, "%"))
    return rows
