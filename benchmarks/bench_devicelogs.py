"""Speed of the log readers against plain Python, in one process, median of several runs.

Prints one line per bar of the specification: what was measured, the ratio, the bar. The input
is cached in memory; every ratio compares the same 700,000 records.

Usage: ``python benchmarks/bench_devicelogs.py [--records 700000] [--runs 5] [--json FILE]``
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from multifidus.base.files import write_parquet  # noqa: E402
from multifidus.cohort.devices.simulator import simulate_device  # noqa: E402
from multifidus.cohort.devices.truth import DeviceDesign, SessionTruth  # noqa: E402
from multifidus.devicelogs.adherence.cohort import read_cohort_logs  # noqa: E402
from multifidus.devicelogs.formats.ipglog.frames import read_frames  # noqa: E402
from multifidus.devicelogs.formats.ipglog.parse import parse_records  # noqa: E402
from multifidus.devicelogs.formats.percept.report import read_percept  # noqa: E402
from multifidus.devicelogs.reading import read_log  # noqa: E402

DAY = 86_400
START = 1_577_836_800


def sessions(days: int, seed: int, share: float = 0.9) -> SessionTruth:
    """Two sessions on most days."""
    rng = np.random.default_rng(seed)
    at = START + np.arange(days)[:, None] * DAY + np.asarray([8, 20]) * 3600
    at = (at + rng.integers(0, 3600, at.shape)).ravel()
    at = at[rng.random(len(at)) < share]
    return SessionTruth(at, np.full(len(at), 1800), np.zeros(len(at), dtype=np.int64))


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """Median wall time of several runs."""
    return medians_in_turn([work], runs)[0]


def medians_in_turn(works: Sequence[Callable[[], object]], runs: int) -> list[float]:
    """Median wall time of each work, run in turn, so that a slow moment meets all alike."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for work, own in zip(works, times, strict=True):
            begin = time.perf_counter()
            work()
            own.append(time.perf_counter() - begin)
    return [statistics.median(own) for own in times]


def one_log(records: int) -> bytes:
    """One download of about so many records."""
    per_day = 40
    days = records // (3 * per_day + 1) + 1
    design = DeviceDesign(capacity=records + 4096)
    at = (START + np.arange(days)[:, None] * DAY + np.arange(per_day) * (DAY // per_day)).ravel()
    truth = SessionTruth(at + 60, np.full(len(at), 600), np.zeros(len(at), dtype=np.int64))
    end = START + days * DAY
    return simulate_device("B1", START, [end], truth, design=design)[0]


def damaged(text: bytes, share: float) -> bytes:
    """Return the same log with one bit flipped in a share of its lines."""
    rng = np.random.default_rng(3)
    data = bytearray(text)
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10)
    for at in ends[rng.random(len(ends)) < share].tolist():
        data[max(at - 30, 0)] ^= 1
    return bytes(data)


def typed(data: bytes) -> tuple[object, ...]:
    """Frame, verify every checksum and type the table: what the reader's bars time."""
    return parse_records(read_frames(data).parts)


def cohort_files(folder: Path, participants: int) -> tuple[pd.DataFrame, int]:
    """Write five years of yearly downloads of a cohort."""
    size = 0
    for number in range(participants):
        name = f"P{number:03d}"
        reads = [START + int(year * 365.25) * DAY + 3600 for year in (0.33, 1, 2, 3, 4, 5)]
        files = simulate_device(name, START, reads, sessions(1826, number, 0.85), rng_seed=number)
        for index, data in enumerate(files):
            (folder / f"{name}-{index:02d}.ipglog").write_bytes(data)
            size += len(data)
    roster = pd.DataFrame({"participant_id": [f"P{n:03d}" for n in range(participants)]})
    roster["exposure_start"] = pd.Timestamp("2020-01-02")
    roster["exposure_end"] = pd.NaT
    return roster, size


def ratios(records: int, runs: int) -> list[tuple[str, float, str]]:
    """Measure the bars on one log."""
    text = one_log(records)
    lines = [line[1:-9] for line in text.splitlines() if line.startswith(b"R")]
    names = ["seq", "boot", "tick", "clock", "type", *(f"p{n}" for n in range(1, 9))]
    objects = [
        json.dumps(dict(zip(names, line.decode().split(","), strict=True))).encode()
        for line in lines
    ]
    bare = b"\n".join(lines) + b"\n"

    def by_json() -> list[object]:
        return [json.loads(item) for item in objects]

    hurt = damaged(text, 0.01)

    def by_pandas() -> pd.DataFrame:
        return pd.read_csv(io.BytesIO(bare), names=names, engine="c", low_memory=False)

    works = [lambda: typed(text), lambda: typed(hurt), by_pandas]
    clean, worse, pandas = medians_in_turn(works, runs)
    plain = median_seconds(by_json, min(runs, 3))
    whole = median_seconds(lambda: read_log(text), min(runs, 3))
    rng = np.random.default_rng(1)
    noise = rng.bytes(50_000_000)
    noisy = median_seconds(lambda: typed(noise), min(runs, 3))
    disguised = text[:2000] + noise
    hidden = median_seconds(lambda: typed(disguised), min(runs, 3))
    line = b"Hformat,ipglog-text,1.0*652AFDB1\n" + b"R" * 100_000_000
    single = median_seconds(lambda: typed(line), 1)
    per_byte = clean / len(text)
    count = len(lines)
    return [
        (f"text reader: million records/s (n = {count:,})", count / clean / 1e6, ""),
        ("text reader against json.loads per line, times faster", plain / clean, ">= 8"),
        ("text reader against pandas.read_csv, times slower", clean / pandas, "<= 3"),
        ("1 % damaged lines against clean, times slower", worse / clean, "<= 1.2"),
        ("sessions, clock and all tables too: text against json.loads", plain / whole, ""),
        ("noise, time per byte against clean", noisy / len(noise) / per_byte, "<= 2"),
        ("noise behind a header, the same", hidden / len(disguised) / per_byte, "<= 2"),
        ("one line of 100 MB, the same", single / len(line) / per_byte, "<= 2"),
    ]


def cohort(participants: int) -> list[tuple[str, float, str]]:
    """Measure the whole cohort, text to Parquet, and its memory in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        roster, size = cohort_files(folder, participants)
        written = time.perf_counter() - begin
        begin = time.perf_counter()
        result = read_cohort_logs(folder, roster)
        write_parquet(folder / "sessions.parquet", result.sessions)
        write_parquet(folder / "periods.parquet", result.periods)
        seconds = time.perf_counter() - begin
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT / 'workflow')!r})\n"
            "import pandas as pd\n"
            "from multifidus.devicelogs.adherence.cohort import read_cohort_logs\n"
            "def peak():\n"
            "    text = open('/proc/self/status').read()\n"
            "    return int(text.split('VmHWM:')[1].split()[0])\n"
            "base = peak()\n"
            f"n = {participants}\n"
            "r = pd.DataFrame({'participant_id': [f'P{i:03d}' for i in range(n)]})\n"
            "r['exposure_start'] = pd.Timestamp('2020-01-02'); r['exposure_end'] = pd.NaT\n"
            f"read_cohort_logs({name!r}, r)\n"
            "print(peak() - base)\n"
        )
        peak = int(
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        )
    return [
        (
            f"writing {participants} participants x 5 years, s ({size / 1e6:.0f} MB)",
            written,
            "<= 25",
        ),
        ("reading them to sessions, adherence and Parquet, s", seconds, "<= 15, goal 5"),
        ("peak memory above the imports, over the input", peak * 1024 / size, "<= 3"),
    ]


def percept() -> list[tuple[str, float, str]]:
    """Measure the demo report, when it is there."""
    shared = Path(os.environ.get("MULTIFIDUS_SHARED_DATA", ROOT / "../shared/data"))
    path = shared / "percept-demo/Report_Json_Session_Report_20250602T174740_DEMO.json"
    if not path.is_file():
        print("the Percept demo report is absent: its bar is not measured")
        return []
    data = path.read_bytes()
    plain = median_seconds(lambda: json.loads(data), 5)
    return [
        (
            "Percept report against json.loads",
            median_seconds(lambda: read_percept(data), 5) / plain,
            "<= 3",
        )
    ]


def main() -> None:
    """Print all bars, and write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=700_000)
    parser.add_argument("--participants", type=int, default=204)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [
        *ratios(options.records, options.runs),
        *cohort(options.participants),
        *percept(),
    ]
    for label, value, bar in rows:
        print(f"{label:<66} {value:8.2f}  {bar}")
    if options.json:
        options.json.write_text(json.dumps([list(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
