"""Figures as printed: value, precision, and what prints alike."""

from __future__ import annotations

import pytest

from multifidus.base.errors import LiteratureError
from multifidus.literature.record.printed import parse_printed, precision


@pytest.mark.parametrize(
    ("text", "value", "decimals", "half_unit"),
    [
        # Half a unit of the last digit, by the definition of printed precision.
        ("-4.9", -4.9, 1, 0.05),
        ("\N{MINUS SIGN}22.7", -22.7, 1, 0.05),
        ("0.585", 0.585, 3, 0.0005),
        ("+0.231", 0.231, 3, 0.0005),
        ("71.8%", 71.8, 1, 0.05),
        ("46 %", 46, 0, 0.5),
        ("1,106", 1106, 0, 0.5),
        ("1,234,567.5", 1234567.5, 1, 0.05),
        ("< 0.0001", 0.0001, 4, 0.00005),
        ("<0.05", 0.05, 2, 0.005),
        ("0.220", 0.220, 3, 0.0005),
        ("none", 0, 0, 0.5),
        ("twice", 2, 0, 0.5),
    ],
)
def test_value_and_precision(text: str, value: float, decimals: int, half_unit: float) -> None:
    printed = parse_printed(text)
    assert printed.value == pytest.approx(value)
    assert printed.decimals == decimals
    assert precision(text) == pytest.approx(half_unit)


@pytest.mark.parametrize("text", ["", "n/a", "7,3", "12,34", "4.", "1 2", "56%, both", "--3", "±2"])
def test_what_is_no_printed_figure_is_refused(text: str) -> None:
    with pytest.raises(LiteratureError, match="not a printed figure") as caught:
        parse_printed(text)
    assert caught.value.error_id == "LIT-005"


@pytest.mark.parametrize(
    ("text", "value", "same"),
    [
        # Rounding half away from zero: 2.45 prints 2.5, -2.45 prints -2.5, 2.4499 prints 2.4.
        ("2.5", 2.45, True),
        ("-2.5", -2.45, True),
        ("2.4", 2.45, False),
        ("2.4", 2.4499, True),
        ("71.8%", 100 * 89 / 124, True),
        ("71.8%", 100 * 90 / 126, False),
        ("61.1%", 100 * 77 / 126, True),
        ("< 0.0001", 0.00009, True),
        ("< 0.0001", 0.0001, False),
        ("> 0.5", 0.51, True),
        ("> 0.5", 0.5, False),
        ("0.0", -0.04, True),
    ],
)
def test_prints_as(text: str, value: float, same: bool) -> None:
    assert parse_printed(text).prints_as(value) is same


def test_shown_in_the_manner_of_the_source() -> None:
    assert parse_printed("71.8%").show(100 * 90 / 126) == "71.4%"
    assert parse_printed("1,106").show(1234.5) == "1,235"
    assert parse_printed("< 0.0001").show(3e-9) == "< 0.0001"
    assert parse_printed("< 0.0001").show(0.0312) == "0.0312"
