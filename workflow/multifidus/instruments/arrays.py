"""Raw answers to float arrays, with refusals that name counts and never values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Items", "count_true", "float_array"]

_BLOCK = 1 << 14


def count_true(mask: NDArray[Any]) -> int:
    """Count the true elements of a mask."""
    return int(np.count_nonzero(mask))


def float_array(
    values: ArrayLike | pd.DataFrame | pd.Series[Any], what: str
) -> NDArray[np.float64]:
    """Return answers as floats, missing ones as NaN.

    Parameters
    ----------
    values
        Any array, series or frame of numbers; pandas' NA and None are missing.
    what
        Name of the instrument, for the message.

    Raises
    ------
    InstrumentError
        ``INS-009`` when something is no number, or infinite.
    """
    try:
        if isinstance(values, pd.DataFrame | pd.Series):
            numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        else:
            given = np.asarray(values)
            if given.dtype == object:
                missing = np.asarray(pd.isna(given))
                given = np.where(missing, np.nan, given)
            numbers = given.astype("float64")
    except (TypeError, ValueError):
        raise InstrumentError(
            "INS-009", f"{what}: an answer is not a number; write numbers or leave it empty."
        ) from None
    if np.isinf(numbers).any():
        raise InstrumentError(
            "INS-009", f"{what}: an answer is infinite; write finite numbers or leave it empty."
        )
    return numbers


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a questionnaire and their levels.

    Parameters
    ----------
    what
        Name of the instrument, for messages.
    count
        Number of items.
    low, high
        Range of levels, both included.
    error_id
        Id of the refusal of other levels.
    """

    what: str
    count: int
    low: int
    high: int
    error_id: str

    def matrix(self, values: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Return an (n, count) matrix of levels, missing ones NaN; one form may be given flat.

        Raises
        ------
        InstrumentError
            ``INS-008`` for another shape, ``INS-009`` for what is no number.
        """
        levels = np.atleast_2d(float_array(values, self.what))
        if levels.ndim != 2 or levels.shape[1] != self.count:  # noqa: PLR2004 - forms by items
            raise InstrumentError(
                "INS-008",
                f"{self.what}: {self.count} items are needed for each form; give one column an "
                "item.",
            )
        return levels

    def score(
        self,
        values: ArrayLike | pd.DataFrame,
        one_block: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    ) -> NDArray[np.float64]:
        """Score forms block by block, so that millions of them stay in the processor's cache.

        Parameters
        ----------
        values
            Levels, shape (n, count).
        one_block
            From levels of shape (count, forms of the block) to scores, shape (forms,). Levels out
            of range may reach it; the whole call is then refused.

        Raises
        ------
        InstrumentError
            ``error_id`` when levels are not whole numbers in range; as :meth:`matrix`.
        """
        levels = self.matrix(values)
        scores = np.empty(len(levels))
        bad = 0
        with np.errstate(invalid="ignore"):
            for start in range(0, len(levels), _BLOCK):
                items = np.ascontiguousarray(levels[start : start + _BLOCK].T)
                fine = (items >= self.low) & (items <= self.high) & (items == np.rint(items))
                bad += items.size - count_true(fine | np.isnan(items))
                scores[start : start + _BLOCK] = one_block(items) if not bad else np.nan
        if bad:
            raise InstrumentError(
                self.error_id,
                f"{self.what}: {bad} answers are not whole levels from {self.low} to {self.high}; "
                "correct them at the source or leave them empty.",
            )
        return scores
