"""Properties of printed figures and of the arithmetic on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multifidus.literature.consistency.arithmetic import Figure, counts_for_share, evaluate
from multifidus.literature.record.printed import parse_printed
from multifidus.results.formatting import round_half_away

_numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(_numbers, st.integers(0, 4))
def test_a_number_prints_as_its_own_print(value: float, decimals: int) -> None:
    text = f"{round_half_away(value, decimals):,f}"
    printed = parse_printed(text)
    assert printed.prints_as(value)
    assert abs(value - printed.value) <= printed.half_unit * (1 + 1e-6) + 1e-9
    assert printed.show(value) == text


@given(st.integers(1, 400), st.data())
def test_the_count_behind_a_printed_share_is_found(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    printed = parse_printed(f"{round_half_away(100 * count / n, 1):f}%")
    assert count in counts_for_share(Figure(printed.value, printed.half_unit), n)


@given(_numbers, _numbers, st.floats(0, 1), st.floats(0, 1))
def test_corners_hold_every_unrounded_difference(
    a: float, b: float, shift_a: float, shift_b: float
) -> None:
    found = evaluate(lambda x, y: x - y, [Figure(a, 0.5), Figure(b, 0.5)])
    inside = (a - 0.5 + shift_a) - (b - 0.5 + shift_b)
    assert found.low - 1e-6 <= inside <= found.high + 1e-6
    assert found.spread == pytest.approx(1.0, abs=1e-6)
