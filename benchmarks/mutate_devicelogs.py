"""Hold the conservation laws over a million damaged logs; print and keep the result.

Usage: ``python benchmarks/mutate_devicelogs.py [--seeds 1000000] [--first 0] [--json FILE]``.
Each round damages 200 logs; the exit code is 1 when any law broke or any input raised.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from multifidus.devicelogs.trials import prepare_trials, run_round


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="first round")
    parser.add_argument("--binary", action="store_true", help="damage the binary form")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    trials = prepare_trials(binary=options.binary)
    rounds = -(-options.seeds // len(trials.logs))
    begin = time.perf_counter()
    breaches: list[str] = []
    for number in range(options.first, options.first + rounds):
        breaches += [f"round {number}: {breach}" for breach in run_round(trials, number)]
    result = {
        "first_round": options.first,
        "damaged_logs": rounds * len(trials.logs),
        "breaches": len(breaches),
        "examples": breaches[:10],
    }
    print(json.dumps(result, indent=2))
    print(f"{time.perf_counter() - begin:.0f} s", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
