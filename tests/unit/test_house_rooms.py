"""The house keeps its shape: rooms import downwards only, files and functions stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# Lowest first: a room imports only from rooms listed before it, or from itself.
ROOMS = (
    "base",
    "config",
    "contracts",
    "results",
    "stats",
    "literature",
    "instruments",
    "devicelogs",
    "cohort",
    "ingest",
    "analyses",
    "report",
    "package",
    "cli",
)
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
# Each entry would need its reason beside it.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {
    "tests/bad_input/data_folder.py:valid_rows": "one small data folder, read best in one piece",
    "tests/unit/test_ingest_sdtm.py:domains": "one small trial, read best in one piece",
}
PACKAGE = Path("workflow/multifidus")


def imported_rooms(source: str, room: str = "") -> Iterator[tuple[int, str]]:
    """Give line and room of every import of the package, wherever in the file it stands.

    Relative imports count as the file's own room; ``from multifidus import __version__`` is the
    package's root, which every room may read.
    """
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == "multifidus":
            names = [f"multifidus.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        elif isinstance(node, ast.ImportFrom):
            # Two dots from a room's own module leave the room: not a spelling that we use.
            names = [f"multifidus.{room if node.level == 1 else '<relative>'}"]
        for name in names:
            parts = name.split(".")
            if parts[0] == "multifidus" and len(parts) > 1 and parts[1] != "__version__":
                yield node.lineno, parts[1]


def python_files(tracked_files: list[Path], repository: Path) -> list[Path]:
    """Return the project's Python files, relative to its folder."""
    return [
        path.relative_to(repository)
        for path in tracked_files
        if path.suffix == ".py" and path.is_relative_to(repository)
    ]


def forbidden_imports(room: str, source: str) -> list[tuple[int, str]]:
    """Return line and room of each import from a higher room, or from none that is known."""
    allowed = ROOMS[: ROOMS.index(room) + 1]
    return [(line, other) for line, other in imported_rooms(source, room) if other not in allowed]


def test_rooms_import_only_from_below(tracked_files: list[Path], repository: Path) -> None:
    faults = []
    for path in python_files(tracked_files, repository):
        inside = path.relative_to(PACKAGE).parts if path.is_relative_to(PACKAGE) else ()
        if len(inside) > 1:
            source = (repository / path).read_text(encoding="utf-8")
            for line, other in forbidden_imports(inside[0], source):
                faults.append(f"{path}:{line} imports {other}")
    assert faults == []


def test_every_folder_of_the_package_is_a_known_room(repository: Path) -> None:
    folders = {path.parent.name for path in (repository / PACKAGE).glob("*/__init__.py")}
    assert folders <= set(ROOMS)
    assert {"base", "config", "contracts", "results", "package"} <= folders


@pytest.mark.parametrize(
    ("room", "source", "faults"),
    [
        ("base", "from multifidus.config import RunConfig", [(1, "config")]),
        ("stats", "import multifidus.literature.record.claims as c", [(1, "literature")]),
        ("results", "def f():\n    from multifidus import cohort", [(2, "cohort")]),
        ("config", "if TYPE_CHECKING:\n    from multifidus.report import x", [(2, "report")]),
        ("config", "from multifidus.unknown import x", [(1, "unknown")]),
        ("config", "from ..base import errors", [(1, "<relative>")]),
        ("report", "from multifidus.base.errors import RenderError", []),
        (
            "report",
            "from multifidus.report.tables import x\nfrom multifidus import __version__",
            [],
        ),
        ("cli", "from multifidus.package.verify import verify_command", []),
    ],
)
def test_a_forbidden_import_is_found(room: str, source: str, faults: list[tuple[int, str]]) -> None:
    """The check above can fail: hand-made sources."""
    assert forbidden_imports(room, source) == faults


def long_functions(source: str) -> list[tuple[str, int]]:
    """Return name and length of each function above the limit; the docstring does not count."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                first = node.body[0]
                length -= (first.end_lineno or first.lineno) - first.lineno + 1
            if length > MAX_FUNCTION_LINES:
                found.append((node.name, length))
    return found


def test_files_stay_under_the_limit(tracked_files: list[Path], repository: Path) -> None:
    long = {
        str(path): lines
        for path in python_files(tracked_files, repository)
        if (lines := len((repository / path).read_text(encoding="utf-8").splitlines()))
        > MAX_FILE_LINES
    }
    assert set(long) == set(LONG_FILES), long


def test_functions_stay_under_the_limit(tracked_files: list[Path], repository: Path) -> None:
    long = {
        f"{path}:{name}": lines
        for path in python_files(tracked_files, repository)
        for name, lines in long_functions((repository / path).read_text(encoding="utf-8"))
    }
    assert set(long) == set(LONG_FUNCTIONS), long


def test_a_long_function_is_found_and_a_long_docstring_is_not() -> None:
    body = "\n".join("    x = 1" for _ in range(MAX_FUNCTION_LINES))
    lines = "\n".join("    word" for _ in range(MAX_FUNCTION_LINES))
    assert long_functions(f"def f():\n{body}\n") == [("f", MAX_FUNCTION_LINES + 1)]
    assert long_functions(f'def f():\n    """Doc.\n{lines}\n    """\n    return 1\n') == []


MUTATORS = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert"}
    | {"pop", "popitem", "remove", "setdefault", "update"}
)


def module_state(source: str) -> list[str]:
    """Return names at module level that hold state: lists, dicts and sets that anything changes.

    A look-up table in capitals is a constant as long as the module never writes to it.
    """
    tree = ast.parse(source)
    mutable = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    bound: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, mutable):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bound += [item.id for item in targets if isinstance(item, ast.Name)]
    written = written_names(tree)
    return [name for name in bound if name != "__all__" and (not name.isupper() or name in written)]


def written_names(tree: ast.Module) -> set[str]:
    """Return names whose content is written to, or that a function declares global."""
    names: set[str] = set()
    for node in ast.walk(tree):
        target: ast.expr | None = None
        if isinstance(node, ast.Global):
            names.update(node.names)
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            target = node.value
        elif isinstance(node, ast.AugAssign):
            target = node.target
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = node.func.value if node.func.attr in MUTATORS else None
        if isinstance(target, ast.Name):
            names.add(target.id)
    return names


def test_the_package_has_no_state_at_module_level(
    tracked_files: list[Path], repository: Path
) -> None:
    faults = [
        f"{path}: {name}"
        for path in python_files(tracked_files, repository)
        if path.is_relative_to(PACKAGE)
        for name in module_state((repository / path).read_text(encoding="utf-8"))
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("cache = {}", ["cache"]),
        ("seen: set[int] = {1}", ["seen"]),
        ("SEEN = {}\ndef f(x):\n    SEEN[x] = 1", ["SEEN"]),
        ("ROWS = []\ndef f(x):\n    ROWS.append(x)", ["ROWS"]),
        ("ROWS = []\ndef f():\n    global ROWS\n    ROWS = [1]", ["ROWS"]),
        ("__all__ = ['a']\nWORDS = {'a': 1}\nFIXED = (1, 2)\ndef f(x):\n    return WORDS[x]", []),
    ],
)
def test_state_at_module_level_is_found(source: str, names: list[str]) -> None:
    """The check above can fail: hand-made sources."""
    assert module_state(source) == names
