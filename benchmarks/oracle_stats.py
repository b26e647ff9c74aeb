"""The engine against R on many data sets: number of data sets and largest difference per method.

``python benchmarks/oracle_stats.py [data sets per method]`` (200 by default); needs Rscript with
survival, nlme, emmeans and mice. Differences are relative where a value is above 1.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests" / "property")]

from stats_oracle import METHODS, ask_r, data_sets, difference, missing_from_r  # noqa: E402


def main(count: int) -> int:
    """Print one line per method; 1 when a difference is above the method's tolerance."""
    if reason := missing_from_r():
        print(f"left out: {reason}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        answers = ask_r(dict.fromkeys(METHODS, count), Path(folder))
    above = 0
    print(f"{'method':18s} {'data sets':>9s} {'R refuses':>9s} {'largest':>9s} {'allowed':>9s}")
    for method, own in METHODS.items():
        gaps = [
            difference(method, data, theirs)[0]
            for data, theirs in zip(data_sets(method, count), answers[method], strict=True)
        ]
        known = [gap for gap in gaps if gap is not None]
        refused = len(gaps) - len(known)
        above += sum(gap > own.tolerance for gap in known)
        largest = max(known)
        print(f"{method:18s} {len(gaps):9d} {refused:9d} {largest:9.1e} {own.tolerance:9.0e}")
    return int(above > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
