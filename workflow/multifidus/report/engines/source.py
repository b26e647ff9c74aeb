"""Reading a ``.qmd``: front matter, project file, includes, and blocks that know their lines."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from multifidus.base.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "INLINE_CODE",
    "SHORTCODE",
    "Block",
    "Document",
    "Line",
    "cell_options",
    "load_yaml",
    "merge",
    "read_document",
    "split_blocks",
]

#: An inline expression, as Quarto's Jupyter engine finds it.
INLINE_CODE = re.compile(r"(?<!`)`\{python\}[ \t]+([^`\n]+)`(?!`)")

#: A shortcode that is not escaped by a third brace.
SHORTCODE = re.compile(r"(?<!\{)\{\{<\s+(\S+)\s*(.*?)\s*>\}\}(?!\})")

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*(.*?)\s*$")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_OPTION_LINE = re.compile(r"#\s*\| ?")


@dataclass(frozen=True)
class Line:
    """One line of the expanded document and where it was written."""

    text: str
    file: Path
    number: int

    @property
    def place(self) -> str:
        """``file:line``, with the file's name only."""
        return f"{self.file.name}:{self.number}"


@dataclass(frozen=True)
class Block:
    """A run of lines: prose, a verbatim fence (kept whole) or the body of a Python cell."""

    kind: Literal["prose", "verbatim", "cell"]
    lines: tuple[Line, ...]
    place: str

    @property
    def text(self) -> str:
        """The block's text without its final line end."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Document:
    """A document read from disk, includes expanded.

    Attributes
    ----------
    path
        The ``.qmd``.
    project
        Folder of the nearest ``_quarto.yml``, or the document's own folder.
    metadata
        Front matter merged over the project file.
    lines
        The body, one entry a line.
    variables
        Content of ``_variables.yml``; empty without one.
    """

    path: Path
    project: Path
    metadata: Mapping[str, Any]
    lines: tuple[Line, ...]
    variables: Mapping[str, Any]


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two metadata trees as Quarto does.

    Scalars of ``above`` win, mappings are merged, lists are joined without repeats.
    """
    merged = dict(below)
    for key, value in above.items():
        merged[key] = _merge_values(merged.get(key), value)
    return merged


def _merge_values(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return merge(below, above)
    if isinstance(below, list) and isinstance(above, list):
        return [*below, *(item for item in above if item not in below)]
    return above


def load_yaml(text: str, place: str, first_line: int = 1) -> dict[str, Any]:
    """Read a YAML mapping; dates become ISO text.

    Raises
    ------
    RenderError
        ``RND-002`` with the line when the text is no YAML mapping.
    """
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark is not None else 0)
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise RenderError(
            "RND-002", f"{place}:{line}: the YAML is broken ({problem}); fix it there."
        ) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise RenderError(
            "RND-002", f"{place}:{first_line}: the YAML must be a mapping of keys to values."
        )
    return {str(key): _plain(value) for key, value in loaded.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def read_document(path: Path) -> Document:
    """Read a document with its project file, variables and includes.

    Raises
    ------
    RenderError
        ``RND-001`` (absent file), ``RND-002`` (YAML), ``RND-004`` (include).
    """
    front, body = _read_parts(path)
    # Links are not followed: the author's folder of a run holds links to the sources.
    path = path.absolute()
    project = next(
        (folder for folder in path.parents if (folder / "_quarto.yml").is_file()), path.parent
    )
    settings = _read_yaml_file(project / "_quarto.yml")
    settings.pop("project", None)
    return Document(
        path=path,
        project=project,
        metadata=merge(settings, front),
        lines=tuple(_expand(body, (path,))),
        variables=_read_yaml_file(project / "_variables.yml"),
    )


def _read_yaml_file(path: Path) -> dict[str, Any]:
    return load_yaml(path.read_text("utf-8"), path.name) if path.is_file() else {}


def _read_parts(path: Path) -> tuple[dict[str, Any], list[Line]]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(
            "RND-001", f"{path.name}: the document cannot be read as UTF-8 text; check its path."
        ) from error
    text = text.replace("\r\n", "\n")
    match = _FRONT_MATTER.match(text)
    front = load_yaml(match[1], path.name, first_line=2) if match else {}
    body = text[match.end() :] if match else text
    start = text[: match.end()].count("\n") if match else 0
    lines = [
        Line(line, path, number) for number, line in enumerate(body.split("\n"), start=start + 1)
    ]
    return front, lines


def _expand(lines: list[Line], seen: tuple[Path, ...]) -> Iterator[Line]:
    """Put every include in its place; paths are relative to the including file."""
    fence = ""
    for line in lines:
        fence = _fence_after(line.text, fence)
        match = SHORTCODE.fullmatch(line.text.strip())
        if fence or match is None or match[1] != "include":
            yield line
            continue
        target = Path(os.path.normpath(line.file.parent.absolute() / match[2].strip("\"'")))
        if target in seen:
            raise RenderError(
                "RND-004", f"{line.place}: the include of {target.name} goes round in a circle."
            )
        if not target.is_file():
            raise RenderError(
                "RND-004", f"{line.place}: the included file {target.name} does not exist."
            )
        yield from _expand(_read_parts(target)[1], (*seen, target))


def _fence_after(text: str, fence: str) -> str:
    """Return the fence that is open after this line, empty when none is."""
    match = _FENCE.match(text)
    if not fence:
        return match[1] if match else ""
    closes = match is not None and not match[2] and match[1].startswith(fence)
    return "" if closes else fence


def split_blocks(lines: tuple[Line, ...]) -> Iterator[Block]:
    """Split a body into prose, verbatim fences and Python cells, in document order.

    Raises
    ------
    RenderError
        ``RND-018`` for a fence that is never closed.
    """
    prose: list[Line] = []
    index = 0
    while index < len(lines):
        match = _FENCE.match(lines[index].text)
        if match is None:
            prose.append(lines[index])
            index += 1
            continue
        end = _closing_fence(lines, index, match[1])
        if prose:
            yield Block("prose", tuple(prose), prose[0].place)
            prose = []
        if re.match(r"\{python\b", match[2]):
            yield Block("cell", lines[index + 1 : end], lines[index].place)
        else:
            yield Block("verbatim", lines[index : end + 1], lines[index].place)
        index = end + 1
    if prose:
        yield Block("prose", tuple(prose), prose[0].place)


def _closing_fence(lines: tuple[Line, ...], start: int, fence: str) -> int:
    closing = re.compile(rf"^ {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    for index in range(start + 1, len(lines)):
        if closing.match(lines[index].text):
            return index
    raise RenderError(
        "RND-018", f"{lines[start].place}: the code fence that opens here is never closed."
    )


def cell_options(text: str, place: str) -> tuple[dict[str, Any], str]:
    """Split a cell's text into its ``#|`` options and its code.

    Raises
    ------
    RenderError
        ``RND-002`` when the option lines are no YAML mapping.
    """
    lines = text.split("\n")
    count = next(
        (index for index, line in enumerate(lines) if not _OPTION_LINE.match(line)), len(lines)
    )
    options = "\n".join(_OPTION_LINE.sub("", line, count=1) for line in lines[:count])
    name, _, number = place.rpartition(":")
    first = int(number) + 1 if number.isdigit() else 1
    return load_yaml(options, name, first), "\n".join(lines[count:]).strip("\n")
