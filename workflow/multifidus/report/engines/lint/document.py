"""The lint: what both engines render the same, and nothing else, passes.

The rules hold the document to `multifidus.report.engines.lint.subset`, to references that resolve
and to results prose without typed numbers. Every finding names its file and line.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import yaml

from multifidus.base.errors import RenderError
from multifidus.report.engines.lint.cells import lint_cell, lint_inline
from multifidus.report.engines.lint.findings import Finding, finding_of
from multifidus.report.engines.lint.prose import lint_prose
from multifidus.report.engines.lint.references import References
from multifidus.report.engines.lint.subset import FORMAT_KEYS, METADATA_KEYS
from multifidus.report.engines.people import people
from multifidus.report.engines.source import INLINE_CODE, read_document, split_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from multifidus.report.engines.source import Block, Document

__all__ = ["Finding", "lint_document"]

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def lint_document(path: Path) -> list[Finding]:
    """Return what keeps a document from rendering the same with both engines.

    Parameters
    ----------
    path
        The ``.qmd``. Notebooks it embeds and its bibliography must stand where it names them.

    Returns
    -------
    list of Finding
        In order of file and line; empty when the document passes.

    Raises
    ------
    RenderError
        ``RND-001`` when the document cannot be read at all.
    """
    try:
        document = read_document(path)
        blocks = list(split_blocks(document.lines))
    except RenderError as error:
        finding = finding_of(error)
        if finding is None:
            raise
        return [finding]
    findings = [*_lint_front_matter(path), *_lint_settings(document)]
    findings += [*lint_prose(document, blocks)]
    for block in blocks:
        if block.kind == "cell":
            findings += lint_cell(block)
        elif block.kind == "prose":
            findings += lint_inline(block)
    findings += [*_lint_engine(path, blocks), *_lint_people(document)]
    findings += References(document, blocks).findings()
    return sorted(set(findings))


def _front_matter(path: Path) -> str:
    text = path.read_text("utf-8").replace("\r\n", "\n")
    match = re.match(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)", text, re.DOTALL)
    return match[1] if match else ""


def _lint_engine(path: Path, blocks: Sequence[Block]) -> Iterator[Finding]:
    """Check that Quarto will start Python: it does not for inline code alone, but prints that."""
    if any(block.kind == "cell" for block in blocks):
        return
    if re.search(r"^jupyter[ \t]*:", _front_matter(path), re.MULTILINE):
        return
    lines = (line for block in blocks if block.kind == "prose" for line in block.lines)
    line = next((line for line in lines if INLINE_CODE.search(line.text)), None)
    if line is not None:
        yield Finding(
            line.file.name,
            line.number,
            "RND-014",
            "Quarto prints inline code as it is where no cell is in the document; add a cell, or "
            "jupyter: python3 to the front matter.",
        )


def _lint_front_matter(path: Path) -> Iterator[Finding]:
    yield from _lint_yaml(_front_matter(path), path.name, offset=1)


def _lint_settings(document: Document) -> Iterator[Finding]:
    path = document.project / "_quarto.yml"
    if path.is_file():
        yield from _lint_yaml(path.read_text("utf-8"), path.name, offset=0)


def _lint_people(document: Document) -> Iterator[Finding]:
    try:
        people(document.metadata)
    except RenderError as error:
        yield Finding(document.path.name, 1, error.error_id, error.message)


def _lint_yaml(text: str, name: str, offset: int) -> Iterator[Finding]:
    """Check keys; the YAML is known to parse."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return
    for key, value in root.value:
        line = key.start_mark.line + 1 + offset
        if key.value not in METADATA_KEYS:
            yield _unknown(name, line, key.value, METADATA_KEYS)
            continue
        allowed = METADATA_KEYS[key.value]
        if allowed is not None and isinstance(value, yaml.MappingNode):
            yield from _lint_keys(value, name, offset, f"{key.value}.", allowed)
        if key.value == "format":
            yield from _lint_formats(value, name, offset)
        if key.value == "date" and not _ISO_DATE.fullmatch(str(value.value)):
            yield Finding(
                name,
                line,
                "RND-023",
                "the date must be written as YYYY-MM-DD, so that both "
                "engines and every run print the same.",
            )


def _lint_formats(node: Any, name: str, offset: int) -> Iterator[Finding]:
    if not isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1 + offset
        yield Finding(name, line, "RND-003", "format must be a mapping of html, typst and docx.")
        return
    for key, value in node.value:
        if key.value in FORMAT_KEYS and isinstance(value, yaml.MappingNode):
            yield from _lint_keys(
                value, name, offset, f"format.{key.value}.", FORMAT_KEYS[key.value]
            )


def _lint_keys(
    node: Any, name: str, offset: int, prefix: str, allowed: Iterable[str]
) -> Iterator[Finding]:
    for key, _ in node.value:
        if key.value not in allowed:
            line = key.start_mark.line + 1 + offset
            yield _unknown(name, line, key.value, allowed, prefix)


def _unknown(name: str, line: int, key: str, known: Iterable[str], prefix: str = "") -> Finding:
    close = difflib.get_close_matches(key, list(known), n=1)
    hint = f"did you mean {prefix}{close[0]}?" if close else "take it out."
    return Finding(
        name, line, "RND-003", f"the key {prefix}{key} is not one that both engines know; {hint}"
    )
