"""One document to one notebook, executed once, and from it to markdown for each format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import RenderError
from multifidus.report.engines.kernel import FigureSettings
from multifidus.report.engines.lint.subset import PANDOC_FORMATS
from multifidus.report.engines.notebooks import code_cell, new_notebook, prose_cell
from multifidus.report.engines.outputs import inline_value
from multifidus.report.engines.source import INLINE_CODE, cell_options, merge, split_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

    from multifidus.report.engines.lint.subset import FormatName
    from multifidus.report.engines.outputs import OutputWriter
    from multifidus.report.engines.shortcodes import ShortcodeWriter
    from multifidus.report.engines.source import Block, Document

__all__ = ["build_notebook", "figure_settings", "format_metadata", "write_markdown"]

# Named in full: a document may use the name "display" for something else.
_DISPLAY = "__import__('IPython.display', fromlist=['display']).display"
_INHERITED = ("echo", "error", "eval", "include", "output", "warning")
_SIZE = (
    "import matplotlib as _matplotlib\n_matplotlib.rcParams['figure.figsize'] = ({width}, {height})"
)


def figure_settings(metadata: Mapping[str, Any]) -> FigureSettings:
    """Return the document's default figure size, inches, and resolution."""
    default = FigureSettings()
    return FigureSettings(
        width=float(metadata.get("fig-width", default.width)),
        height=float(metadata.get("fig-height", default.height)),
        dpi=int(metadata.get("fig-dpi", default.dpi)),
    )


def format_metadata(metadata: Mapping[str, Any], output_format: FormatName) -> dict[str, Any]:
    """Lay the keys of ``format.<writer>`` over the document's own, as Quarto does."""
    formats = metadata.get("format") or {}
    own = formats.get(PANDOC_FORMATS[output_format]) if isinstance(formats, dict) else None
    merged = merge(metadata, own if isinstance(own, dict) else {})
    merged.pop("format", None)
    return merged


def build_notebook(document: Document, metadata: Mapping[str, Any]) -> NotebookNode:
    """Turn a document into a notebook: prose cells, code cells, inline expressions.

    The inline expressions of a stretch of prose are one hidden cell, in document order, so that
    they see what the cells before them have made; each fails with its own line. Cells of figures
    with a size of their own are framed by two hidden cells that set and reset the size.
    """
    notebook = new_notebook()
    default = figure_settings(metadata)
    execute = metadata.get("execute") or {}
    for block in split_blocks(document.lines):
        if block.kind == "cell":
            inherited = {key: execute[key] for key in _INHERITED if key in execute}
            notebook.cells.extend(_code_cells(block, inherited, default))
            continue
        places = [line.place for line in block.lines]
        notebook.cells.append(prose_cell(block.text, {"kind": block.kind, "places": places}))
        if block.kind == "prose":
            notebook.cells.extend(_inline_cells(block))
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number}"
    return notebook


def _code_cells(
    block: Block, inherited: Mapping[str, Any], default: FigureSettings
) -> Iterator[NotebookNode]:
    own, code = cell_options(block.text, block.place)
    options = {**inherited, **own}
    sized = "fig-width" in own or "fig-height" in own
    if sized:
        width, height = own.get("fig-width", default.width), own.get("fig-height", default.height)
        yield _hidden(_SIZE.format(width=float(width), height=float(height)))
    cell = code_cell(
        "" if options.get("eval") is False else code,
        metadata={"kind": "cell", "place": block.place, "options": options, "shown": code},
    )
    if options.get("error"):
        cell.metadata["tags"] = ["raises-exception"]
    yield cell
    if sized:
        yield _hidden(_SIZE.format(width=default.width, height=default.height))


def _hidden(code: str) -> NotebookNode:
    return code_cell(code, metadata={"kind": "hidden"})


def _inline_cells(block: Block) -> Iterator[NotebookNode]:
    """Yield one cell that displays the values of all inline expressions of a block, in order."""
    places, calls = [], []
    for match in INLINE_CODE.finditer(block.text):
        places.append(block.lines[block.text.count("\n", 0, match.start())].place)
        calls.append(f"{_DISPLAY}(\n{match[1].strip()}\n)")
    if calls:
        yield code_cell("\n".join(calls), metadata={"kind": "inline", "places": places})


@dataclass
class _Values:
    """The values of a document's inline expressions, taken one by one."""

    bundles: list[Mapping[str, str]]

    @classmethod
    def of(cls, notebook: NotebookNode) -> _Values:
        """Collect them.

        Raises
        ------
        RenderError
            ``RND-043`` when an expression shows something of its own besides its value.
        """
        bundles: list[Mapping[str, str]] = []
        for cell in notebook.cells:
            if cell.metadata.get("kind") != "inline":
                continue
            shown = [out.data for out in cell.outputs if out.output_type == "display_data"]
            places = cell.metadata["places"]
            if len(shown) != len(places):
                raise RenderError(
                    "RND-043",
                    f"{places[0]}: an inline expression from here on displays more than its "
                    "value; let it return what the text is to say.",
                )
            bundles += shown
        return cls(bundles)

    def take(self) -> str:
        return inline_value(self.bundles.pop(0))


def write_markdown(
    notebook: NotebookNode, writer: OutputWriter, shortcodes: ShortcodeWriter
) -> str:
    """Write an executed notebook as the markdown of one format.

    Raises
    ------
    RenderError
        As `OutputWriter.cell` and `ShortcodeWriter.replace` raise.
    """
    values = _Values.of(notebook)
    parts: list[str] = []
    for number, cell in enumerate(notebook.cells):
        kind, place = cell.metadata.get("kind"), cell.metadata.get("place", "")
        if kind == "cell":
            options = cell.metadata["options"]
            stem = f"{options.get('label') or 'cell'}-{number}"
            parts.append("\n" + writer.cell(cell, options, stem, place) + "\n")
        elif kind == "verbatim":
            parts.append(cell.source)
        elif kind == "prose":
            parts.append(_prose(cell, shortcodes, values))
    return "\n".join(parts)


def _prose(cell: NotebookNode, shortcodes: ShortcodeWriter, values: _Values) -> str:
    """Replace inline code and shortcodes; neither is looked for in what the other printed."""
    text, places = cell.source, cell.metadata["places"]
    parts: list[str] = []
    end = 0
    for match in INLINE_CODE.finditer(text):
        before = text[end : match.start()]
        parts += [shortcodes.replace(before, places[text.count("\n", 0, end) :]), values.take()]
        end = match.end()
    rest = shortcodes.replace(text[end:], places[text.count("\n", 0, end) :])
    return "".join([*parts, rest])
