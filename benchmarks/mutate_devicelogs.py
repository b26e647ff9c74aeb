"""Hold the conservation laws over a million damaged logs; print and keep the result.

Usage: ``python benchmarks/mutate_devicelogs.py [--seeds 1000000] [--first 0] [--binary]
[--jobs 2] [--json benchmarks/results/mutate_devicelogs.json]``. Each round damages 200 logs; the
result depends on the rounds and on nothing else, so a run with two jobs gives the bytes of a run
with one. The exit code is 1 when any law broke or any input raised.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from device_lab.trials import Trials, prepare_trials, run_round
from multifidus.base.parallel import map_processes

_CHUNK = 20
_TOLD = 250


@cache
def _trials(binary: bool) -> Trials:
    """Simulate the clean logs once per process."""
    return prepare_trials(binary=binary)


def _judge(task: tuple[bool, int]) -> tuple[int, int, list[str]]:
    """Run one round; return damaged logs, logs left whole, and breaches."""
    binary, number = task
    try:
        outcome = run_round(_trials(binary), number)
    except Exception:
        return 0, 0, [f"round {number}: raised: {traceback.format_exc().splitlines()[-1]}"]
    breaches = [f"round {number}: {breach}" for breach in outcome.breaches]
    return outcome.damaged, outcome.left_whole, breaches


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="first round")
    parser.add_argument("--binary", action="store_true", help="damage the binary form")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    size = len(_trials(options.binary).logs)
    rounds = range(options.first, options.first + -(-options.seeds // size))
    tasks = [(options.binary, number) for number in rounds]
    begin = time.perf_counter()
    outcomes = []
    for outcome in map_processes(_judge, tasks, options.jobs, chunksize=_CHUNK):
        outcomes.append(outcome)
        for breach in outcome[2][:1]:
            print(f"{breach} ({len(outcome[2])} in this round)", file=sys.stderr, flush=True)
        if len(outcomes) % _TOLD == 0:
            seconds = time.perf_counter() - begin
            told = f"{len(outcomes)} of {len(tasks)} rounds, {seconds:.0f} s"
            print(told, file=sys.stderr, flush=True)
    breaches = [breach for _, _, found in outcomes for breach in found]
    result = {
        "form": "binary" if options.binary else "text",
        "first_round": options.first,
        "rounds": len(rounds),
        "damaged_logs": sum(damaged for damaged, _, _ in outcomes),
        "left_whole": sum(whole for _, whole, _ in outcomes),
        "breaches": len(breaches),
        "examples": breaches[:10],
    }
    text = json.dumps(result, indent=2) + "\n"
    print(text, end="")
    print(f"{time.perf_counter() - begin:.0f} s", file=sys.stderr)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(text)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
