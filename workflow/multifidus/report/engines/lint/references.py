"""Lint rules for what a document points at: labels, citations, variables, notebooks."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pypandoc

from multifidus.base.errors import RenderError
from multifidus.report.engines.lint.findings import Finding
from multifidus.report.engines.lint.subset import CROSS_REFERENCE_KINDS
from multifidus.report.engines.shortcodes import embedded_cell, look_up
from multifidus.report.engines.source import SHORTCODE, cell_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from multifidus.report.engines.source import Block, Document, Line

__all__ = ["References"]

_CITE = re.compile(r"(?<![\w@\\`.])-?@(?:\{([^}]+)\}|(\w[\w:.#$%&+?<>~/-]*))")
_IDENTIFIER = re.compile(r"\{[^{}]*?#([\w:.-]+)[^{}]*\}")
_COMMENT = re.compile(r"<!--.*?-->")
_KINDS = "|".join(CROSS_REFERENCE_KINDS)
# Quarto turns these into structures of its own before it looks for a value.
_REWRITTEN = frozenset({"affiliation", "affiliations", "author", "authors", "date"})
_LABEL = re.compile(rf"^(?:{_KINDS})-[\w-]+$")


class References:
    """Everything a document defines and everything it names.

    Parameters
    ----------
    document
        The document.
    blocks
        Its blocks.
    """

    def __init__(self, document: Document, blocks: Sequence[Block]) -> None:
        self._document = document
        self._labels: dict[str, str] = {}
        self._findings: list[Finding] = []
        self._uses: list[tuple[str, str, int]] = []
        for block in blocks:
            if block.kind == "cell":
                self._read_cell(block)
            elif block.kind == "verbatim":
                self._define_in(block.lines[0])
            else:
                for line in block.lines:
                    self._read_line(line)

    def findings(self) -> Iterator[Finding]:
        """Yield what does not resolve."""
        yield from self._findings
        known, problem = self._citation_keys()
        if problem is not None:
            yield problem
        for name, file, line in self._uses:
            if _LABEL.match(name):
                yield from self._lint_label(name, file, line)
            elif problem is None and name not in known:
                yield Finding(
                    file,
                    line,
                    "RND-010",
                    f"the citation @{name} is not in the bibliography; add its entry.",
                )

    def _lint_label(self, name: str, file: str, line: int) -> Iterator[Finding]:
        if name not in self._labels:
            yield Finding(
                file,
                line,
                "RND-009",
                f"the cross-reference @{name} has no target; label a figure, table, listing, "
                "equation or section so.",
            )
        elif name.startswith("sec-") and not self._document.metadata.get("number-sections"):
            yield Finding(
                file,
                line,
                "RND-009",
                f"the cross-reference @{name} needs numbered sections; set number-sections: true "
                "or link to the heading.",
            )

    def _define(self, label: str, file: str, line: int) -> None:
        if label in self._labels and _LABEL.match(label):
            self._findings.append(
                Finding(
                    file,
                    line,
                    "RND-015",
                    f"the label {label} is used twice, first at {self._labels[label]}; give each "
                    "its own.",
                )
            )
        self._labels.setdefault(label, f"{file}:{line}")

    def _read_cell(self, block: Block) -> None:
        file, _, number = block.place.rpartition(":")
        line = int(number)
        try:
            options, _ = cell_options(block.text, block.place)
        except RenderError:
            return  # the cell rules report it
        self._define_options(options, file, line)
        for key in ("fig-cap", "tbl-cap", "lst-cap", "fig-subcap", "tbl-subcap"):
            self._use_in(str(options.get(key) or ""), file, line)

    def _define_options(self, options: dict[str, object], file: str, line: int) -> None:
        label = options.get("label")
        if not label:
            return
        self._define(str(label), file, line)
        captions = options.get("fig-subcap") or options.get("tbl-subcap")
        for number in range(1, len(captions) + 1 if isinstance(captions, list) else 1):
            self._define(f"{label}-{number}", file, line)

    def _define_in(self, line: Line) -> None:
        text = re.sub(r"`[^`]+`|\{\{<.*?>\}\}", "", line.text)
        for match in _IDENTIFIER.finditer(text):
            self._define(match[1], line.file.name, line.number)

    def _read_line(self, line: Line) -> None:
        text = _COMMENT.sub("", line.text)
        self._define_in(line)
        for match in SHORTCODE.finditer(text):
            self._read_shortcode(match[1], match[2].strip(), line)
        self._use_in(text, line.file.name, line.number)

    def _use_in(self, text: str, file: str, line: int) -> None:
        text = re.sub(r"`[^`]*`|\{\{<.*?>\}\}|\]\([^)]*\)|<[^>\s]*@[^>\s]*>", " ", text)
        for match in _CITE.finditer(text):
            name = (match[1] or match[2]).rstrip(".:,?/")
            self._uses.append((name, file, line))

    def _read_shortcode(self, name: str, argument: str, line: Line) -> None:
        key, place = argument.strip("\"'"), line.place
        trees = {"var": self._document.variables, "meta": self._document.metadata}
        rewritten = name == "meta" and key.partition(".")[0] in _REWRITTEN
        if rewritten or (name in trees and look_up(trees[name], key) is None):
            place = "the front matter" if name == "meta" and not rewritten else "_variables.yml"
            self._findings.append(
                Finding(
                    line.file.name,
                    line.number,
                    "RND-011",
                    f"{name} has no value named {key} that both engines find; define one in "
                    f"{place} (the first item of a list is number 1).",
                )
            )
        if name == "embed" and argument:
            try:
                _, options, _ = embedded_cell(self._document.path.parent, argument, place)
            except RenderError as error:
                message = error.message.removeprefix(f"{place}: ")
                self._findings.append(Finding(line.file.name, line.number, error.error_id, message))
                return
            self._define_options(options, line.file.name, line.number)

    def _citation_keys(self) -> tuple[frozenset[str], Finding | None]:
        """Return the keys of the bibliography, or why it cannot be read."""
        named = self._document.metadata.get("bibliography") or []
        keys: set[str] = set()
        for name in named if isinstance(named, list) else [named]:
            path = self._document.path.parent / str(name)
            if not path.is_file():
                return frozenset(), Finding(
                    self._document.path.name,
                    1,
                    "RND-019",
                    f"the bibliography {name} is not beside the document; add it.",
                )
            found = _keys_of(path)
            if found is None:
                return frozenset(), Finding(
                    path.name, 1, "RND-019", "the bibliography cannot be read; fix its syntax."
                )
            keys |= found
        return frozenset(keys), None


def _keys_of(path: Path) -> set[str] | None:
    """Read a bibliography with pandoc, as the engines do."""
    reader = "csljson" if path.suffix == ".json" else "biblatex"
    done = subprocess.run(
        [pypandoc.get_pandoc_path(), "--from", reader, "--to", "csljson", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return None
    return {str(entry["id"]) for entry in json.loads(done.stdout)}
