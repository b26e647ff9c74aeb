"""Lint rules for prose: classes, shortcodes, pictures, and no typed number among results."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multifidus.report.engines.lint.findings import Finding
from multifidus.report.engines.lint.subset import (
    DIV_CLASSES,
    HEADING_CLASSES,
    SHORTCODES,
    SPAN_CLASSES,
)
from multifidus.report.engines.source import INLINE_CODE, SHORTCODE, cell_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from multifidus.report.engines.source import Block, Document, Line

__all__ = ["lint_prose"]

_DIV = re.compile(r"^\s*:{3,}\s*(\{.*\}|[^\s{}]+)?\s*:*\s*$")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*(\{[^}]*\})?\s*#*\s*$")
_SPAN = re.compile(r"\]\{([^}]*)\}")
_CLASS = re.compile(r"(?<![\w\"'=/.-])\.([A-Za-z][\w-]*)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)\s>]+)[^)]*\)(\{[^}]*\})?")
_REMOTE = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
_LANGUAGE = re.compile(r"^\s*(?:`{3,}|~{3,})\s*\{(\w[\w-]*)\b")
_BOLD_LEAD = re.compile(r"^\s*\*\*(.+?)[.:]?\*\*[.:]?")

# What may hold digits without being a number of the results.
_NOT_NUMBERS = re.compile(
    r"<!--.*?-->"  # comments
    r"|`[^`]*`(?:\{[^}]*\})?"  # code
    r"|\{\{<.*?>\}\}"  # shortcodes
    r"|\]\([^)]*\)"  # link targets
    r"|<https?://[^>]*>|https?://\S+"  # addresses
    r"|\[\^[^\]]*\]"  # footnote marks
    r"|\{[^{}]*\}"  # attributes
    r"|-?@\{[^}]*\}|-?@[\w:.#$%&+?<>~/-]*\w"  # citations and cross-references
    r"|^\s*(?:\d+|#)[.)]\s",  # list numbers
    re.MULTILINE,
)
_DIGIT = re.compile(r"\d[\d.,]*")


def lint_prose(document: Document, blocks: Sequence[Block]) -> Iterator[Finding]:
    """Check every prose block and the captions of cells."""
    section = _Section(_allowed_numerals(document))
    depth: list[tuple[str, int]] = []
    for block in blocks:
        if block.kind == "verbatim":
            yield from _lint_fence(block.lines[0])
        elif block.kind == "cell":
            yield from section.lint_captions(block)
        else:
            for line in block.lines:
                yield from _lint_div(line, depth, section)
                yield from _lint_line(line)
                yield from section.lint_line(line)
    for place, number in depth:
        yield Finding(place, number, "RND-018", "the div that opens here is never closed.")


def _lint_fence(line: Line) -> Iterator[Finding]:
    match = _LANGUAGE.match(line.text)
    if match:
        yield Finding(
            line.file.name,
            line.number,
            "RND-006",
            f"a cell of the language {match[1]} is not run; use python.",
        )


def _lint_div(line: Line, depth: list[tuple[str, int]], section: _Section) -> Iterator[Finding]:
    match = _DIV.match(line.text)
    if match is None:
        return
    if match[1] is None:
        if not depth:
            yield Finding(
                line.file.name, line.number, "RND-018", "this closes a div that was never opened."
            )
            return
        depth.pop()
        section.leave_div(len(depth))
        return
    named = match[1] if match[1].startswith("{") else f"{{.{match[1]}}}"
    classes = _CLASS.findall(_without_values(named))
    section.enter_div(classes, len(depth))
    depth.append((line.file.name, line.number))
    yield from _lint_classes(line, "div", named, DIV_CLASSES)


def _lint_line(line: Line) -> Iterator[Finding]:
    text = re.sub(r"`[^`]*`", "", line.text)
    heading = _HEADING.match(text)
    if heading and heading[3]:
        yield from _lint_classes(line, "heading", heading[3], HEADING_CLASSES)
    for match in _SPAN.finditer(text):
        yield from _lint_classes(line, "span", match[1], SPAN_CLASSES)
    yield from _lint_shortcodes(line)
    yield from _lint_pictures(line, text)


def _lint_classes(line: Line, where: str, text: str, known: Iterable[str]) -> Iterator[Finding]:
    for name in _CLASS.findall(_without_values(text)):
        if name not in known:
            yield _unknown_class(line, where, name, known)


def _lint_shortcodes(line: Line) -> Iterator[Finding]:
    file, number = line.file.name, line.number
    for match in SHORTCODE.finditer(line.text):
        if match[1] not in SHORTCODES:
            close = difflib.get_close_matches(match[1], sorted(SHORTCODES), n=1)
            hint = f"did you mean {close[0]}?" if close else "take it out."
            yield Finding(
                file,
                number,
                "RND-008",
                f"the shortcode {match[1]} is not one that both engines know; {hint}",
            )
        elif match[1] == "include" and SHORTCODE.fullmatch(line.text.strip()) is None:
            yield Finding(file, number, "RND-008", "an include must be on a line of its own.")


def _lint_pictures(line: Line, text: str) -> Iterator[Finding]:
    file, number = line.file.name, line.number
    for match in _PICTURE.finditer(text):
        if _REMOTE.match(match[2]):
            yield Finding(
                file,
                number,
                "RND-012",
                "the picture is fetched from the network; keep a copy beside the document.",
            )
        if not match[1] and "fig-alt" not in (match[3] or ""):
            yield Finding(
                file, number, "RND-022", "the picture has neither caption nor fig-alt; describe it."
            )


def _unknown_class(line: Line, where: str, name: str, known: Iterable[str]) -> Finding:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    hint = f"did you mean {close[0]}?" if close else "take it out."
    return Finding(
        line.file.name,
        line.number,
        "RND-007",
        f"the {where} class {name} is not one that both engines know; {hint}",
    )


def _without_values(text: str) -> str:
    """Drop quoted attribute values, whose dots are no classes."""
    return re.sub(r"=\"[^\"]*\"|='[^']*'|=\S+", "=", text)


def _allowed_numerals(document: Document) -> tuple[str, ...]:
    own = document.metadata.get("multifidus") or {}
    listed = own.get("allowed-numerals", []) if isinstance(own, dict) else []
    # The longest first, so that a name inside a name does not leave digits behind.
    return tuple(sorted((str(item) for item in listed), key=lambda item: (-len(item), item)))


@dataclass
class _Section:
    """Whether the lint works inside results.

    Results are the section whose heading is "Results" (with its subsections), and in the
    abstract the part from a lead or heading "Results" to the next one.
    """

    allowed: tuple[str, ...]
    level: int = 0
    abstract_depth: int = -1
    abstract_results: bool = False
    comment: bool = field(default=False)

    @property
    def _in_results(self) -> bool:
        return self.abstract_results if self.abstract_depth >= 0 else self.level > 0

    def enter_div(self, classes: Sequence[str], depth: int) -> None:
        """Note the start of the abstract."""
        if "abstract" in classes:
            self.abstract_depth, self.abstract_results = depth, False

    def leave_div(self, depth: int) -> None:
        """Note the end of the abstract."""
        if depth == self.abstract_depth:
            self.abstract_depth = -1

    def _move(self, text: str) -> None:
        heading = _HEADING.match(text)
        if self.abstract_depth >= 0:
            lead = _BOLD_LEAD.match(text)
            name = heading[2] if heading else lead[1] if lead else None
            if name is not None:
                self.abstract_results = _is_results(name)
        elif heading:
            level = len(heading[1])
            if _is_results(heading[2]):
                self.level = level if self.level == 0 else min(self.level, level)
            elif self.level and level <= self.level:
                self.level = 0

    def lint_line(self, line: Line) -> Iterator[Finding]:
        """Refuse digits that were typed into results prose."""
        self._move(line.text)
        text = self._without_comments(line.text)
        if self._in_results and _DIV.match(text) is None:
            yield from self._numerals(text, line.file.name, line.number, "prose")

    def _without_comments(self, text: str) -> str:
        if self.comment:
            _, closed, text = text.partition("-->")
            self.comment = not closed
        text = re.sub(r"<!--.*?-->", "", text)
        before, opened, _ = text.partition("<!--")
        self.comment = self.comment or bool(opened)
        return before

    def lint_captions(self, block: Block) -> Iterator[Finding]:
        """Refuse typed digits in the captions of cells among the results."""
        if not self._in_results:
            return
        options, _ = cell_options(block.text, block.place)
        file, _, number = block.place.rpartition(":")
        for key in ("fig-cap", "fig-subcap", "tbl-cap", "tbl-subcap"):
            captions = options.get(key) or []
            for caption in captions if isinstance(captions, list) else [captions]:
                yield from self._numerals(str(caption), file, int(number), key)

    def _numerals(self, text: str, file: str, number: int, where: str) -> Iterator[Finding]:
        text = _NOT_NUMBERS.sub(" ", INLINE_CODE.sub(" ", text))
        for phrase in self.allowed:
            pattern = r"\s+".join(re.escape(part) for part in phrase.replace("\u00a0", " ").split())
            text = re.sub(rf"(?<!\w){pattern}(?![\w])", " ", text.replace("\u00a0", " "))
        found = _DIGIT.search(text)
        if found:
            yield Finding(
                file,
                number,
                "RND-013",
                f"the number {found[0].rstrip('.,')} is typed into {where} of the results; take "
                "it from the results table by its id, or list the name it belongs to under "
                "multifidus: allowed-numerals.",
            )


def _is_results(name: str) -> bool:
    words = re.sub(r"[^\w\s]", " ", name).lower().split()
    return words[:1] == ["results"] or words[:1] == ["findings"]
