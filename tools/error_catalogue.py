"""Write ``docs/errors.md``: every error that a user can meet, found in the code that raises it.

``error_catalogue.py`` writes the page, ``error_catalogue.py --check`` compares it and fails when it
differs. Nobody keeps the list by hand, so none is forgotten.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "errors.md"
IDENTIFIER = re.compile(r"[A-Z]{3}-\d{3}")
_SHORTEST_SENTENCE = 20
_HEAD = """\
# Errors

Every error that can be corrected has an id that never changes its meaning, an exit code, and one
sentence that says what is wrong, where, and what to do. `…` stands for what the message fills in: a
file, a column, a rule, a count. No message holds a participant's value.

`multifidus run` and the workflow's steps end with the exit code of the first error; `make` turns
any of them into its own code 2.

| Exit code | Meaning |
| --- | --- |
"""


class Entry(NamedTuple):
    """One sentence of one error: its id, the room that raises it, the sentence."""

    error_id: str
    room: str
    sentence: str


def text_of(node: ast.expr) -> str | None:
    """Return a text as it stands in the code, with an ellipsis for each part filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        return "".join(str(part) for part in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"{text_of(node.left) or '…'}{text_of(node.right) or '…'}"
    return None


def entries_of(source: str, room: str) -> list[Entry]:
    """Return the errors of one module: ids, each with the sentence given beside it.

    An id whose sentence is composed elsewhere gets what a docstring says of it under ``Raises``.
    """
    tree = ast.parse(source)
    found: dict[tuple[str, str], Entry] = {}
    told: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            texts = [
                text_of(item) for item in [*node.args, *(word.value for word in node.keywords)]
            ]
            ids = [text for text in texts if text and IDENTIFIER.fullmatch(text)]
            long = [
                " ".join(text.split())
                for text in texts
                if text and len(text) > _SHORTEST_SENTENCE and " " in text
            ]
            for error_id in ids:
                if long:
                    sentence = long[0].removeprefix(f"[{error_id}] ")
                    found[error_id, sentence] = Entry(error_id, room, sentence)
                    told.add(error_id)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value
            if IDENTIFIER.fullmatch(name) and name not in told:
                found[name, ""] = Entry(name, room, documented(tree, name))
    return list(found.values())


def documented(tree: ast.Module, error_id: str) -> str:
    """Return when an error is raised, from the first docstring that says so; empty if none does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            text = " ".join((ast.get_docstring(node) or "").split())
            found = re.search(
                rf"``{error_id}`` (?:\(([^)]*)\)|((?!to\b|and\b)[a-z][^,;.(`]*))", text
            )
            if found:
                said = found[1] or found[2].strip()
                lead = "" if said.startswith(("for ", "when ")) else "when " if found[1] else "for "
                return f"Raised {lead}{said}."
    return ""


def launcher_entries(text: str) -> list[Entry]:
    """Return the errors of the shell launcher, whose sentences stand behind their ids."""
    joined = re.sub(r'"\s*\\\n\s*"', " ", text)
    found = re.findall(r"\[([A-Z]{3}-\d{3})\] ([^\"]+)\"", joined)
    return [Entry(name, "set-up", re.sub(r"\$\w+", "…", sentence)) for name, sentence in found]


def all_entries(root: Path) -> list[Entry]:
    """Return the errors of the package, the workflow's scripts and set-up, sorted by id."""
    entries = launcher_entries((root / "tools" / "setup.sh").read_text(encoding="utf-8"))
    setup = (root / "tools" / "setup.py").read_text(encoding="utf-8")
    for literal in re.finditer(r'raise SetupFailure\(\s*((?:f?"[^"]*"\s*)+)\)', setup):
        joined = "".join(re.findall(r'"([^"]*)"', literal[1]))
        error_id, sentence = re.fullmatch(r"\[([^]]+)\] (.*)", joined).groups()  # type: ignore[union-attr]
        entries.append(Entry(error_id, "set-up", re.sub(r"\{[^}]*\}", "…", sentence)))
    for path in sorted((root / "workflow").rglob("*.py")):
        parts = path.relative_to(root / "workflow").parts
        room = parts[1] if parts[0] == "multifidus" else "workflow"
        entries += entries_of(path.read_text(encoding="utf-8"), room)
    # A bare id that another module has a sentence for needs no row of its own.
    told = {entry.error_id for entry in entries if entry.sentence}
    found = sorted({entry for entry in entries if entry.sentence or entry.error_id not in told})
    if silent := [entry.error_id for entry in found if not entry.sentence]:
        raise SystemExit(f"no sentence and no docstring describes {', '.join(silent)}")
    return found


def one_line(docstring: str) -> str:
    """Return the first line of a docstring as Markdown."""
    return docstring.splitlines()[0].rstrip(".").replace("``", "`")


def exit_codes(root: Path) -> list[tuple[int, str]]:
    """Return number and meaning of the exit codes, from the enumeration and the error classes."""
    source = (root / "workflow" / "multifidus" / "base" / "errors.py").read_text(encoding="utf-8")
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    meaning = {"OK": "everything went well", "USAGE": "the command was not understood"}
    meaning["UNEXPECTED"] = "an error that is not the user's, or an output that is not as listed"
    for node in classes:
        for line in ast.unparse(node).splitlines():
            if found := re.search(r"exit_code = ExitCode\.(\w+)", line):
                meaning[found[1]] = one_line(ast.get_docstring(node) or "")
    pairs = re.findall(r"(?m)^    ([A-Z]+) = (\d+)$", source)
    return [(int(number), meaning.get(name, name.lower())) for name, number in pairs]


def page(root: Path) -> str:
    """Return the whole page."""
    lines = [f"| {number} | {meaning} |" for number, meaning in exit_codes(root)]
    lines += ["", "| Id | Room | Sentence |", "| --- | --- | --- |"]
    for entry in all_entries(root):
        sentence = entry.sentence.replace("|", "\\|")
        lines.append(f"| `{entry.error_id}` | {entry.room} | {sentence} |")
    return _HEAD + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page; return the exit code."""
    wanted = page(ROOT)
    if arguments == ["--check"]:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted:
            print("docs/errors.md differs from the code: run `make generate`.", file=sys.stderr)
            return 1
        return 0
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
