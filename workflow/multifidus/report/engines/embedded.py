"""The embedded renderer: one execution, pandoc for three formats, Typst for the PDF.

It replaces Quarto where that is not installed and reads the same documents, within the subset that
`multifidus.report.engines.lint.subset` names.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import RenderError
from multifidus.report.engines.compose import (
    build_notebook,
    figure_settings,
    format_metadata,
    write_markdown,
)
from multifidus.report.engines.kernel import kernel_environment, run_cells
from multifidus.report.engines.lint.findings import placed
from multifidus.report.engines.lint.subset import EXTENSIONS
from multifidus.report.engines.outputs import OutputWriter
from multifidus.report.engines.pandoc import Conversion, engine_version
from multifidus.report.engines.shortcodes import ShortcodeWriter
from multifidus.report.engines.source import merge, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from multifidus.report.engines.lint.subset import FormatName
    from multifidus.report.engines.source import Document

__all__ = ["describe", "render_embedded"]


def describe() -> str:
    """Return the engine's name with its versions, as the colophon prints it."""
    return f"embedded ({engine_version()})"


def render_embedded(
    staged: Path,
    formats: Sequence[FormatName],
    *,
    metadata: Mapping[str, Any],
    environment: Mapping[str, str],
    scratch: Path,
) -> tuple[dict[FormatName, Path], dict[str, float]]:
    """Render a staged document.

    Parameters
    ----------
    staged
        The document in the scratch tree.
    formats
        What to make.
    metadata
        The run's own metadata; wins over the document's.
    environment
        Variables for the document's cells and for ``env`` shortcodes.
    scratch
        Folder for the kernel, intermediates and logs.

    Returns
    -------
    tuple
        The file of each format, in the scratch tree, and the seconds each step took.

    Raises
    ------
    RenderError
        See `run_cells`, `write_markdown` and `Conversion.write`.
    """
    seconds: dict[str, float] = {}
    start = time.perf_counter()
    document = read_document(staged)
    merged = merge(document.metadata, metadata)
    whole = kernel_environment(scratch / "kernel", environment, figure_settings(merged))
    notebook = build_notebook(document, merged)
    run_cells(notebook, staged.parent, scratch / "kernel", whole)
    seconds["execute"] = time.perf_counter() - start
    made: dict[FormatName, Path] = {}
    work = scratch / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for output_format in formats:
        start = time.perf_counter()
        writer = _Writer(document, notebook, merged, whole, work)
        try:
            made[output_format] = writer.write(output_format)
        except RenderError as error:
            raise placed(error, document) from error
        seconds[output_format] = time.perf_counter() - start
    return made, seconds


@dataclass(frozen=True)
class _Writer:
    """An executed document, ready to be written in any format."""

    document: Document
    notebook: NotebookNode
    metadata: Mapping[str, Any]
    environment: Mapping[str, str]
    work: Path

    def write(self, output_format: FormatName) -> Path:
        folder, stem = self.document.path.parent, self.document.path.stem
        own = format_metadata(self.metadata, output_format)
        outputs = OutputWriter(output_format, folder, f"{stem}_files/figure-{output_format}")
        shortcodes = ShortcodeWriter(own, self.document.variables, self.environment, outputs)
        markdown = write_markdown(self.notebook, outputs, shortcodes)
        target = self.work / f"{stem}{EXTENSIONS[output_format]}"
        Conversion(folder, stem, self.work).write(markdown, own, output_format, target)
        return target
