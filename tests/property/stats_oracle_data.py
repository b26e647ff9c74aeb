"""Data sets for the comparison with R: degenerate ones, written out, and random ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Data = dict[str, np.ndarray]


def data_set(**values: object) -> Data:
    """Return a data set of arrays, with a level when none is given."""
    return {"alpha": np.array([0.05])} | {
        k: np.atleast_1d(np.asarray(v, float)) for k, v in values.items()
    }


def _alpha(rng: np.random.Generator) -> float:
    return float(rng.choice([0.05, 0.1, 0.01]))


def _rounded(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Return values with ties, at times."""
    return np.round(values, int(rng.integers(0, 4)))


def make_mean(rng: np.random.Generator) -> Data:
    n = int(rng.integers(2, 30))
    return data_set(x=_rounded(rng, rng.normal(rng.normal(), 3, n)), alpha=_alpha(rng))


def make_paired(rng: np.random.Generator) -> Data:
    before = _rounded(rng, rng.normal(70, 10, int(rng.integers(2, 30))))
    return data_set(before=before, after=_rounded(rng, before - rng.normal(3, 8, len(before))))


def make_two_sample(rng: np.random.Generator) -> Data:
    x, y = (rng.normal(0, s, int(rng.integers(2, 20))) for s in (1, rng.uniform(0.2, 9)))
    return data_set(x=_rounded(rng, x), y=_rounded(rng, y), alpha=_alpha(rng))


def make_wilcoxon(rng: np.random.Generator) -> Data:
    return data_set(x=_rounded(rng, rng.normal(0.5, 2, int(rng.integers(1, 12)))))


def make_ancova(rng: np.random.Generator) -> Data:
    n = int(rng.integers(6, 30))
    z1, z2, g = rng.normal(size=n), rng.normal(50, 9, n), np.arange(n) % 2
    if rng.random() < 0.1:
        z2 = 2 * z1 + 1
    return data_set(y=z1 + 2 * g + rng.normal(size=n), g=g, z1=z1, z2=z2, alpha=_alpha(rng))


def make_proportion(rng: np.random.Generator) -> Data:
    n = int(rng.integers(1, 80))
    return data_set(x=rng.integers(0, n + 1), n=n, alpha=_alpha(rng))


def make_difference(rng: np.random.Generator) -> Data:
    n1, n2 = rng.integers(1, 60, 2)
    x1, x2 = rng.integers(0, n1 + 1), rng.integers(0, n2 + 1)
    return data_set(x1=x1, n1=n1, x2=x2, n2=n2, alpha=_alpha(rng))


def make_mcnemar(rng: np.random.Generator) -> Data:
    b = int(rng.integers(0, 30))
    return data_set(b=b, c=b if rng.random() < 0.2 else rng.integers(0, 30))


def make_paired_difference(rng: np.random.Generator) -> Data:
    a, b, c, e = rng.integers(0, 25, 4) * (rng.random(4) < 0.85)
    return data_set(a=a, b=b, c=c, e=e + (a + b + c + e == 0), alpha=_alpha(rng))


def make_rate(rng: np.random.Generator) -> Data:
    return data_set(x=rng.poisson(rng.uniform(0, 30)), t=rng.uniform(0.1, 300), alpha=_alpha(rng))


def make_rates(rng: np.random.Generator) -> Data:
    x, t = rng.poisson(rng.uniform(0, 15, 2)), rng.uniform(1, 200, 2)
    return data_set(x1=x[0], t1=t[0], x2=x[1], t2=t[1], alpha=_alpha(rng))


def _times(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    n = int(rng.integers(1, 40))
    time = rng.exponential(10, n)
    time = np.ceil(time) if rng.random() < 0.6 else time
    return time, (rng.random(n) < rng.choice([0.1, 0.5, 0.9, 1.0])).astype(int)


def make_survival(rng: np.random.Generator) -> Data:
    time, event = _times(rng)
    return data_set(
        time=time, event=event, alpha=_alpha(rng), horizon=rng.uniform(0.2, 1) * time.max()
    )


def make_log_rank(rng: np.random.Generator) -> Data:
    time, event = _times(rng)
    return data_set(time=time, event=event, group=rng.integers(1, rng.integers(3, 5), len(time)))


def make_incidence(rng: np.random.Generator) -> Data:
    time, event = _times(rng)
    kinds = rng.choice([1, 2, 3])
    cause = event * (rng.integers(1, 3, len(time)) if kinds == 3 else kinds)
    return data_set(time=time, cause=cause, alpha=_alpha(rng))


def make_association(rng: np.random.Generator) -> Data:
    n = int(rng.integers(4, 40))
    x = _rounded(rng, rng.normal(size=n))
    return data_set(x=x, y=_rounded(rng, x * rng.normal() + rng.normal(size=n)), alpha=_alpha(rng))


def make_pool(rng: np.random.Generator) -> Data:
    m = int(rng.integers(2, 30))
    q = rng.normal(3, rng.choice([0.0, 1e-3, 0.1, 1.0, 10.0]), m)
    return data_set(q=q, u=rng.uniform(0.1, 4, m), complete=rng.integers(3, 300), alpha=_alpha(rng))


def make_mmrm(rng: np.random.Generator) -> Data:
    n, m = int(rng.integers(20, 50)), int(rng.choice([1, 2, 2, 3]))
    spread = rng.uniform(4, 12, m)
    corr = 0.5 + 0.5 * np.eye(m)
    base, arm = rng.normal(70, 10, n), np.arange(n) % 2
    y = rng.multivariate_normal(np.zeros(m), corr * np.outer(spread, spread), n)
    y += 0.4 * (base[:, None] - 70) - 3.0 * arm[:, None] * np.arange(1, m + 1)
    seen = rng.random((n, m)) > rng.choice([0.0, 0.15])
    rows, visits = np.nonzero(seen)
    return data_set(id=rows + 1, visit=visits + 1, arm=arm[rows], base=base[rows], y=y[seen])


_ONE = {"time": [5], "event": [1], "horizon": 5}
_TABLES = tuple(
    data_set(x1=x1, n1=n1, x2=x2, n2=n2)
    for x1, n1, x2, n2 in [
        (0, 5, 0, 7), (5, 5, 7, 7), (0, 5, 7, 7), (0, 1, 1, 1), (1, 1, 0, 1), (3, 9, 3, 9)
    ]
)  # fmt: skip
SETS: dict[str, tuple[tuple[Data, ...], Callable[[np.random.Generator], Data]]] = {
    "mean": ((data_set(x=[2, 2, 2]), data_set(x=[1, 2])), make_mean),
    "paired": (
        (data_set(before=[1, 2], after=[3, 4]), data_set(before=[1, 2, 3], after=[1, 2, 4])),
        make_paired,
    ),
    "two_sample": (
        (data_set(x=[1, 1], y=[1, 2]), data_set(x=[1, 1], y=[2, 2])), make_two_sample
    ),
    "wilcoxon": (
        (data_set(x=[1]), data_set(x=[0, 0, 1]), data_set(x=[1, 1, 1, -1]), data_set(x=[2, -2])),
        make_wilcoxon,
    ),
    "ancova": (
        (data_set(y=[1, 2, 3, 4, 5, 7], g=[0, 1] * 3, z1=[1] * 6, z2=[1, 2, 1, 3, 2, 2]),),
        make_ancova,
    ),
    "proportion": (
        tuple(data_set(x=x, n=n) for x, n in [(0, 1), (1, 1), (0, 204), (204, 204), (1, 2)]),
        make_proportion,
    ),
    "difference": (_TABLES, make_difference),
    "two_proportions": (_TABLES, make_difference),
    "mcnemar": (
        tuple(data_set(b=b, c=c) for b, c in [(0, 0), (1, 1), (2, 2), (10, 10), (0, 5), (1, 0)]),
        make_mcnemar,
    ),
    "paired_difference": (
        tuple(
            data_set(a=a, b=b, c=c, e=e)
            for a, b, c, e in [(5, 0, 0, 5), (0, 5, 0, 0), (0, 0, 5, 0), (1, 0, 0, 0), (2, 3, 3, 2)]
        ),
        make_paired_difference,
    ),
    "rate": ((data_set(x=0, t=10), data_set(x=1, t=0.01)), make_rate),
    "rates": (
        tuple(
            data_set(x1=a, t1=s, x2=b, t2=t)
            for a, s, b, t in [(0, 9, 0, 5), (3, 9, 0, 5), (0, 9, 3, 5), (4, 10, 4, 10)]
        ),
        make_rates,
    ),
    "survival": (
        (
            data_set(**_ONE), data_set(**(_ONE | {"event": [0]})),
            data_set(time=[3] * 6, event=[1] * 6, horizon=3),
            data_set(time=[1, 2, 3, 4], event=[1] * 4, horizon=4),
            data_set(time=[1, 2, 3, 4], event=[0] * 4, horizon=2),
            data_set(time=[1, 2, 3, 4], event=[1, 1, 0, 0], horizon=4),
            data_set(time=[0, 0, 1], event=[1, 0, 1], horizon=1),
            data_set(time=[0.3, 0.1 + 0.2, 0.5], event=[1, 1, 0], horizon=0.4),
        ),
        make_survival,
    ),
    "log_rank": (
        (
            data_set(time=[1, 1, 2, 3, 4, 5], event=[0, 0, 1, 1, 1, 1], group=[3, 3, 1, 2, 1, 2]),
            data_set(time=[1, 2, 3, 4], event=[1] * 4, group=[1, 1, 2, 2]),
            data_set(time=[1, 2], event=[1, 1], group=[1, 2]),
            data_set(time=[1, 2, 3], event=[0, 1, 1], group=[1, 2, 2]),
            data_set(time=[2, 2, 2, 2], event=[1, 1, 1, 0], group=[1, 1, 2, 2]),
        ),
        make_log_rank,
    ),
    "incidence": (
        tuple(
            data_set(time=time, cause=cause)
            for time, cause in [
                ([5], [1]), ([5], [2]), ([1, 2, 3], [0, 0, 0]), ([1, 2, 3, 4], [1] * 4),
                ([1, 2, 3, 4], [2, 2, 1, 1]), ([2] * 6, [1, 1, 2, 2, 0, 0]),
                ([1, 2, 3, 4, 5, 6, 7], [1] * 7),
            ]
        ),
        make_incidence,
    ),
    "association": (
        (
            data_set(x=[1, 2, 3, 4], y=[1, 2, 3, 5]), data_set(x=[1, 2, 3, 4], y=[4, 3, 2, 0]),
            data_set(x=[1, 1, 2, 2], y=[1, 1, 1, 2]),
        ),
        make_association,
    ),
    "pool": (
        (data_set(q=[2, 2, 2], u=[1, 2, 3], complete=20), data_set(q=[1, 5], u=[1, 1], complete=5)),
        make_pool,
    ),
    "mmrm": ((), make_mmrm),
}  # fmt: skip
