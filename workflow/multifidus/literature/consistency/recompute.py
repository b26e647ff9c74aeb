"""Figures recomputed from other published figures.

``literature/recomputations.csv`` declares each one: the method and the claims it takes. The
rounding of the inputs is carried along, so that agreement is asked for only as far as the printed
inputs can give it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from multifidus.base.errors import LiteratureError
from multifidus.literature.consistency import arithmetic
from multifidus.literature.consistency.arithmetic import Figure, evaluate, figure
from multifidus.literature.record.printed import parse_printed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["METHODS", "recompute_figures"]

_DAYS_PER_YEAR = 365.25
_MINUTES_PER_HOUR = 60.0
_YEARS = 5
_KEYS = ("recomputation_id", "claim_id", "part", "method")


class _Method(NamedTuple):
    """A method in words and its function of the declared arguments."""

    words: str
    function: Callable[..., float]
    arguments: int


def _wald(count: float, n: float, side: int) -> float:
    return arithmetic.wald_limit(100 * count / n, n, side)


def _hours_per_year(percent: float, minutes_per_day: float) -> float:
    return percent / 100 * minutes_per_day / _MINUTES_PER_HOUR * _DAYS_PER_YEAR


def _percent_of_maximum(hours: float, minutes_per_day: float) -> float:
    return 100 * hours / (minutes_per_day / _MINUTES_PER_HOUR * _DAYS_PER_YEAR * _YEARS)


def _methods() -> Mapping[str, _Method]:
    lower, upper = {"side": -1}, {"side": 1}
    share, mean = arithmetic.share_difference_limit, arithmetic.mean_difference_limit
    two_means = "pooled two-sample t"
    return {
        "difference": _Method("a difference", lambda a, b: a - b, 2),
        "hours_per_year": _Method("a share of the largest use in a year", _hours_per_year, 2),
        "mean_difference_lower": _Method(two_means, partial(mean, **lower), 5),
        "mean_difference_p": _Method(two_means, arithmetic.mean_difference_p, 5),
        "mean_difference_upper": _Method(two_means, partial(mean, **upper), 5),
        "p_from_ci": _Method("one-sample t from a limit", arithmetic.p_from_limit, 3),
        "percent": _Method("a count and its denominator", lambda k, n: 100 * k / n, 2),
        "percent_of_maximum_five_years": _Method(
            "hours of the largest use in five years", _percent_of_maximum, 2
        ),
        "product": _Method("a product", lambda a, b: a * b, 2),
        "sd_from_arm": _Method("one arm of a t interval", arithmetic.sd_from_limit, 3),
        "sd_from_ci": _Method("a t interval", arithmetic.sd_from_ci, 3),
        "se_from_ci": _Method("a t interval", arithmetic.se_from_ci, 3),
        "share_difference_lower": _Method("Wald, two shares", partial(share, **lower), 4),
        "share_difference_p": _Method("Wald, two shares", arithmetic.share_difference_p, 4),
        "share_difference_upper": _Method("Wald, two shares", partial(share, **upper), 4),
        "sum": _Method("a sum", lambda a, b: a + b, 2),
        "wald_lower": _Method("Wald, from the count", partial(_wald, **lower), 2),
        "wald_lower_from_percent": _Method(
            "Wald, from the share", partial(arithmetic.wald_limit, **lower), 2
        ),
        "wald_upper": _Method("Wald, from the count", partial(_wald, **upper), 2),
        "wald_upper_from_percent": _Method(
            "Wald, from the share", partial(arithmetic.wald_limit, **upper), 2
        ),
    }


METHODS = tuple(_methods())
"""Names of the methods, sorted."""


def recompute_figures(claims: pd.DataFrame, declarations: pd.DataFrame) -> pd.DataFrame:
    """Recompute every declared figure.

    Parameters
    ----------
    claims
        As :func:`multifidus.literature.record.claims.load_claims` gives them.
    declarations
        Rows of ``recomputations.csv``.

    Returns
    -------
    pandas.DataFrame
        ``recomputation_id``, ``claim_id``, ``part``, ``method`` (in words), ``value``, ``low`` and
        ``high`` (what the rounding of the inputs allows), ``unit``, ``note``; in declared order.

    Raises
    ------
    LiteratureError
        ``LIT-009`` for an unknown method, a wrong number of arguments, or an argument that the
        claim does not print.
    """
    by_id: dict[str, dict[str, Any]] = {
        str(row["claim_id"]): {str(key): cell for key, cell in row.items()}
        for row in claims.to_dict("records")
    }
    rows = [
        _recompute(number, row, by_id)
        for number, row in enumerate(declarations.to_dict("records"), start=2)
    ]
    return pd.DataFrame(rows, columns=[*_KEYS, "value", "low", "high", "unit", "note"])


def _recompute(
    number: int, row: Mapping[Any, Any], claims: Mapping[str, Mapping[str, Any]]
) -> tuple[Any, ...]:
    """Recompute the figure that one row declares."""
    method = _methods().get(row["method"])
    cells = str(row["arguments"]).split(";")
    if method is None or len(cells) != method.arguments:
        raise _declaration_error(number, row["method"], "is unknown or takes other arguments")
    result = evaluate(method.function, [_argument(cell, claims, number) for cell in cells])
    return (
        row["recomputation_id"],
        row["claim_id"],
        row["part"],
        method.words,
        result.value,
        result.low,
        result.high,
        row["unit"],
        row["note"],
    )


def _argument(cell: str, claims: Mapping[str, Mapping[str, Any]], row: int) -> Figure:
    """Read ``claim``, ``claim#n``, ``claim#count``, ``claim#ci_lower`` or ``claim#ci_upper``."""
    claim_id, _, field = cell.partition("#")
    claim = claims.get(claim_id)
    if claim is None:
        raise _declaration_error(row, cell, "names no claim")
    columns = {
        "": "value_printed",
        "n": "n_printed",
        "count": "count_printed",
        "ci_lower": "ci_lower_printed",
        "ci_upper": "ci_upper_printed",
    }
    value = claim.get(columns.get(field, ""))
    if value is None or pd.isna(value) or value == "":
        raise _declaration_error(row, cell, "is not printed")
    if field in ("n", "count") or claim["statistic"] in ("count", "planned"):
        return Figure(float(value) if field else float(claim["value"]))
    return figure(parse_printed(str(value)))


def _declaration_error(row: int, what: str, problem: str) -> LiteratureError:
    return LiteratureError(
        "LIT-009",
        f"literature/recomputations.csv, row {row}: '{what}' {problem}; the methods are "
        f"{', '.join(METHODS)}.",
    )
