"""Kernels end with the render that started them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest

from multifidus.base.errors import RenderError
from multifidus.report.engines.kernel import FigureSettings, kernel_environment, run_cells
from multifidus.report.engines.notebooks import code_cell, new_notebook

if TYPE_CHECKING:
    from pathlib import Path


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


@pytest.mark.parametrize("code", ["1 + 1", "1 / 0", "import os; os._exit(1)"])
def test_no_kernel_outlives_its_document(tmp_path: Path, code: str) -> None:
    notebook = new_notebook()
    asks = "import os, pathlib; pathlib.Path('pid').write_text(str(os.getpid()))"
    notebook.cells = [code_cell(asks, {"place": "a"}), code_cell(code, {"place": "b"})]
    environment = kernel_environment(tmp_path / "kernel", {}, FigureSettings())
    before = children()
    with contextlib.suppress(RenderError):
        run_cells(notebook, tmp_path, tmp_path / "kernel", environment)
    assert int((tmp_path / "pid").read_text()) not in children()
    assert children() <= before
