"""The frame around every script of the workflow: log file, user errors, exit codes.

Standard output and error of the script's work go to the rule's log. A user error prints its one
sentence to the terminal and ends the process with the error's exit code; its traceback and any
unexpected error's go to the log alone. A job ends with the run that started it; one that is killed
leaves a record that says so, since the record is written before the work and removed after it.
What a job reads and makes is compared with, and added to, the ledger of the results folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

# One thread for linear algebra: jobs share the cores, and sums come out the same on every machine.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# ruff: noqa: E402 - these need the path above
from multifidus.base.errors import MultifidusError
from multifidus.base.running import (
    PARENT_VARIABLE,
    Role,
    attend,
    end_with,
    environment_error,
    keep_modes,
    killed,
)
from multifidus.package.ledger import RESULTS_VARIABLE, check_inputs, record_job

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["step"]


@contextlib.contextmanager
def step(snakemake: Any) -> Iterator[None]:
    """Run a script's body with its output in the rule's log.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to scripts; its first log file is used.

    Raises
    ------
    SystemExit
        With the exit code of the user error, or 1 for an unexpected one.
    """
    attend(Role.JOB)
    if parent := os.environ.get(PARENT_VARIABLE):
        end_with(int(parent))
    log, rule = Path(str(snakemake.log[0])), snakemake.rule
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        _record(log, rule, killed(f"Rule {rule}"))
        with log.open("w", encoding="utf-8", buffering=1) as stream:
            try:
                with (
                    contextlib.redirect_stdout(stream),
                    contextlib.redirect_stderr(stream),
                    _recorded(snakemake),
                ):
                    yield
            except Exception:
                traceback.print_exc(file=stream)
                raise
    except Exception as error:
        _leave(log, rule, error)
    else:
        _record_of(log).unlink()


@contextlib.contextmanager
def _recorded(snakemake: Any) -> Iterator[None]:
    """Compare the inputs with the ledger before the work, and record the outputs after it."""
    results = os.environ.get(RESULTS_VARIABLE)
    if results:
        check_inputs(results, snakemake.input)
    yield
    keep_modes(snakemake.output)
    if results:
        record_job(results, snakemake.rule, snakemake.input, snakemake.output)


def _leave(log: Path, rule: str, error: Exception) -> NoReturn:
    """Say what went wrong and end; a full disk may keep the record from being written."""
    named = error if isinstance(error, MultifidusError) else environment_error(error)
    if named is None:
        named = MultifidusError(
            "INT-001",
            f"Rule {rule} failed unexpectedly ({type(error).__name__}): read {log} and report it"
            " with that file.",
        )
    with contextlib.suppress(OSError):
        _record(log, rule, named)
    print(named, file=sys.stderr)
    raise SystemExit(int(named.exit_code)) from None


def _record(log: Path, rule: str, error: MultifidusError) -> None:
    record = {
        "rule": rule,
        "id": error.error_id,
        "sentence": str(error),
        "exit_code": int(error.exit_code),
    }
    _record_of(log).write_text(json.dumps(record) + "\n", encoding="utf-8")


def _record_of(log: Path) -> Path:
    return log.with_suffix(".error.json")
