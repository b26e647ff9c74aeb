"""Properties of printed figures and of the arithmetic on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from multifidus.literature.consistency.arithmetic import Figure, counts_for_share, evaluate
from multifidus.literature.consistency.forensics import name_tests, shares_are_counts
from multifidus.literature.consistency.granularity import debit, grim, grimmer
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


def test_forensic_checks_raise_no_false_alarm_on_generated_data() -> None:
    """1,000 data sets and pairs of arms, printed by the rules, pass every check."""
    rng = np.random.default_rng(20240501)
    for _ in range(1000):
        n = int(rng.integers(5, 60))
        data = rng.integers(0, 11, size=n)
        mean, sd = f"{data.mean():.2f}", f"{data.std(ddof=1):.2f}"
        assert grim(mean, n)
        assert grimmer(mean, sd, n)
        flags = rng.random(n) < 0.4
        assert debit(f"{flags.mean():.2f}", f"{flags.std(ddof=1):.2f}", n)
        first, second = (int(rng.integers(1, n)) for _ in range(2))
        row = {
            "comparison_id": "a",
            "study": "s",
            "visit": "v",
            "n_first": n,
            "n_second": n,
            "share_first_printed": f"{100 * first / n:.1f}%",
            "share_second_printed": f"{100 * second / n:.1f}%",
            "p_printed": f"{stats.fisher_exact([[first, n - first], [second, n - second]])[1]:.3f}",
            "ci_lower_printed": "",
        }
        findings = [*shares_are_counts([row]), *name_tests([row])]
        assert {verdict for _, _, verdict, _ in findings} == {"agrees"}
