"""Group figures over all exposed and over those who continued, both labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["summarise_periods"]

_MEASURES = (
    "utilisation",
    "utilisation_lower",
    "utilisation_upper",
    "capped_utilisation",
    "hours",
    "hours_lower",
    "hours_upper",
    "coverage",
    "exposure_days",
)
_QUANTILES = {"q1": 0.25, "median": 0.5, "q3": 0.75}


def summarise_periods(periods: pd.DataFrame) -> pd.DataFrame:
    """Summarise adherence over participants.

    Parameters
    ----------
    periods
        As :func:`~multifidus.devicelogs.adherence.measure_periods` gives them.

    Returns
    -------
    pandas.DataFrame
        ``period``, ``population`` (``exposed`` or ``continuers``), ``measure``, ``statistic``
        (median, q1, q3, mean, sd, n, or for ``continued`` count and percent), ``value``, ``n``
        participants with a value and ``N`` in the population. Quantiles interpolate linearly
        (type 7). ``continuers`` completed at least one session within the period.
    """
    rows: list[tuple[str, str, str, str, float, int, int]] = []
    for period, frame in periods.groupby("period", sort=True):
        size = len(frame)
        for name in ("continued", "continued_lower", "continued_upper"):
            count = int(frame[name].sum())
            head = (str(period), "exposed", name)
            rows.append((*head, "count", float(count), count, size))
            rows.append((*head, "percent", 100.0 * count / size, count, size))
        groups = {"exposed": frame, "continuers": frame[frame["continued"]]}
        for population, members in groups.items():
            for name in _MEASURES:
                values = members[name].dropna()
                for statistic, value in _statistics(values):
                    head = (str(period), population, name)
                    rows.append((*head, statistic, value, len(values), len(members)))
    columns = ["period", "population", "measure", "statistic", "value", "n", "N"]
    return pd.DataFrame(rows, columns=columns)


def _statistics(values: pd.Series[float]) -> Iterator[tuple[str, float]]:
    if len(values):
        for name, share in _QUANTILES.items():
            yield name, float(values.quantile(share))
        yield "mean", float(values.mean())
    if len(values) > 1:
        yield "sd", float(values.std(ddof=1))
    yield "n", float(len(values))
