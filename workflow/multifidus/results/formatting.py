"""Display rounding, half away from zero, in one place; never used before a responder cut."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

__all__ = [
    "COUNT_STATISTICS",
    "HIDDEN",
    "MINUS",
    "NOT_ESTIMABLE",
    "SUPPRESSED",
    "few_words",
    "format_value",
    "round_half_away",
]

MINUS = "\N{MINUS SIGN}"
NOT_ESTIMABLE = "not estimable"
"""Printed in the place of a number that the data do not give; the method of the row says why."""
COUNT_STATISTICS = frozenset({"count", "n", "participants", "events"})
"""Statistics that are the number of people or events itself, whatever the denominator."""
SUPPRESSED = "suppressed"
"""Head of the method of a row that disclosure control emptied; a count prints what follows."""
HIDDEN = "hidden"
"""Printed in the place of a number that is hidden and may be small or large, never zero."""
_SMALLEST_P = 0.0001
_GUARD_DIGITS = 12


def round_half_away(value: float, decimals: int = 0) -> Decimal:
    """Round half away from zero, as SAS does and as readers of tables expect.

    A value such as 2.675, which binary floating point stores just below the half, is first taken
    to twelve significant decimals, so that what a reader would compute by hand is what is printed.

    Parameters
    ----------
    value
        A finite number.
    decimals
        Digits after the point; negative ones round to tens and hundreds.

    Returns
    -------
    Decimal
        The rounded number, without a negative zero.

    Raises
    ------
    ValueError
        When the value is not finite.
    """
    if not math.isfinite(value):
        raise ValueError("only finite numbers can be rounded")
    exact = Decimal(repr(float(value)))
    guard = Decimal(1).scaleb(-(decimals + _GUARD_DIGITS))
    if abs(exact) < Decimal(10) ** _GUARD_DIGITS:
        exact = exact.quantize(guard)
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded


def few_words(minimum_count: int) -> str:
    """Return the words for a hidden count below a minimum: never those for none.

    Examples
    --------
    >>> few_words(5)
    '1 to 4'
    """
    return f"1 to {minimum_count - 1}"


def format_value(value: float | None, display: str, *, sign: bool = False) -> str:
    """Format a value for print.

    Parameters
    ----------
    value
        The value; missing gives an en dash.
    display
        ``d0`` whole number with thousands separated, ``f1`` ... ``f4`` fixed decimals, ``pct0`` ...
        ``pct2`` per cent (the value is in per cent already), ``p`` a p value.
    sign
        Print a plus sign before positive numbers.

    Returns
    -------
    str
        Text with a true minus sign.

    Raises
    ------
    ValueError
        For an unknown display code.
    """
    if value is None or math.isnan(value):
        return "\N{EN DASH}"
    if math.isinf(value):
        return ("" if value > 0 else MINUS) + "\N{INFINITY}"
    if display == "p":
        if value < _SMALLEST_P:
            return f"< {_SMALLEST_P}"
        return f"{round_half_away(value, 4):.4f}"
    head, digits = display.rstrip("0123456789"), display.lstrip("abcdefghijklmnopqrstuvwxyz")
    if head not in ("d", "f", "pct") or not digits.isdigit():
        raise ValueError(f"unknown display code {display!r}")
    number = round_half_away(value, int(digits))
    text = f"{abs(number):,.{int(digits)}f}"
    prefix = MINUS if number < 0 else "+" if sign and number > 0 else ""
    suffix = "\N{NARROW NO-BREAK SPACE}%" if head == "pct" else ""
    return prefix + text + suffix
