"""Checks of files for pre-commit: ``check_files.py yaml|notebooks|size FILE...``.

Each fault is one line with the file and what to do; the exit code is 1 when there is any.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

MAX_BYTES = 1_000_000


def yaml_fault(path: Path) -> str | None:
    """Say where a YAML file cannot be read."""
    try:
        list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return f"not valid YAML at line {mark.line + 1}" if mark else "not valid YAML"
    return None


def notebook_fault(path: Path) -> str | None:
    """Say when a notebook carries outputs or execution counts: the workflow executes them anew."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    executed = [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    return f"{len(executed)} cells carry output: clear all outputs" if executed else None


def size_fault(path: Path) -> str | None:
    """Say when a file is too large for the repository."""
    size = path.stat().st_size
    return f"{size} bytes, more than {MAX_BYTES}: keep it out" if size > MAX_BYTES else None


CHECKS = {"yaml": yaml_fault, "notebooks": notebook_fault, "size": size_fault}


def main(arguments: list[str]) -> int:
    """Run one check over files and return the exit code."""
    if not arguments or arguments[0] not in CHECKS:
        print(f"usage: check_files.py {'|'.join(CHECKS)} FILE...", file=sys.stderr)
        return 2
    check = CHECKS[arguments[0]]
    faults = [(name, fault) for name in arguments[1:] if (fault := check(Path(name)))]
    for name, fault in faults:
        print(f"{name}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
