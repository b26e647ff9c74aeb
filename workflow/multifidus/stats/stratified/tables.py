"""The counts of two groups in each stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import finite_vector, flags, group_codes, same_length

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["StrataCounts", "count_strata", "strata_counts"]

_LARGEST = 2**40


@dataclass(frozen=True)
class StrataCounts:
    """Counts of the strata in which both groups have participants.

    Attributes
    ----------
    count_first, n_first, count_second, n_second
        Responders and participants of each group, shape ``(k,)``.
    left_out
        Strata with participants of one group only, which say nothing about a difference.
    """

    count_first: np.ndarray
    n_first: np.ndarray
    count_second: np.ndarray
    n_second: np.ndarray
    left_out: int

    @property
    def first(self) -> np.ndarray:
        """Proportions of the first group."""
        return np.asarray(self.count_first / self.n_first)

    @property
    def second(self) -> np.ndarray:
        """Proportions of the second group."""
        return np.asarray(self.count_second / self.n_second)

    @property
    def weights(self) -> np.ndarray:
        """Mantel-Haenszel weights ``n1 n2 / (n1 + n2)``, adding to 1."""
        own = self.n_first * self.n_second / (self.n_first + self.n_second)
        return np.asarray(own / own.sum())


def strata_counts(
    count_first: npt.ArrayLike,
    n_first: npt.ArrayLike,
    count_second: npt.ArrayLike,
    n_second: npt.ArrayLike,
) -> StrataCounts:
    """Return the counts of the strata, one number or one per stratum each.

    Raises
    ------
    StatisticsError
        ``STA-005`` for impossible counts, ``STA-003`` for lengths that differ, ``STA-281`` when no
        stratum has participants of both groups.
    """
    names = ("count_first", "n_first", "count_second", "n_second")
    given = (count_first, n_first, count_second, n_second)
    arrays = [
        finite_vector(np.atleast_1d(np.asarray(values)), name)
        for name, values in zip(names, given, strict=True)
    ]
    for name, array in zip(names[1:], arrays[1:], strict=True):
        same_length(arrays[0], array, f"`count_first` and `{name}`")
    whole = all(
        ((array >= 0) & (array <= _LARGEST) & (array == np.floor(array))).all() for array in arrays
    )
    if not whole or (arrays[0] > arrays[1]).any() or (arrays[2] > arrays[3]).any():
        raise StatisticsError(
            "STA-005",
            "Counts must be whole numbers of at least 0, none larger than its denominator.",
        )
    both = (arrays[1] > 0) & (arrays[3] > 0)
    if not both.any():
        raise StatisticsError("STA-281", "No stratum has participants of both groups.")
    first, size_first, second, size_second = (array[both] for array in arrays)
    return StrataCounts(first, size_first, second, size_second, int((~both).sum()))


def count_strata(
    response: npt.ArrayLike, group: npt.ArrayLike, stratum: npt.ArrayLike, *, first: object
) -> StrataCounts:
    """Return the counts from one response per participant.

    Parameters
    ----------
    response
        1 (yes) and 0 (no), shape ``(n,)``.
    group
        Labels of two groups.
    stratum
        Labels of strata.
    first
        Label of the first group; differences are first minus second.

    Raises
    ------
    StatisticsError
        ``STA-283`` when there are not two groups, ``STA-002`` for missing values, ``STA-281`` when
        no stratum has participants of both groups.
    """
    yes = flags(response, "response")
    labels, member = group_codes(group)
    _, place = group_codes(stratum, "stratum")
    same_length(yes, member, "`response` and `group`")
    same_length(yes, place, "`response` and `stratum`")
    if len(labels) != 2 or first not in labels:  # noqa: PLR2004 - a difference has two sides
        raise StatisticsError(
            "STA-283",
            f"A comparison needs two groups, one of them the one named first; there are "
            f"{len(labels)}.",
        )
    own = member == labels.index(first)
    people, responders = np.zeros((2, 2, int(place.max(initial=0)) + 1))
    np.add.at(people, (own.astype(int), place), 1.0)
    np.add.at(responders, (own.astype(int), place), yes)
    return strata_counts(responders[1], people[1], responders[0], people[0])
