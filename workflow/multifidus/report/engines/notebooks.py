"""Notebooks as nodes: a typed door to nbformat, whose own functions carry no types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import v4

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbformat import NotebookNode

__all__ = ["code_cell", "new_notebook", "notebook_text", "prose_cell", "read_notebook"]

_format: Any = nbformat
_cells: Any = v4


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook of any format version as version 4."""
    notebook: NotebookNode = _format.read(path, as_version=4)
    return notebook


def new_notebook() -> NotebookNode:
    """Return an empty notebook."""
    notebook: NotebookNode = _cells.new_notebook()
    return notebook


def code_cell(source: str, metadata: Mapping[str, object]) -> NotebookNode:
    """Return a code cell."""
    cell: NotebookNode = _cells.new_code_cell(source, metadata=dict(metadata))
    return cell


def prose_cell(source: str, metadata: Mapping[str, object]) -> NotebookNode:
    """Return a markdown cell."""
    cell: NotebookNode = _cells.new_markdown_cell(source, metadata=dict(metadata))
    return cell


def notebook_text(notebook: NotebookNode) -> str:
    """Return a notebook as JSON (format 4.5) that names no version of the kernel."""
    notebook.metadata = _format.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"file_extension": ".py", "name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return str(_format.writes(notebook, version=4)) + "\n"
