"""Quarto's shortcodes, as far as both engines know them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import RenderError
from multifidus.report.engines.notebooks import read_notebook
from multifidus.report.engines.outputs import fenced_div
from multifidus.report.engines.source import SHORTCODE, cell_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from multifidus.report.engines.outputs import OutputWriter

__all__ = ["ShortcodeWriter", "embedded_cell", "look_up"]


def look_up(tree: object, path: str) -> str | None:
    """Return the scalar at a dotted path of a metadata tree, or None.

    As in Quarto, the first item of a list has the index 1.
    """
    for part in path.split("."):
        if isinstance(tree, list) and part.isdigit() and 1 <= int(part) <= len(tree):
            tree = tree[int(part) - 1]
        elif isinstance(tree, dict) and part in tree:
            tree = tree[part]
        else:
            return None
    return None if isinstance(tree, (dict, list)) or tree is None else str(tree)


def embedded_cell(
    folder: Path, argument: str, place: str
) -> tuple[NotebookNode, dict[str, Any], str]:
    """Find the notebook cell that ``{{< embed file.ipynb#label >}}`` asks for.

    Returns
    -------
    tuple
        The cell, its options and its code.

    Raises
    ------
    RenderError
        ``RND-016`` when the notebook or the cell does not exist.
    """
    name, _, wanted = argument.split(maxsplit=1)[0].strip("\"'").partition("#")
    path = folder / name
    if not path.is_file():
        raise RenderError(
            "RND-016",
            f"{place}: the notebook {name} is not there; execute it before the document.",
        )
    for number, cell in enumerate(read_notebook(path).cells, start=1):
        if cell.cell_type != "code":
            continue
        options, code = cell_options(cell.source, f"{path.name}, cell {number}")
        names = {options.get("label"), cell.get("id"), *cell.metadata.get("tags", [])}
        if wanted in names:
            return cell, options, code
    raise RenderError("RND-016", f"{place}: no cell of {name} is labelled {wanted!r}.")


@dataclass(frozen=True)
class ShortcodeWriter:
    """Replaces the shortcodes of one format's markdown."""

    metadata: Mapping[str, Any]
    variables: Mapping[str, Any]
    environment: Mapping[str, str]
    writer: OutputWriter

    def replace(self, text: str, places: Sequence[str]) -> str:
        """Return the text with its shortcodes replaced.

        Parameters
        ----------
        text
            Lines of prose.
        places
            ``file:line`` of each of them.

        Raises
        ------
        RenderError
            ``RND-008`` (unknown shortcode), ``RND-011`` (unknown name), ``RND-016`` (embed).
        """
        return SHORTCODE.sub(
            lambda match: self._one(match, places[text.count("\n", 0, match.start())]), text
        )

    def _one(self, match: re.Match[str], place: str) -> str:
        name, argument = match[1], match[2].strip()
        if name == "pagebreak":
            return fenced_div("", "{.page-break}")
        if name == "embed":
            return self._embed(argument, place)
        trees: dict[str, object] = {
            "meta": self.metadata,
            "var": self.variables,
            "env": dict(self.environment),
        }
        if name not in trees:
            raise RenderError("RND-008", f"{place}: the shortcode {name!r} is not known here.")
        key = argument.strip("\"'")
        value = self.environment.get(key) if name == "env" else look_up(trees[name], key)
        if value is None:
            raise RenderError("RND-011", f"{place}: {name} has no value named {key!r}.")
        return value

    def _embed(self, argument: str, place: str) -> str:
        cell, options, code = embedded_cell(self.writer.folder, argument, place)
        echo = "echo=true" in argument
        cell.metadata["shown"] = code
        stem = "embed-" + re.sub(r"[^A-Za-z0-9]+", "-", argument.split(maxsplit=1)[0]).strip("-")
        text = self.writer.cell(cell, {**options, "echo": echo}, stem, place)
        return f"\n{text}\n"
