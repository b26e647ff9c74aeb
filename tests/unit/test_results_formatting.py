"""Display rounding and formats; every expected text is worked out by hand from the digits."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from multifidus.results.formatting import format_value, round_half_away

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        # Halves as a reader sees them; binary floating point stores 2.675 and 1.005 below the half.
        (2.675, 2, "2.68"),
        (1.005, 2, "1.01"),
        (-2.675, 2, "-2.68"),
        (0.5, 0, "1"),
        (-0.5, 0, "-1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (-2.5, 0, "-3"),
        (0.25, 1, "0.3"),
        (0.285, 2, "0.29"),
        (8.345, 2, "8.35"),
        # A half that arithmetic reaches from below: 1.1 + 2.2 is 3.3000000000000003, times 0.5.
        ((1.1 + 2.2) * 0.5, 2, "1.65"),
        (0.1 + 0.2 + 0.05, 1, "0.4"),
        # No halves.
        (2.6749, 2, "2.67"),
        (0.4999, 0, "0"),
        (-0.4999, 0, "0"),
        (2.0, 3, "2.000"),
        (1e-9, 2, "0.00"),
        (123456.5, 0, "123457"),
        (145.0, -1, "1.5E+2"),
        (1e15, 1, "1000000000000000.0"),
    ],
)
def test_halves_go_away_from_zero(value: float, decimals: int, expected: str) -> None:
    rounded = round_half_away(value, decimals)
    assert rounded == Decimal(expected)
    assert str(rounded) == expected


def test_python_itself_rounds_these_differently() -> None:
    """The reason for a rounding of our own: both are cases of the table above."""
    assert round(2.675, 2) == 2.67
    assert round(0.5) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_finite_numbers_are_rounded(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        round_half_away(value, 1)


@pytest.mark.parametrize(
    ("value", "display", "expected"),
    [
        (204.0, "d0", "204"),
        (12345.0, "d0", "12,345"),
        (7.25, "f1", "7.3"),
        (-4.85, "f1", f"{MINUS}4.9"),
        (-0.04, "f1", "0.0"),
        (0.2305, "f3", "0.231"),
        (71.774, "pct0", f"72{NARROW_SPACE}%"),
        (71.774, "pct1", f"71.8{NARROW_SPACE}%"),
        (0.0001, "p", "0.0001"),
        (0.00009999, "p", "< 0.0001"),
        (0.0, "p", "< 0.0001"),
        (0.03245, "p", "0.0325"),
        (1.0, "p", "1.0000"),
        (None, "f1", "\N{EN DASH}"),
        (math.nan, "p", "\N{EN DASH}"),
        (math.inf, "f1", "\N{INFINITY}"),
        (-math.inf, "f1", f"{MINUS}\N{INFINITY}"),
    ],
)
def test_values_are_printed_by_their_display_code(
    value: float | None, display: str, expected: str
) -> None:
    assert format_value(value, display) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.231, "+0.23"), (0.0, "0.00"), (-1.0, "−1.00")])  # noqa: RUF001
def test_a_sign_is_printed_on_request(value: float, expected: str) -> None:
    assert format_value(value, "f2", sign=True) == expected


@pytest.mark.parametrize("display", ["", "f", "x1", "1f", "pct", "fixed2"])
def test_unknown_display_codes_are_refused(display: str) -> None:
    with pytest.raises(ValueError, match="display code"):
        format_value(1.0, display)
