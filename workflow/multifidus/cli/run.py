"""Run the workflow and end with the sentence and the exit code of what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import ExitCode
from multifidus.config.layers import layers_of_command

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["recorded_errors", "run_workflow"]


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
    """
    layers = layers_of_command(arguments)
    if logs is None:  # not validated yet: Snakemake says what is wrong with it
        paths = layers.values.get("paths")
        logs = Path(str(paths.get("logs", "logs") if isinstance(paths, dict) else "logs"))
    started = time.time_ns()
    command = [sys.executable, "-m", "snakemake", *(arguments or ["--cores", "all"])]
    code = subprocess.run(command, check=False).returncode
    if code in (ExitCode.OK, ExitCode.CONFIG):  # a faulty configuration ends before any rule
        return code
    errors = recorded_errors(logs, since=started)
    if errors:
        print("\nThe run stopped:", file=sys.stderr)
        for error in errors:
            print(f"  {error['sentence']}", file=sys.stderr)
        return int(errors[0]["exit_code"])
    return code


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
    return [json.loads(path.read_text(encoding="utf-8")) for _, path in recent]
