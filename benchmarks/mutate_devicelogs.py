"""Check the laws over a hundred thousand damaged logs of each format; print and keep the result.

Usage: ``python benchmarks/mutate_devicelogs.py [--seeds 100000] [--first 0] [--form text]
[--jobs 2] [--json benchmarks/results/mutate_devicelogs.json]``. Each round damages 200 logs of the
project's own format, or 50 of a public one; the result depends on the rounds and on nothing else,
so a run with two jobs gives the bytes of a run with one. The exit code is 1 when any law broke or
any input raised.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

from device_lab.public_trials import OPENNERVE, PERCEPT, run_public_round  # noqa: E402
from device_lab.trials import Outcome, Trials, prepare_trials, run_round  # noqa: E402
from device_lab.vendor_logs import RCS, RESMED  # noqa: E402
from multifidus.base.parallel import map_processes  # noqa: E402

_CHUNK = 20
_EVERY = 250
_PUBLIC = {"percept": PERCEPT, "opennerve": OPENNERVE, "rcs": RCS, "resmed": RESMED}
_SIZES = {"text": 200, **dict.fromkeys(_PUBLIC, 50)}


@cache
def _trials() -> Trials:
    """Simulate the clean logs once per process."""
    return prepare_trials(_SIZES["text"])


def _judge(task: tuple[str, int]) -> Outcome:
    """Run one round; an exception is a breach."""
    form, number = task
    try:
        if form == "text":
            return run_round(_trials(), number)
        return run_public_round(_PUBLIC[form], number, _SIZES[form])
    except Exception:
        last = traceback.format_exc().splitlines()[-1]
        return Outcome(0, 0, (f"raised: {last}",))


def _run(form: str, seeds: int, first: int, jobs: int) -> dict[str, object]:
    rounds = range(first, first + -(-seeds // _SIZES[form]))
    begin = time.perf_counter()
    outcomes: list[Outcome] = []
    examples: list[str] = []
    tasks = [(form, number) for number in rounds]
    for outcome in map_processes(_judge, tasks, jobs, chunksize=_CHUNK):
        number = rounds[len(outcomes)]
        outcomes.append(outcome)
        for breach in outcome.breaches[:1]:
            examples.append(f"round {number}: {breach}")
            print(f"{form}, {examples[-1]}", file=sys.stderr, flush=True)
        if len(outcomes) % _EVERY == 0:
            seconds = time.perf_counter() - begin
            done = f"{form}: {len(outcomes)} of {len(tasks)} rounds, {seconds:.0f} s"
            print(done, file=sys.stderr, flush=True)
    breaches = [breach for outcome in outcomes for breach in outcome.breaches]
    return {
        "form": form,
        "first_round": first,
        "rounds": len(rounds),
        "mutations": len(rounds) * _SIZES[form],
        "damaged_logs": sum(outcome.damaged for outcome in outcomes),
        "left_whole": sum(outcome.left_whole for outcome in outcomes),
        "without_a_trace": sum(outcome.beyond for outcome in outcomes),
        "exceptions": sum(breach.startswith("raised: ") for breach in breaches),
        "raised_lower_bounds": sum("lower bound" in b or "certain seconds" in b for b in breaches),
        "breaches": len(breaches),
        "examples": examples[:10],
    }


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100_000, help="mutations of each format")
    parser.add_argument("--first", type=int, default=0, help="first round")
    parser.add_argument("--form", choices=sorted(_SIZES), help="one format only")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    forms = [options.form] if options.form else list(_SIZES)
    results = [_run(form, options.seeds, options.first, options.jobs) for form in forms]
    text = json.dumps(results, indent=2) + "\n"
    print(text, end="")
    if options.json:
        options.json.write_text(text, encoding="utf-8")
    return int(any(result["breaches"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
