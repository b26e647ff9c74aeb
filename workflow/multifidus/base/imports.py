"""Which files of the package a script rests on, found by reading its imports.

Snakemake reruns a rule when its script changes, not when an imported module does. Rules therefore
declare the files found here as inputs; nobody keeps the list by hand.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["code_behind"]

_CELL = re.compile(r"^```+ *\{python[^}]*\}\n(.*?)^```+ *$", re.M | re.S)
_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.M)
_IGNORED = {".pyc", ".pyo"}


def code_behind(package: Path, *starts: Path | str) -> list[str]:
    """Return the package's files that a script or module imports, directly or through others.

    Parameters
    ----------
    package
        Folder of the package; its name is the package's name.
    starts
        Scripts, notebooks and Quarto documents as paths, or dotted names of modules.

    Returns
    -------
    list of str
        Sorted paths: modules, and the data files (templates, styles) that lie beside them or in
        folders beside them that hold no module.
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
    data = {other for folder in {path.parent for path in seen} for other in _data_in(folder)}
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
    for node in _executed(ast.parse(_python_of(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                files.extend(_files_of(alias.name, package))
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            files.extend(_files_of(node.module, package))
            for alias in node.names:
                files.extend(_files_of(f"{node.module}.{alias.name}", package))
    return tuple(files)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without what only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from (part for other in node.orelse for part in (other, *_executed(other)))
        else:
            yield node
            yield from _executed(node)


def _python_of(path: Path) -> str:
    """Python code of a file: all of a module, the code cells of a notebook or document."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [
            "".join(c["source"]) for c in json.loads(text)["cells"] if c["cell_type"] == "code"
        ]
    elif path.suffix == ".qmd":
        cells = _CELL.findall(text)
    else:
        return text
    # Magics are no Python, and import nothing of the package.
    return _MAGIC.sub("pass", "\n".join(cells))


def _data_in(folder: Path) -> list[Path]:
    """Files of a folder, and of the folders in it that hold no module, that are no modules."""
    inside = list(folder.iterdir())
    for other in [path for path in inside if path.is_dir()]:
        if not any(other.rglob("*.py*")):
            inside += other.rglob("*")
    return [
        path
        for path in inside
        if path.is_file() and path.suffix != ".py" and path.suffix not in _IGNORED
    ]
