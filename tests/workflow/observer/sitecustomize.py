"""Observe a process: which files of the project it opens and which modules it imports.

Python imports this by itself when the folder is on the path. What was seen is written at exit, for
the script that the process ran, into the folder named by ``MULTIFIDUS_OBSERVED``.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from pathlib import Path

_FOLDER = os.environ.get("MULTIFIDUS_OBSERVED")
_opened: set[str] = set()


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | os.PathLike):
        _opened.add(os.path.abspath(arguments[0]))  # noqa: PTH100 - no look at the file system here


def _write(folder: Path, project: Path) -> None:
    modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    files = {*_opened, *(name for name in modules if name)}
    inside = sorted(name for name in files if Path(name).is_relative_to(project))
    record = {"script": Path(sys.argv[0]).name, "files": inside}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{os.getpid()}.json").write_text(json.dumps(record), encoding="utf-8")


if _FOLDER:
    sys.addaudithook(_hear)
    atexit.register(_write, Path(_FOLDER), Path.cwd())
