"""Run the workflow and end with the sentence and the exit code of what went wrong."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import ExitCode, SetupError
from multifidus.base.running import (
    Role,
    at_work,
    killed,
    no_space,
    not_permitted,
    refuse_unwritable,
)
from multifidus.config.layers import layers_of_command

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["recorded_errors", "run_workflow"]

_INTERRUPTED = 130
_STATE = Path(".snakemake")


def run_workflow(arguments: Sequence[str], *, logs: Path | None = None) -> int:
    """Run Snakemake with the given arguments.

    Parameters
    ----------
    arguments
        Passed on as they are; none means ``--cores all``.
    logs
        Folder in which the rules leave their error records; by default the configured one.

    Returns
    -------
    int
        0, the exit code of the first user error, or Snakemake's own code.

    Raises
    ------
    SetupError
        ``ENV-012`` when the project's folder cannot be written to.
    """
    refuse_unwritable(_STATE)
    layers = layers_of_command(arguments)
    if logs is None:  # not validated yet: Snakemake says what is wrong with it
        paths = layers.values.get("paths")
        logs = Path(str(paths.get("logs", "logs") if isinstance(paths, dict) else "logs"))
    started = time.time_ns()
    command = [sys.executable, "-m", "snakemake", *(arguments or ["--cores", "all"])]
    code = _call(command)
    # A faulty configuration or environment ends before any rule, with its sentence.
    if code in (ExitCode.OK, ExitCode.CONFIG, ExitCode.ENVIRONMENT):
        return code
    if code in (_INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
        print("\nThe run was interrupted: the same command goes on with it.", file=sys.stderr)
        return _INTERRUPTED
    errors = recorded_errors(logs, since=started)
    if code == -signal.SIGKILL or not errors:
        found = killed("Snakemake") if code == -signal.SIGKILL else _own_failure(started)
        if found is None:
            return code
        errors = [{"sentence": str(found), "exit_code": found.exit_code}]
    print("\nThe run stopped:", file=sys.stderr)
    for error in errors:
        print(f"  {error['sentence']}", file=sys.stderr)
    return int(errors[0]["exit_code"])


def recorded_errors(logs: Path, *, since: int) -> list[dict[str, Any]]:
    """Return the error records that rules left after a moment, oldest first.

    Parameters
    ----------
    logs
        Folder of the rules' logs.
    since
        Nanoseconds since 1970.
    """
    found = [(path.stat().st_mtime_ns, path) for path in logs.rglob("*.error.json")]
    recent = sorted(item for item in found if item[0] >= since)
    records = (_record(path) for _, path in recent)
    return [record for record in records if record is not None]


def _record(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # cut short, by a full disk for instance
        return None
    return content if isinstance(content, dict) else None


def _call(command: Sequence[str]) -> int:
    """Run a command to its end, also when this process is asked to stop.

    An interrupt from the keyboard reaches the command too, a request to terminate is passed on. It
    is never killed: a Snakemake that is killed leaves its locks and half of its jobs.
    """
    with subprocess.Popen(list(command)) as process:
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        interrupted = False
        try:
            while True:
                try:
                    code = process.wait()
                    break
                except KeyboardInterrupt:
                    interrupted = True
        finally:
            signal.signal(signal.SIGTERM, before)
    return _INTERRUPTED if interrupted else code


def _own_failure(started: int) -> SetupError | None:
    """Return why Snakemake itself failed, where its log tells."""
    if at_work(Role.RUN):
        return SetupError(
            "ENV-020",
            "Another run is at work in this folder: wait for its end or stop it, then give the same"
            " command again.",
        )
    if at_work(Role.RUN) is None and any((_STATE / "locks").glob("*.lock")):
        return SetupError(
            "ENV-022",
            "This folder is locked, and its file system does not tell whether a run is at work: if"
            " none is, run `make unlock`, then give the same command again.",
        )
    for path in sorted((_STATE / "log").glob("*.log"), reverse=True):
        if path.stat().st_mtime_ns >= started:
            text = path.read_text(encoding="utf-8", errors="replace")
            found = re.search(r"\[Errno (\d+)\] [^\n:]*(?:: '([^'\n]*)')?", text)
            if found and int(found[1]) in (28, 122):
                return no_space(found[2])
            if found and int(found[1]) in (1, 13, 30):
                return not_permitted(found[2])
    return None
