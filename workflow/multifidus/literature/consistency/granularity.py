"""Whether a printed mean and SD are possible for whole-number data: GRIM, GRIMMER and DEBIT.

Each test asks whether some data set gives the printed figures at their printed precision. Ties
round either way. Data of several items are means of ``items`` whole-number answers.

References: GRIM, Brown and Heathers 2017 (Soc Psychol Personal Sci 8:363-369); GRIMMER, Anaya 2016
and Allard 2018; DEBIT, Heathers and Brown 2019.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from multifidus.literature.record.printed import parse_printed

if TYPE_CHECKING:
    from multifidus.literature.record.printed import Printed

__all__ = ["debit", "grim", "grimmer", "possible_totals"]


def possible_totals(mean: str, n: int, *, items: int = 1) -> list[int]:
    """List the totals of whole-number answers whose mean prints like ``mean``.

    Parameters
    ----------
    mean
        Mean as printed, in the unit of the answers.
    n
        Participants, at least 1.
    items
        Answers that each participant's figure is the mean of.

    Returns
    -------
    list of int
        Sums over all participants and items; empty when the mean is impossible.

    Raises
    ------
    LiteratureError
        ``LIT-005`` when ``mean`` is not a printed figure.
    """
    low, high = _interval(parse_printed(mean))
    size = n * items
    return list(range(math.ceil(low * size), math.floor(high * size) + 1))


def grim(mean: str, n: int, *, items: int = 1) -> bool:
    """Tell whether a mean of whole-number data is possible for ``n`` participants.

    Parameters are those of :func:`possible_totals`.

    Examples
    --------
    >>> grim("4.74", 25), grim("7.22", 32)
    (False, True)
    """
    return bool(possible_totals(mean, n, items=items))


def grimmer(
    mean: str, sd: str, n: int, *, items: int = 1, scale: tuple[int, int] | None = None
) -> bool:
    """Tell whether a mean and sample SD of whole-number data are possible together.

    The sum of squares must be a whole number, of the same parity as the total, and not below the
    smallest that the total allows. With ``scale`` the answers are bounded, every attainable pair
    of total and sum of squares is enumerated, and the verdict is exact.

    Parameters
    ----------
    mean, sd
        As printed, in the unit of the answers; ``sd`` has the divisor ``n - 1``.
    n
        Participants, at least 2.
    items
        Answers that each participant's figure is the mean of.
    scale
        Least and greatest answer, or None where unbounded.

    Raises
    ------
    LiteratureError
        ``LIT-005`` when a text is not a printed figure.
    """
    low, high = (max(end, Fraction(0)) for end in _interval(parse_printed(sd)))
    attainable = None if scale is None else _attainable(n, scale[0] * items, scale[1] * items)
    for total in possible_totals(mean, n, items=items):
        centre = Fraction(total * total, n)
        first = math.ceil((n - 1) * (low * items) ** 2 + centre)
        last = math.floor((n - 1) * (high * items) ** 2 + centre)
        smallest = _smallest_squares(total, n)
        for squares in range(max(first, smallest), last + 1):
            if (squares - total) % 2 == 0 and (
                attainable is None or attainable.get(total, 0) >> squares & 1
            ):
                return True
    return False


def debit(mean: str, sd: str, n: int) -> bool:
    """Tell whether the mean and sample SD of data that are 0 or 1 are possible together.

    Parameters
    ----------
    mean, sd
        As printed; ``sd`` has the divisor ``n - 1``.
    n
        Participants, at least 2.

    Raises
    ------
    LiteratureError
        ``LIT-005`` when a text is not a printed figure.

    Examples
    --------
    >>> debit("0.35", "0.18", 20)
    False
    """
    low, high = _interval(parse_printed(sd))
    counts = (count for count in possible_totals(mean, n) if 0 <= count <= n)
    variances = (Fraction(count * (n - count), n * (n - 1)) for count in counts)
    return any(max(low, Fraction(0)) ** 2 <= variance <= high**2 for variance in variances)


def _interval(printed: Printed) -> tuple[Fraction, Fraction]:
    """Give the exact ends of the interval that a printed figure represents."""
    centre, half = Fraction(printed.number), Fraction(1, 2 * 10**printed.decimals)
    return centre - half, centre + half


def _smallest_squares(total: int, n: int) -> int:
    """Return the least sum of squares of ``n`` whole numbers with the given total."""
    whole, rest = divmod(total, n)
    return (n - rest) * whole**2 + rest * (whole + 1) ** 2


def _attainable(n: int, low: int, high: int) -> dict[int, int]:
    """Map each total of ``n`` bounded whole numbers to a bit set of its sums of squares."""
    reached = {0: 1}
    for _ in range(n):
        following: dict[int, int] = {}
        for total, squares in reached.items():
            for value in range(low, high + 1):
                key = total + value
                following[key] = following.get(key, 0) | squares << value * value
        reached = following
    return reached
