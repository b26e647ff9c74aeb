"""Effects with standard errors from the printed figures of the studies table."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from scipy import stats

from multifidus.base.errors import LiteratureError
from multifidus.literature.record.printed import parse_printed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["latest_per_study", "refuse_overlap", "standard_effects"]

_UNIT = {"VAS mm": 0.1}
"""Factors to the scale that is pooled: pain from 0 to 10."""
_Row = dict[str, Any]


def standard_effects(studies: pd.DataFrame) -> pd.DataFrame:
    """Return an effect and its standard error for each row that is not excluded.

    Changes are later minus baseline; where two means are printed, their errors are added as if
    independent, which overstates the error of a paired change. A share is a logit with the error
    of a binomial count; where no count is printed, the share times ``n`` is rounded.

    Parameters
    ----------
    studies
        ``studies.csv`` as loaded.

    Returns
    -------
    pandas.DataFrame
        The columns of the table with ``effect``, ``error`` (pain in points of 0 to 10, ODI in
        points, EQ-5D index, logit of a share) and ``measure`` (``change`` or ``logit``).

    Raises
    ------
    LiteratureError
        ``LIT-013`` for a row without the figures that an effect needs.
    """
    kept = cast("list[_Row]", studies[studies["excluded_because"] == ""].to_dict("records"))
    rows = []
    for row in kept:
        effect, error = _logit(row) if row["scale"] == "share" else _change(row)
        if not (math.isfinite(effect) and math.isfinite(error) and error > 0):
            raise _lacks(row)
        measure = "logit" if row["scale"] == "share" else "change"
        rows.append(row | {"effect": effect, "error": error, "measure": measure})
    return pd.DataFrame(rows)


def latest_per_study(effects: pd.DataFrame) -> pd.DataFrame:
    """Keep the longest follow-up of each study, therapy and outcome."""
    ordered = effects.sort_values(["months", "row_id"], kind="stable")
    kept = ordered.groupby(["therapy", "outcome", "study"], sort=False).tail(1)
    return kept.sort_values(["therapy", "outcome", "study"], kind="stable")


def refuse_overlap(effects: pd.DataFrame) -> None:
    """Refuse rows that hold the same participants.

    Raises
    ------
    LiteratureError
        ``LIT-014``, naming two rows and the cohort.
    """
    rows = cast("list[_Row]", effects.to_dict("records"))
    for first, second in combinations(rows, 2):
        shared = sorted(set(first["cohorts"].split(";")) & set(second["cohorts"].split(";")))
        if shared:
            raise LiteratureError(
                "LIT-014",
                f"literature/studies.csv, rows '{first['row_id']}' and '{second['row_id']}', both "
                f"hold cohort '{shared[0]}'; fill excluded_because in one of them.",
            )


def _lacks(row: _Row) -> LiteratureError:
    return LiteratureError(
        "LIT-013",
        f"literature/studies.csv, row '{row['row_id']}', lacks the figures for an effect and its "
        "standard error; add them or fill excluded_because.",
    )


def _number(row: _Row, name: str) -> float:
    if not row[name]:
        raise _lacks(row)
    return parse_printed(row[name]).value


def _missing(value: object) -> bool:
    return value is None or value is pd.NA


def _size(row: _Row) -> float:
    if _missing(row["n"]):
        raise _lacks(row)
    return float(row["n"])


def _logit(row: _Row) -> tuple[float, float]:
    n = _size(row)
    printed = not _missing(row["count_printed"])
    k = float(row["count_printed"]) if printed else round(_number(row, "percent_printed") * n / 100)
    if not 0 < k < n:
        k, n = k + 0.5, n + 1
    return float(np.log(k / (n - k))), math.sqrt(1 / k + 1 / (n - k))


def _change(row: _Row) -> tuple[float, float]:
    unit = _UNIT.get(row["scale"], 1.0)
    if row["change_printed"]:
        effect = _number(row, "change_printed")
        error = _error_of_change(row, effect)
    else:
        effect = _number(row, "after_printed") - _number(row, "before_printed")
        spreads = [_number(row, "before_spread_printed"), _number(row, "spread_printed")]
        error = math.hypot(*spreads)
        if row["spread_kind"] == "sd":
            error /= math.sqrt(_size(row))
    return unit * effect, unit * error


def _error_of_change(row: _Row, effect: float) -> float:
    if row["spread_kind"] == "se":
        return _number(row, "spread_printed")
    if row["spread_kind"] == "sd":
        return _number(row, "spread_printed") / math.sqrt(_size(row))
    lower: Sequence[float] = [effect - _number(row, "ci_lower_printed")]
    upper = [_number(row, "ci_upper_printed") - effect] if row["ci_upper_printed"] else []
    freedom = math.inf if _missing(row["n"]) else float(row["n"]) - 1
    critical = float(stats.t.ppf(0.975, freedom))
    return float(np.mean([*lower, *upper]) / critical)
