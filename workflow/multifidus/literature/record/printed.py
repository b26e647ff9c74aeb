"""Figures as they are printed: their value, their precision, and what else would print alike.

A printed figure represents an interval. ``71.8%`` says that the unrounded share lay within half a
unit of its last digit, 0.05 points; nothing finer can be asked of a reproduction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from multifidus.base.errors import LiteratureError
from multifidus.results.formatting import round_half_away

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Printed", "parse_printed", "precision"]

_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d+)?")
_WORDS: Mapping[str, int] = MappingProxyType(
    {"none": 0, "no": 0, "zero": 0, "once": 1, "one": 1, "twice": 2, "two": 2}
)
_MINUS_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure as printed.

    Parameters
    ----------
    text
        The figure, exactly as printed.
    number
        Its value; for ``< 0.0001`` the bound.
    decimals
        Digits after the point.
    relation
        ``=`` for a figure, ``<`` or ``>`` for a bound.
    suffix
        ``%`` or nothing.
    """

    text: str
    number: Decimal
    decimals: int
    relation: Literal["=", "<", ">"]
    suffix: str

    @property
    def value(self) -> float:
        """The number as a float."""
        return float(self.number)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit, in the unit of the figure."""
        return float(Decimal(5).scaleb(-self.decimals - 1))

    def prints_as(self, value: float) -> bool:
        """Tell whether ``value`` would be printed like this figure.

        Rounding is half away from zero. A bound is met when the value lies beyond it.
        """
        if self.relation == "<":
            return value < self.value
        if self.relation == ">":
            return value > self.value
        return round_half_away(value, self.decimals) == self.number

    def show(self, value: float) -> str:
        """Give ``value`` at the precision and in the manner of this figure."""
        if self.relation != "=" and self.prints_as(value):
            return self.text
        return f"{round_half_away(value, self.decimals):,f}{self.suffix}"


def parse_printed(text: str) -> Printed:
    """Read a figure as printed.

    Parameters
    ----------
    text
        Such as ``-4.9``, ``+0.231``, ``71.8%``, ``1,106``, ``< 0.0001``, ``none`` or ``twice``.

    Returns
    -------
    Printed
        Value, decimals, relation and suffix.

    Raises
    ------
    LiteratureError
        ``LIT-005`` when the text is not a printed figure.
    """
    plain = text.strip().translate(_MINUS_SIGNS)
    word = _WORDS.get(plain.lower())
    if word is not None:
        return Printed(text, Decimal(word), 0, "=", "")
    relation: Literal["=", "<", ">"] = "<" if plain[:1] == "<" else ">" if plain[:1] == ">" else "="
    body = plain if relation == "=" else plain[1:].strip()
    suffix = "%" if body.endswith("%") else ""
    body = body[: len(body) - len(suffix)].strip()
    match = _NUMBER.fullmatch(body)
    if match is None:
        raise LiteratureError(
            "LIT-005",
            f"'{text}' is not a printed figure; write it as in the source, for instance -4.9, "
            "71.8%, 1,106 or < 0.0001.",
        )
    fraction = match["fraction"] or ""
    number = Decimal(match["sign"] + match["whole"].replace(",", "") + fraction)
    return Printed(text, number, max(len(fraction) - 1, 0), relation, suffix)


def precision(value_printed: str) -> float:
    """Return half a unit of the last printed digit.

    Parameters
    ----------
    value_printed
        A figure as printed, see :func:`parse_printed`.

    Returns
    -------
    float
        Half a unit, in the unit of the figure: 0.05 for ``71.8%`` and 0.5 for ``1,106``.

    Raises
    ------
    LiteratureError
        ``LIT-005`` when the text is not a printed figure.
    """
    return parse_printed(value_printed).half_unit
