"""Coverage-guided fuzzing of every reader with atheris (not part of the locked set).

Usage: ``pip install atheris``, then ``python benchmarks/fuzz_devicelogs.py -max_total_time=600``.
A finding is an exception, or a byte or number account that does not add up.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import atheris

with atheris.instrument_imports(include=["multifidus.devicelogs"]):
    from multifidus.devicelogs.reader import read_log
    from multifidus.devicelogs.trials import prepare_trials


def check(data: bytes) -> None:
    """Read one input and hold its accounts."""
    result = read_log(data)
    if not result.identity.balanced:
        raise AssertionError("bytes do not add up")
    if not all(account.balanced for account in result.sequence.values()):
        raise AssertionError("numbers do not add up")


def main() -> None:
    """Fuzz from a few clean logs."""
    corpus = Path(".cache/fuzz-devicelogs")
    corpus.mkdir(parents=True, exist_ok=True)
    for index, log in enumerate(prepare_trials(8, 1).logs):
        (corpus / f"seed-{index}").write_bytes(log)
    atheris.Setup([*sys.argv, str(corpus)], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
