"""Coverage-guided fuzzing of every reader with atheris (not part of the locked set).

Usage: ``pip install atheris``, then ``python benchmarks/fuzz_devicelogs.py -max_total_time=600``.
A finding is an exception, or a byte or number account that does not add up. Half of the inputs
are changed by libFuzzer; the others by the mutations of the conservation trials, or sealed
again after a change, so that damage gets past the checksums into the parsers.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from zlib import crc32

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

import atheris  # noqa: E402
import numpy as np  # noqa: E402

with atheris.instrument_imports(include=["multifidus.devicelogs"]):
    from device_lab.mutate import mutate
    from device_lab.public_trials import make_readout, make_report
    from device_lab.trials import prepare_trials
    from multifidus.devicelogs.reading import read_log

_LINE = re.compile(rb"([HRBE][^*\n]{1,190})\*[^\n]{0,8}")
_MEMORY_MB = 8192


def check(data: bytes) -> None:
    """Read one input and check its accounts."""
    result = read_log(data)
    if not result.identity.balanced:
        raise AssertionError("bytes do not add up")
    if not all(account.balanced for account in result.sequence.values()):
        raise AssertionError("numbers do not add up")


def seal(data: bytes) -> bytes:
    """Make every line's and every block's checksum right again."""
    block: list[bytes] = []
    sealed: list[bytes] = []
    for line in _LINE.sub(lambda m: b"%b*%08X" % (m[1], crc32(m[1])), data).splitlines(True):
        if line.startswith(b"B") and block:
            first, last = (item[1:].partition(b",")[0] for item in (block[0], block[-1]))
            seal = b"B0,%b,%b,%d,%08X" % (first, last, len(block), crc32(b"".join(block)))
            sealed.append(b"%b*%08X\n" % (seal, crc32(seal)))
            block = []
            continue
        block = [*block, line] if line.startswith(b"R") else []
        sealed.append(line)
    return b"".join(sealed)


def change(data: bytes, max_size: int, seed: int) -> bytes:
    """Change one input: by libFuzzer, by the trials' mutations, or sealed after either."""
    rng = np.random.default_rng(seed)
    draw = rng.random()
    changed = atheris.Mutate(data, max_size) if draw < 0.7 else mutate(data, rng)
    if rng.random() < 0.4:
        changed = seal(changed)
    return bytes(changed[:max_size])


def main() -> None:
    """Fuzz from clean logs of every form."""
    corpus = Path(".cache/fuzz-devicelogs")
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = list(prepare_trials(6).logs)
    seeds += [make(number).data for make in (make_report, make_readout) for number in range(4)]
    for index, log in enumerate(seeds):
        (corpus / f"seed-{index}").write_bytes(log)
    # An instrumented comparison of arrays never lets go of its result, some 160 kB an input: that
    # is atheris' memory, not the readers', and must not end the run.
    limits = ["-max_len=140000", f"-rss_limit_mb={_MEMORY_MB}"]
    name, *options = sys.argv
    atheris.Setup([name, *limits, *options, str(corpus)], check, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
