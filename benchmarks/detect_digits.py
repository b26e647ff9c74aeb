"""How often the forensic checks catch one changed digit, and how often arithmetic could.

Every data set of a small size is enumerated. Each digit of each printed figure is replaced by each
other digit; a change can be detected when no data set prints the changed figures. The share caught
of those is the check's rate; the share that can be detected at all is the arithmetic's ceiling. A
true figure that a check refuses is a false alarm.

other digit; a change can be detected when no data set prints the changed figures. The share caught
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from multifidus.literature.consistency.comparisons import counts_printing_as, share_tests_that_give
from multifidus.literature.consistency.granularity import debit, grim, grimmer
from multifidus.literature.record.printed import parse_printed
from multifidus.results.formatting import round_half_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SIZES = range(5, 41)


def _changed(text: str) -> Iterator[str]:
    for place, old in enumerate(text):
        if old.isdigit():
            yield from (
                text[:place] + new + text[place + 1 :] for new in "0123456789" if new != old
            )


def _changed_pair(pair: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for place, text in enumerate(pair):
        for new in _changed(text):
            yield (*pair[:place], new, *pair[place + 1 :])


def _print(value: float | Fraction, decimals: int) -> str:
    return f"{round_half_away(float(value), decimals):.{decimals}f}"


def _sd(data: Iterable[int]) -> float:
    return float(np.std(np.fromiter(data, dtype=float), ddof=1))


def _report(
    name: str,
    worlds: Iterable[set[tuple[str, ...]]],
    accepts: Iterable[Callable[..., bool]],
) -> None:
    caught = detectable = changes = alarms = 0
    for true, accept in zip(worlds, accepts, strict=True):
        alarms += sum(not accept(*pair) for pair in true)
        for pair in sorted(true):
            for changed in _changed_pair(pair):
                changes += 1
                if changed not in true:
                    detectable += 1
                    caught += not accept(*changed)
    print(
        f"{name:<32} {changes:>8} {100 * detectable / changes:>11.1f} "
        f"{100 * caught / max(detectable, 1):>8.1f} {alarms:>6}",
        flush=True,
    )


def _fisher(k1: int, k2: int, n: int) -> float:
    table = {
        k: comb(n, k) * comb(n, k1 + k2 - k)
        for k in range(max(0, k1 + k2 - n), min(n, k1 + k2) + 1)
    }
    return sum(w for w in table.values() if w <= table[k1]) / sum(table.values())


def _report_fisher() -> None:
    sizes = (6, 8)
    _report(
        "Fisher's p from two shares",
        (
            {
                (
                    _print(Fraction(100 * a, n), 1),
                    _print(Fraction(100 * b, n), 1),
                    _print(_fisher(a, b, n), 3),
                )
                for a in range(1, n)
                for b in range(1, n)
                if a > b
            }
            for n in sizes
        ),
        (
            (
                lambda s1, s2, p, n=n: any(
                    (m.test, m.tails) == ("Fisher", 2)
                    and m.counts is not None
                    and m.counts[0] > m.counts[2]
                    for m in share_tests_that_give(
                        parse_printed(p), (parse_printed(s1), parse_printed(s2)), [(n, n)]
                    )
                )
            )
            for n in sizes
        ),
    )


def main() -> None:
    """Print the rates of every check."""
    print(f"{'check':<32} {'changes':>8} {'detectable%':>11} {'caught%':>8} {'false':>6}")
    _report(
        "GRIM (answers 0 to 10)",
        ({(_print(Fraction(t, n), 2),) for t in range(10 * n + 1)} for n in _SIZES),
        ((lambda m, n=n: grim(m, n)) for n in _SIZES),
    )
    small = range(5, 9)
    _report(
        "GRIMMER (answers 1 to 5)",
        (
            {
                (_print(Fraction(sum(d), n), 2), _print(_sd(d), 2))
                for d in combinations_with_replacement(range(1, 6), n)
            }
            for n in small
        ),
        ((lambda m, s, n=n: grimmer(m, s, n, scale=(1, 5))) for n in small),
    )
    _report(
        "DEBIT",
        (
            {
                (_print(Fraction(k, n), 2), _print(_sd([1] * k + [0] * (n - k)), 2))
                for k in range(n + 1)
            }
            for n in _SIZES
        ),
        ((lambda m, s, n=n: debit(m, s, n)) for n in _SIZES),
    )
    _report(
        "share of a known denominator",
        ({(_print(Fraction(100 * k, n), 1),) for k in range(n + 1)} for n in _SIZES),
        ((lambda s, n=n: bool(counts_printing_as(parse_printed(s), n, "half-up"))) for n in _SIZES),
    )
    _report_fisher()


if __name__ == "__main__":
    main()
