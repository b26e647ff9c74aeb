"""Kill runs at many moments, in three ways, and compare what the same command then ends in.

``kill_runs.py FOLDER [--count 30] [--first 1] [--last 30] [--seed 1]``

FOLDER becomes a copy of the project, with one undisturbed ``make report`` in it. For each kill the
finished run is set back to one of its moments, evenly spaced from its beginning to its end, by
taking away what later jobs made; ``make report`` is started and, at a random time of its work,
killed: all its processes, Snakemake alone, or one job, in turn. Then ``make report`` runs alone.
Every deliverable, and the manifest, must have the hash that the undisturbed run gave it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "workflow")]

from multifidus.base.files import sha256_of  # noqa: E402 - needs the path above
from multifidus.package.ledger import MARKER  # noqa: E402
from runs import copy_project, environment_of, link_environment  # noqa: E402

KINDS = ("all processes", "snakemake alone", "one job")
LONGEST_DELAY = 8.0
PATIENCE = 1800.0


def start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start ``make report`` in a session of its own."""
    with log.open("wb") as stream:
        return subprocess.Popen(
            ["make", "report"],
            cwd=folder,
            env=environment_of(folder),
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )


def deliverables(folder: Path) -> dict[str, str]:
    """Return the hash of every deliverable, of the files that they rest on, and of the manifest."""
    results = folder / "results"
    content = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
    names = [item["path"] for item in (*content["outputs"], *content["working"])]
    return {name: sha256_of(results / name) for name in (*names, "manifest.json")}


def set_back(folder: Path, share: float) -> int:
    """Take away what the jobs made that ended last; return how many stay."""
    results = folder / "results"
    ledger = results / ".ledger"
    records = sorted(ledger.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    keep = round(share * len(records))
    for path in records[keep:]:
        for name in json.loads(path.read_text(encoding="utf-8"))["outputs"]:
            (results / name).unlink(missing_ok=True)
        path.unlink()
    for path in sorted(results.rglob("*"), reverse=True):
        if path.is_dir() and {inner.name for inner in path.iterdir()} <= {MARKER}:
            shutil.rmtree(path)
    return keep


def processes(leader: int, word: str) -> list[psutil.Process]:
    """Return the processes under another one whose command line has a word."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(leader).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if any(word in part for part in child.cmdline()):
                    found.append(child)
    return found


def kill(process: subprocess.Popen[bytes], kind: str, delay: float) -> str:
    """Kill a run once its first job is at work and a delay has passed; return what was killed."""
    while not processes(process.pid, ".snakemake/scripts/") and process.poll() is None:
        time.sleep(0.05)
    time.sleep(delay)
    if kind == "one job":
        jobs: list[psutil.Process] = []
        while not jobs and process.poll() is None:
            jobs = processes(process.pid, ".snakemake/scripts/")
        targets = jobs[-1:]
    elif kind == "snakemake alone":
        targets = [
            child
            for child in processes(process.pid, "snakemake")
            if child.cmdline()[1:3] == ["-m", "snakemake"]
        ]
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        targets = []
    for target in targets:
        with contextlib.suppress(psutil.NoSuchProcess):
            target.kill()
    code = process.wait(PATIENCE)
    return "ended before" if code == 0 else "killed"


def main() -> int:
    """Run the kills and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    whole, folder = options.folder / "whole", options.folder / "project"
    if not whole.exists():
        link_environment(copy_project(folder))
        began = time.monotonic()
        if start(folder, options.folder / "whole.log").wait(PATIENCE):
            sys.exit("the undisturbed run failed: see whole.log")
        print(f"undisturbed run: {time.monotonic() - began:.0f} s", flush=True)
        shutil.copytree(folder, whole, symlinks=True)
    expected = deliverables(whole)
    ends: Counter[str] = Counter()
    for number in range(options.first, (options.last or options.count) + 1):
        draw = random.Random(options.seed * 1000 + number)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder, symlinks=True)
        kind = KINDS[number % len(KINDS)]
        kept = set_back(folder, (number - 1) / options.count)
        delay = draw.uniform(0, LONGEST_DELAY)
        outcome = kill(start(folder, options.folder / "killed.log"), kind, delay)
        began = time.monotonic()
        code = start(folder, options.folder / "again.log").wait(PATIENCE)
        same = code == 0 and deliverables(folder) == expected
        ends["identical" if same else "different"] += 1
        print(
            f"{number:2} {kind:<16} {kept:2} jobs kept, {delay:4.1f} s: {outcome:<12}"
            f" then make report {code} after {time.monotonic() - began:3.0f} s:"
            f" {'identical' if same else 'DIFFERENT'}",
            flush=True,
        )
        if not same:
            shutil.copytree(folder, options.folder / f"different-{number}", symlinks=True)
    print(f"{ends['identical']} of {ends.total()} ends identical ({len(expected)} files each)")
    return 0 if ends["different"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
