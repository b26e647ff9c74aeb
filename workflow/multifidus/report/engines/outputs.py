"""Cell outputs to markdown, in the order of preference that Quarto uses for each format."""

from __future__ import annotations

import ast
import base64
import json
import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from multifidus.base.errors import RenderError
from multifidus.base.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from multifidus.report.engines.lint.subset import FormatName

__all__ = ["OutputWriter", "attributes", "fenced_div", "inline_value", "verbatim"]

_SUFFIXES: Final = MappingProxyType(
    {"image/svg+xml": ".svg", "image/png": ".png", "image/jpeg": ".jpg"}
)
_PICTURES: Final = MappingProxyType(
    {
        "html": ("image/svg+xml", "image/png", "image/jpeg"),
        "pdf": ("image/svg+xml", "image/png", "image/jpeg"),
        "docx": ("image/png", "image/jpeg", "image/svg+xml"),
    }
)
_MARKDOWN_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!<>|~^$@\"'&])")


def attributes(
    identifier: str = "", classes: Sequence[str] = (), pairs: Mapping[str, object] | None = None
) -> str:
    """Write pandoc attributes; pairs without a value are left out."""
    parts = [f"#{identifier}"] if identifier else []
    parts += [f".{name}" for name in classes]
    for key, value in (pairs or {}).items():
        if value not in (None, ""):
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'{key}="{text}"')
    return "{" + " ".join(parts) + "}"


def fenced_div(content: str, attribute_text: str) -> str:
    """Put content in a div whose fence is longer than any fence inside."""
    inside = [len(match) for match in re.findall(r"^ *(:{3,})", content, re.MULTILINE)]
    fence = ":" * (max(inside, default=2) + 1)
    return f"{fence} {attribute_text}\n\n{content}\n\n{fence}"


def verbatim(text: str, attribute_text: str) -> str:
    """Put text in a code fence that is longer than any run of back-ticks inside."""
    runs = [len(run) for run in re.findall(r"`+", text)]
    fence = "`" * max(3, 1 + max(runs, default=0))
    return f"{fence} {attribute_text}\n{text.rstrip()}\n{fence}"


def inline_value(data: Mapping[str, str]) -> str:
    """Return the markdown of an inline expression's value.

    A ``Markdown`` object is taken as it is; anything else is plain text, escaped.
    """
    if "text/markdown" in data:
        return data["text/markdown"].strip()
    text = data.get("text/plain", "")
    if text[:1] in {"'", '"'}:
        text = str(ast.literal_eval(text))
    return _MARKDOWN_PUNCTUATION.sub(r"\\\1", text)


@dataclass(frozen=True)
class OutputWriter:
    """Writes one format's cells as markdown; pictures go to ``folder / files``.

    Attributes
    ----------
    output_format
        The format written for.
    folder
        The document's folder; pandoc runs there.
    files
        Folder of the pictures, relative to ``folder``.
    """

    output_format: FormatName
    folder: Path
    files: str

    def cell(self, cell: NotebookNode, options: Mapping[str, Any], stem: str, place: str) -> str:
        """Return a cell's code (when echoed) and outputs as markdown.

        Parameters
        ----------
        cell
            An executed code cell; ``metadata.shown`` is its code as the reader sees it.
        options
            The cell's options over the document's ``execute`` defaults.
        stem
            Unique start of its picture names.
        place
            ``file:line`` for error sentences.

        Raises
        ------
        RenderError
            ``RND-043`` (an output no format can show), ``RND-052`` (sub-captions that do not
            match the outputs).
        """
        if options.get("include") is False:
            return ""
        parts = [self._code(cell, options)] if options.get("echo", True) else []
        texts = self._outputs(cell, options, stem, place)
        parts += self._floats(texts, options, place)
        body = "\n\n".join(part for part in parts if part)
        if body and options.get("column"):
            body = fenced_div(body, attributes(classes=(f"column-{options['column']}",)))
        return body

    def _code(self, cell: NotebookNode, options: Mapping[str, Any]) -> str:
        shown = cell.metadata.get("shown", "")
        if not shown:
            return ""
        fold = options.get("code-fold") and self.output_format == "html"
        pairs = {
            "code-fold": str(options["code-fold"]).lower() if fold else None,
            "code-summary": options.get("code-summary") if fold else None,
        }
        code = verbatim(shown, attributes(classes=("python", "cell-code"), pairs=pairs))
        label = str(options.get("lst-label") or "")
        if not label and str(options.get("label", "")).startswith("lst-"):
            label = str(options["label"])
        if label:
            return fenced_div(f"{code}\n\n{options.get('lst-cap', '')}", attributes(label))
        return code

    def _outputs(
        self, cell: NotebookNode, options: Mapping[str, Any], stem: str, place: str
    ) -> list[str]:
        if options.get("output", True) is False:
            return []
        texts: list[str] = []
        pictures = any(_is_picture(output) for output in cell.outputs)
        for number, output in enumerate(cell.outputs):
            if output.output_type == "stream":
                text = _stream(output, options)
            elif output.output_type == "error":
                text = verbatim(f"{output.ename}: {output.evalue}", "{.text .cell-error}")
            elif pictures and set(output.data) == {"text/plain"}:
                continue  # the repr of what a plotting call returns
            else:
                text = self._data(output.data, options, f"{stem}-{number}", place)
            if text:
                texts.append(text)
        return texts

    def _data(
        self, data: Mapping[str, str], options: Mapping[str, Any], stem: str, place: str
    ) -> str:
        for kind in self._preference(data):
            if kind not in data:
                continue
            if kind in _SUFFIXES:
                return self._picture(data[kind], kind, options, stem)
            if kind == "text/html":
                return verbatim(data[kind], "{=html}")
            if kind == "text/plain":
                return verbatim(data[kind], "{.text .cell-output}")
            return data[kind]
        raise RenderError(
            "RND-043",
            f"{place}: the cell shows {', '.join(sorted(data)) or 'nothing'}, which no format can "
            "print; show a figure, markdown, a table or text.",
        )

    def _preference(self, data: Mapping[str, str]) -> tuple[str, ...]:
        pictures = _PICTURES[self.output_format]
        table = "<table" in data.get("text/html", "").lower()
        if self.output_format == "html":
            return ("text/html", "text/markdown", *pictures, "text/plain")
        return ("text/markdown", *pictures, *(("text/html",) if table else ()), "text/plain")

    def _picture(self, content: str, kind: str, options: Mapping[str, Any], stem: str) -> str:
        name = f"{self.files}/{stem}{_SUFFIXES[kind]}"
        raw = content.encode("utf-8") if kind.endswith("xml") else base64.b64decode(content)
        write_bytes(self.folder / name, raw)
        number = re.search(r"-(\d+)$", stem)
        alt = options.get("fig-alt")
        if isinstance(alt, list):
            index = int(number[1]) if number else 0
            alt = alt[min(index, len(alt) - 1)] if alt else None
        return f"![]({name}){attributes(pairs={'alt': alt, 'width': options.get('out-width')})}"

    def _floats(self, texts: list[str], options: Mapping[str, Any], place: str) -> list[str]:
        label = str(options.get("label", ""))
        kind = label.partition("-")[0]
        layout = _layout(options, len(texts))
        caption = options.get(f"{kind}-cap") if kind in {"fig", "tbl"} else None
        if not caption:
            return [fenced_div("\n\n".join(texts), attributes(pairs=layout))] if layout else texts
        captions = options.get(f"{kind}-subcap") or []
        if captions:
            if len(captions) != len(texts):
                raise RenderError(
                    "RND-052",
                    f"{place}: {kind}-subcap has {len(captions)} captions and the cell makes "
                    f"{len(texts)} outputs; give one caption for each.",
                )
            texts = [
                fenced_div(f"{text}\n\n{sub}", attributes(f"{label}-{number}"))
                for number, (text, sub) in enumerate(zip(texts, captions, strict=True), start=1)
            ]
        return [fenced_div("\n\n".join([*texts, str(caption)]), attributes(label, pairs=layout))]


def _is_picture(output: NotebookNode) -> bool:
    return any(kind in output.get("data", {}) for kind in _SUFFIXES)


def _stream(output: NotebookNode, options: Mapping[str, Any]) -> str:
    if output.name == "stderr" and options.get("warning", True) is False:
        return ""
    if options.get("output") == "asis":
        return str(output.text)
    return verbatim(output.text, f"{{.text .cell-output .cell-{output.name}}}")


def _layout(options: Mapping[str, Any], count: int) -> dict[str, object]:
    """Return the layout as rows of relative widths, in JSON: one form for the Lua filter."""
    layout = options.get("layout")
    if layout:
        rows = layout if isinstance(layout[0], list) else [layout]
        return {"layout": json.dumps(rows)}
    columns = options.get("layout-ncol")
    if not columns and options.get("layout-nrow"):
        columns = math.ceil(count / int(options["layout-nrow"]))
    if not columns:
        return {}
    return {"layout-ncol": int(columns)}
