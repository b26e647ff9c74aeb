"""Speed of the scorers: millions of forms and prescriptions, against row loops in the same run.

Run with ``python benchmarks/bench_instruments.py [forms]``. The loops are timed on a small part and
scaled; every ratio is of seconds per form.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from multifidus.instruments.eq5d import score_eq5d  # noqa: E402
from multifidus.instruments.mme import mme_per_day  # noqa: E402
from multifidus.instruments.mme_factors import mme_factors_from_frame  # noqa: E402
from multifidus.instruments.odi import score_odi  # noqa: E402
from multifidus.instruments.run import read_value_sets  # noqa: E402
from multifidus.instruments.value_sets import all_states  # noqa: E402
from multifidus.literature.record.value_sets import load_mme_factors  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

LOOP = 20_000
CHUNK = 1_000_000
DRUGS = (
    ("oxycodone", "oral", "mg"),
    ("morphine", "oral", "mg"),
    ("tramadol", "oral", "mg"),
    ("fentanyl", "transdermal", "mcg/h"),
    ("methadone", "oral", "mg"),
)


def seconds(work: Callable[[], object]) -> float:
    """Time a piece of work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(what: str, count: int, spent: float, loop: float | None = None, name: str = "") -> None:
    """Print one line."""
    line = f"{what}: {count:,} in {spent:.2f} s ({count / spent / 1e6:.1f} million a second)"
    if loop is not None:
        line += f"; {name}: {loop / (spent / count):,.0f} times slower per row"
    print(line)


def bench_odi(count: int, rng: np.random.Generator) -> None:
    """Time the Oswestry index."""
    items = rng.integers(0, 6, (min(count, CHUNK), 10)).astype(float)
    items[rng.random(items.shape) < 0.02] = np.nan
    rounds = max(1, count // len(items))
    spent = seconds(lambda: [score_odi(items) for _ in range(rounds)])
    frame = pd.DataFrame(items[:LOOP])

    def by_row(row: pd.Series) -> float:
        answered = row.dropna()
        return 100 * answered.sum() / (5 * len(answered)) if len(answered) >= 9 else np.nan

    loop = seconds(lambda: frame.apply(by_row, axis=1)) / LOOP
    report("ODI forms", rounds * len(items), spent, loop, "pandas row loop")


def bench_eq5d(count: int, rng: np.random.Generator) -> None:
    """Time the EQ-5D-5L index."""
    weights = read_value_sets(ROOT / "literature" / "value_sets")["usa_2019"]
    levels = rng.integers(1, 6, (min(count, CHUNK), 5)).astype(float)
    rounds = max(1, count // len(levels))
    spent = seconds(lambda: [score_eq5d(levels, weights) for _ in range(rounds)])
    keys = ["".join(map(str, state)) for state in all_states()]
    table = dict(zip(keys, weights.index, strict=True))
    part = levels[:LOOP].astype(int)
    frame = pd.DataFrame(part)
    loop = seconds(lambda: frame.apply(lambda row: table["".join(map(str, row))], axis=1)) / LOOP
    report("EQ-5D-5L profiles", rounds * len(levels), spent, loop, "pandas row loop")
    rows = part.tolist()
    loop = seconds(lambda: [table["".join(map(str, row))] for row in rows]) / LOOP
    report("EQ-5D-5L profiles", rounds * len(levels), spent, loop, "dict look-up of strings")


def bench_mme(count: int, rng: np.random.Generator) -> None:
    """Time opioid doses on one day."""
    people = max(1, count // 5)
    kind = rng.integers(0, len(DRUGS), count)
    start = pd.to_datetime("2018-01-01") + pd.to_timedelta(rng.integers(0, 1500, count), unit="D")
    end = start + pd.to_timedelta(rng.integers(10, 700, count), unit="D")
    patch = np.array([unit == "mcg/h" for _, _, unit in DRUGS])[kind]
    frame = pd.DataFrame(
        {
            "participant_id": [f"P{n:07d}" for n in rng.integers(0, people, count)],
            "prescription_id": np.arange(count).astype(str),
            "drug": np.array([drug for drug, _, _ in DRUGS])[kind],
            "route": np.array([route for _, route, _ in DRUGS])[kind],
            "dose": rng.choice([5.0, 10.0, 25.0], count),
            "dose_unit": np.array([unit for _, _, unit in DRUGS])[kind],
            "doses_per_day": np.where(patch, 1.0, rng.integers(1, 5, count)),
            "as_needed": rng.random(count) < 0.2,
            "start_date": start.strftime("%Y-%m-%d"),
            "end_date": end.strftime("%Y-%m-%d"),
        }
    )
    asked = pd.DataFrame({"participant_id": [f"P{n:07d}" for n in range(people)]})
    asked["date"] = pd.Timestamp("2020-06-01")
    factors = mme_factors_from_frame(load_mme_factors(ROOT / "literature" / "mme" / "factors.csv"))
    spent = seconds(lambda: mme_per_day(frame, asked, factors["cdc_2016"]))
    report("opioid prescriptions", count, spent)


def main() -> None:
    """Run every benchmark."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    rng = np.random.default_rng(1)
    bench_odi(count, rng)
    bench_eq5d(count, rng)
    bench_mme(max(1000, count // 10), rng)


if __name__ == "__main__":
    main()
