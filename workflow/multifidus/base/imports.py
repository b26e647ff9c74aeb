"""Which files of the package a script rests on, found by reading its imports.

Snakemake reruns a rule when its script changes, not when an imported module does. Rules therefore
declare the files found here as inputs; nobody keeps the list by hand.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

__all__ = ["code_behind"]

_IGNORED = {".pyc", ".pyo"}


def code_behind(package: Path, *starts: Path | str) -> list[str]:
    """Return the package's files that a script or module imports, directly or through others.

    Parameters
    ----------
    package
        Folder of the package; its name is the package's name.
    starts
        Script files, or dotted names of modules of the package.

    Returns
    -------
    list of str
        Sorted paths: modules, and the data files (templates, styles) that lie beside them.
    """
    seen: set[Path] = set()
    waiting: list[Path] = []
    for start in starts:
        if isinstance(start, Path):
            waiting.extend(_imported(start, package))
        else:
            waiting.extend(_files_of(start, package))
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imported(path, package))
    data = {other for path in seen for other in _data_beside(path)}
    return sorted(str(path) for path in seen | data)


def _files_of(name: str, package: Path) -> list[Path]:
    """Files that importing a dotted name runs: the module and every ``__init__`` above it."""
    parts = name.split(".")
    if parts[0] != package.name:
        return []
    files = []
    for depth in range(1, len(parts) + 1):
        folder = package.joinpath(*parts[1:depth])
        if (folder / "__init__.py").is_file():
            files.append(folder / "__init__.py")
        elif folder.with_suffix(".py").is_file():
            files.append(folder.with_suffix(".py"))
    return files


@cache
def _imported(path: Path, package: Path) -> tuple[Path, ...]:
    """Files that a file imports; remembered, since the rules ask for the same ones again."""
    files: list[Path] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                files.extend(_files_of(alias.name, package))
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            files.extend(_files_of(node.module, package))
            for alias in node.names:
                files.extend(_files_of(f"{node.module}.{alias.name}", package))
    return tuple(files)


def _data_beside(path: Path) -> list[Path]:
    return [
        other
        for other in path.parent.iterdir()
        if other.is_file() and other.suffix != ".py" and other.suffix not in _IGNORED
    ]
