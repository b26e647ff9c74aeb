"""Lint rules for cells and inline expressions."""

from __future__ import annotations

import ast
import difflib
import re
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import RenderError
from multifidus.report.engines.lint.findings import Finding, finding_of
from multifidus.report.engines.lint.subset import CELL_OPTIONS, CROSS_REFERENCE_KINDS
from multifidus.report.engines.source import INLINE_CODE, cell_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.report.engines.source import Block

__all__ = ["lint_cell", "lint_inline"]

_ANY_INLINE = re.compile(r"(?<!`)`\{(\w+)\}")
_OPTION = re.compile(r"#\s*\|\s*([\w-]+)\s*:")


def lint_cell(block: Block) -> Iterator[Finding]:
    """Check one cell: options known, code valid, floats captioned and described."""
    file, line = _place(block.place)
    try:
        options, code = cell_options(block.text, block.place)
    except RenderError as error:
        finding = finding_of(error)
        if finding is not None:
            yield finding
        return
    lines = {
        match[1]: item.number
        for item in block.lines
        if (match := _OPTION.match(item.text)) is not None
    }
    for key in options:
        if key not in CELL_OPTIONS:
            close = difflib.get_close_matches(key, sorted(CELL_OPTIONS), n=1)
            hint = f"did you mean {close[0]}?" if close else "take it out."
            yield Finding(
                file,
                lines.get(key, line),
                "RND-005",
                f"the cell option {key} is not one that both engines know; {hint}",
            )
        elif "`{python}" in str(options[key]):
            yield Finding(
                file,
                lines.get(key, line),
                "RND-014",
                f"the cell option {key} holds an inline expression, which Quarto does not run "
                "there; print the caption from the text instead.",
            )
    yield from _lint_code(code, file, line)
    yield from _lint_float(options, file, line)


def _lint_code(code: str, file: str, line: int) -> Iterator[Finding]:
    try:
        ast.parse(re.sub(r"(?m)^\s*[%!].*$", "pass", code))
    except SyntaxError:
        yield Finding(file, line, "RND-017", "the cell is not valid Python; fix its code.")


def _lint_float(options: dict[str, Any], file: str, line: int) -> Iterator[Finding]:
    label = str(options.get("label", ""))
    kind = label.partition("-")[0]
    if kind in {"eq", "sec"} and label.startswith(f"{kind}-"):
        yield Finding(
            file,
            line,
            "RND-021",
            f"the cell label {label} begins like that of {CROSS_REFERENCE_KINDS[kind].lower()}s; "
            "choose another.",
        )
    if kind not in {"fig", "tbl"} or not label.startswith(f"{kind}-"):
        return
    if not options.get(f"{kind}-cap"):
        yield Finding(
            file,
            line,
            "RND-021",
            f"the cell {label} has no {kind}-cap; a numbered {CROSS_REFERENCE_KINDS[kind].lower()} "
            "needs a caption.",
        )
    layout = next((key for key in options if key.startswith("layout")), None)
    if layout and not options.get(f"{kind}-subcap"):
        yield Finding(
            file,
            line,
            "RND-021",
            f"the cell {label} has {layout} and no {kind}-subcap; give each part a caption, since "
            f"Quarto gives a single {kind}-cap to the first part.",
        )
    if kind == "fig" and not options.get("fig-alt"):
        yield Finding(
            file,
            line,
            "RND-022",
            f"the figure {label} has no fig-alt; say in words what it shows, for readers who "
            "cannot see it.",
        )


def lint_inline(block: Block) -> Iterator[Finding]:
    """Check the inline expressions of prose: Python, on one line, an expression."""
    for item in block.lines:
        file = item.file.name
        whole = {match.start() for match in INLINE_CODE.finditer(item.text)}
        for match in _ANY_INLINE.finditer(item.text):
            if match[1] != "python":
                yield Finding(
                    file,
                    item.number,
                    "RND-006",
                    f"inline code of the language {match[1]} is not run; use python.",
                )
            elif match.start() not in whole:
                yield Finding(
                    file,
                    item.number,
                    "RND-014",
                    "the inline expression does not end on its line; write it on one line.",
                )
        for match in INLINE_CODE.finditer(item.text):
            try:
                ast.parse(match[1].strip(), mode="eval")
            except SyntaxError:
                yield Finding(
                    file,
                    item.number,
                    "RND-014",
                    "the inline code is not a Python expression; compute it in a cell and name "
                    "the result here.",
                )


def _place(place: str) -> tuple[str, int]:
    file, _, line = place.rpartition(":")
    return file, int(line)
