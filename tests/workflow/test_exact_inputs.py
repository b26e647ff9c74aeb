"""Rules declare what they read: files that jobs opened are among the inputs of their rules."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from pathlib import Path

from runs import Run

STEP = "workflow/scripts/step.py"
# Read by every process that starts Python or Snakemake here, whatever it does.
EVERYWHERE = (".snakemake/", "results/", "logs/", ".venv/", ".cache/")


def _declared(folder: Path) -> dict[str, set[str]]:
    """Return the inputs of each script's rule, as Snakemake recorded them with the outputs."""
    declared: dict[str, set[str]] = defaultdict(set)
    for path in (folder / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            record = json.loads(path.read_text(encoding="utf-8"))
            output = base64.b64decode(path.name.removeprefix("@")).decode()
            assert output
            declared[record["rule"]] |= {str(Path(name)) for name in record["input"] or []}
    return declared


def _observed(folder: Path) -> dict[str, set[str]]:
    """Return the project's files that the jobs of each script opened or imported."""
    seen: dict[str, set[str]] = defaultdict(set)
    for path in (folder / ".snakemake/observed").glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        script = record["script"].split(".")[-2] if record["script"].startswith("tmp") else ""
        for name in record["files"]:
            file = Path(name).resolve().relative_to(folder)
            if "__pycache__" in file.parts:  # the module itself is in the record too
                continue
            # Names that were opened in another folder, and folders, are no files of the project.
            if script and (folder / file).is_file() and not str(file).startswith(EVERYWHERE):
                seen[script].add(str(file))
    return seen


def test_jobs_open_no_file_that_their_rule_does_not_declare(finished_run: Run) -> None:
    declared, observed = _declared(finished_run.folder), _observed(finished_run.folder)
    assert len(observed) > 12, sorted(observed)
    folders = {
        f for files in declared.values() for f in files if (finished_run.folder / f).is_dir()
    }
    undeclared = {}
    for script, files in observed.items():
        # Snakemake watches the script itself; the frame around scripts changes no output.
        allowed = declared[script] | folders | {f"workflow/scripts/{script}.py", STEP}
        if extra := files - allowed:
            undeclared[script] = sorted(extra)
    assert undeclared == {}


def test_scripts_import_most_of_what_they_declare(finished_run: Run) -> None:
    """The other direction: a rule that declares modules it never loads reruns for nothing.

    Imports inside functions are declared whether or not a run reaches them, so the share is not 1.
    """
    declared, observed = _declared(finished_run.folder), _observed(finished_run.folder)
    for script, files in observed.items():
        code = {name for name in declared[script] if name.startswith("workflow/multifidus/")}
        modules = {name for name in code if name.endswith(".py")}
        assert modules, script
        assert len(modules & files) >= 0.5 * len(modules), (script, sorted(modules - files))
