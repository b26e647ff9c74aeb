"""Factors of a model: which columns they are, their levels and the order of visits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["cast_factors", "categorical", "numeric_column", "visit_levels"]

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)", re.ASCII)


def numeric_column(column: pd.Series[Any], name: str) -> pd.Series[float]:
    """Return the column as floats, or refuse text and infinite values (``STA-103``)."""
    if isinstance(column.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(column):
        raise StatisticsError("STA-103", f"Column `{name}` must be numeric.")
    values = column.astype(float)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise StatisticsError(
            "STA-103", f"Column `{name}` holds {infinite} infinite values; correct or remove them."
        )
    return values


def _is_factor(column: pd.Series[Any]) -> bool:
    return (
        isinstance(column.dtype, pd.CategoricalDtype)
        or pd.api.types.is_bool_dtype(column)
        or not pd.api.types.is_numeric_dtype(column)
    )


def categorical(column: pd.Series[Any], levels: Sequence[Any]) -> pd.Categorical:
    """Return the column with exactly these levels, in this order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        # plain values first: pandas objects to recoding away a level, even an unused one
        column = column.astype(column.cat.categories.dtype)
    return pd.Categorical(column, categories=list(levels))


def visit_levels(column: pd.Series[Any], name: str, order: Sequence[Any] | None) -> tuple[Any, ...]:
    """Return the visits among the rows used, in order.

    The order is the one given, that of ordered categories, that of numbers or dates, or that of the
    numbers in the text when all texts are alike but for them ("Week 8", "Week 16").
    """
    levels = _levels_of(column, name, order, None)
    if order is not None or not any(isinstance(level, str) for level in levels):
        return levels
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = list(column.cat.categories)
        # categories found by pandas are in the order of the alphabet, which is none of the visits
        if column.cat.ordered or known != sorted(known, key=str):
            return levels
    parts = [_NUMBER.split(level) if isinstance(level, str) else [""] for level in levels]
    numbers = [tuple(float(part) for part in each[1::2]) for each in parts]
    alike = len({tuple(part.strip() for part in each[::2]) for each in parts}) == 1
    if not alike or len(set(numbers)) < len(numbers):
        if len(levels) < 3:  # noqa: PLR2004 - no estimate depends on the order of two visits
            return levels
        raise StatisticsError(
            "STA-109",
            f"The order of the visits in `{name}` is not clear from their names; give it as "
            "`visit_order`.",
        )
    return tuple(level for _, level in sorted(zip(numbers, levels, strict=True)))


def _levels_of(
    column: pd.Series[Any], name: str, order: Sequence[Any] | None, first: Any
) -> tuple[Any, ...]:
    """Return the levels of a factor among the rows used, reference level first."""
    present = set(column.unique())
    if order is not None:
        unknown = len(present - set(order))
        if unknown:
            raise StatisticsError(
                "STA-107", f"{unknown} levels of `{name}` are not in the order given; add them."
            )
        levels = [level for level in order if level in present]
    elif isinstance(column.dtype, pd.CategoricalDtype):
        levels = [level for level in column.cat.categories if level in present]
    else:
        try:
            levels = sorted(present, key=lambda level: (isinstance(level, str), level))
        except TypeError:
            raise StatisticsError(
                "STA-103", f"Column `{name}` mixes kinds of values; make them all text or numbers."
            ) from None
    if first is not None:
        if first not in levels:
            raise StatisticsError(
                "STA-107", f"The reference level of `{name}` does not occur in the rows used."
            )
        levels = [first, *(level for level in levels if level != first)]
    return tuple(levels)


def cast_factors(
    kept: pd.DataFrame,
    used: Sequence[str],
    visits: tuple[str, Sequence[Any]],
    *,
    factors: set[str],
    reference: Mapping[str, Any],
) -> dict[str, tuple[Any, ...]]:
    """Turn the factors of ``kept`` into categoricals and return their levels."""
    unknown = sorted(set(reference) - set(used))
    if unknown:
        raise StatisticsError(
            "STA-107", f"A reference level is given for {', '.join(unknown)}, not in the formula."
        )
    levels: dict[str, tuple[Any, ...]] = {}
    for name in used:
        if not (_is_factor(kept[name]) or name in factors):
            kept[name] = numeric_column(kept[name], name)
            continue
        order = visits[1] if name == visits[0] else None
        levels[name] = _levels_of(kept[name], name, order, reference.get(name))
        if len(levels[name]) < 2:  # noqa: PLR2004 - a contrast needs two levels
            raise StatisticsError(
                "STA-108",
                f"Factor `{name}` has one level among the rows used; take it out of the formula.",
            )
        kept[name] = categorical(kept[name], levels[name])
    return levels
