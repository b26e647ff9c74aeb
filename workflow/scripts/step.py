"""The frame around every script of the workflow: log file, user errors, exit codes.

Standard output and error of the script's work go to the rule's log. A user error prints its one
sentence to the terminal and ends the process with the error's exit code; its traceback and any
unexpected error's go to the log alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

# One thread for linear algebra: jobs share the cores, and sums come out the same on every machine.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from multifidus.base.errors import ExitCode, MultifidusError  # noqa: E402 - needs the path above

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
    log = Path(str(snakemake.log[0]))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.with_suffix(".error.json").unlink(missing_ok=True)
    with log.open("w", encoding="utf-8", buffering=1) as stream:
        try:
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                yield
        except MultifidusError as error:
            traceback.print_exc(file=stream)
            _leave(log, snakemake.rule, error.error_id, str(error), error.exit_code)
        except Exception as error:
            traceback.print_exc(file=stream)
            _leave(
                log,
                snakemake.rule,
                "INT-001",
                f"[INT-001] Rule {snakemake.rule} failed unexpectedly ({type(error).__name__}): "
                f"read {log} and report it with that file.",
                ExitCode.UNEXPECTED,
            )


def _leave(log: Path, rule: str, error_id: str, sentence: str, code: ExitCode) -> None:
    record = {"rule": rule, "id": error_id, "sentence": sentence, "exit_code": int(code)}
    log.with_suffix(".error.json").write_text(json.dumps(record) + "\n", encoding="utf-8")
    print(sentence, file=sys.stderr)
    raise SystemExit(int(code)) from None
