"""Answers come in the order of the jobs, whatever the number of processes."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from multifidus.base.parallel import map_processes


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_keep_the_order_of_the_jobs(workers: int) -> None:
    assert list(map_processes(math.factorial, [5, 0, 3], workers)) == [120, 1, 6]
    assert list(map_processes(math.factorial, [4], workers)) == [24]
    assert list(map_processes(math.factorial, [], workers)) == []


CALLER = """
import sys
from multifidus.base.parallel import map_processes

def wait(folder):
    import os, pathlib, time
    pathlib.Path(folder, str(os.getpid())).touch()
    time.sleep(600)

if __name__ == "__main__":
    list(map_processes(wait, [sys.argv[1]] * 4, 2))
"""


def test_workers_end_when_their_caller_is_killed(tmp_path: Path) -> None:
    script, notes = tmp_path / "caller.py", tmp_path / "notes"
    script.write_text(CALLER)
    notes.mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    caller = subprocess.Popen([sys.executable, str(script), str(notes)], env=environment)
    try:
        until = time.monotonic() + 120
        while len(list(notes.iterdir())) < 2:
            assert caller.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        workers = [psutil.Process(int(path.name)) for path in notes.iterdir()]
    finally:
        caller.kill()
        caller.wait()
    _, alive = psutil.wait_procs(workers, timeout=120)
    for worker in alive:
        worker.kill()
    assert alive == []
