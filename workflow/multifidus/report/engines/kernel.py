"""One Jupyter kernel with fixed settings: the running Python, no user profile, no clock.

Figures leave the kernel as PNG and as SVG, so that one execution serves every format. Their
bytes depend on the code and the installed libraries alone: the SVG hash salt is fixed, dates
are left out and matplotlib reads no user settings.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

import multifidus
from multifidus.base import errors
from multifidus.base.errors import MultifidusError, RenderError
from multifidus.base.files import write_text
from multifidus.report.engines.notebooks import notebook_text, read_notebook
from multifidus.report.figures.style import RASTER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

__all__ = [
    "FigureSettings",
    "execute_notebook",
    "kernel_environment",
    "kernel_variables",
    "reason",
    "run_cells",
    "write_kernel_spec",
]

_KERNEL = "multifidus"
_LONGEST_SOCKET = 90  # a socket's path holds about a hundred characters
_TIMEOUT_SECONDS = 1800
_KERNEL_PATH = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py")

# An exception of these classes says what is wrong in words of the code; the words of any other
# may quote a participant's values and stay unprinted.
_CODE_ERRORS = frozenset(
    {"AttributeError", "ImportError", "IndentationError", "ModuleNotFoundError", "NameError"}
    | {"SyntaxError"}
    | {name for name, value in vars(errors).items() if isinstance(value, type)}
)


@dataclass(frozen=True)
class FigureSettings:
    """Default size (inches) and resolution (dots per inch) of figures; pixels alone or SVG too."""

    width: float = 6.5
    height: float = 4.0
    dpi: int = 200
    raster: bool = False


def kernel_environment(
    scratch: Path, environment: Mapping[str, str], figures: FigureSettings
) -> dict[str, str]:
    """Build the environment of a kernel, or of Quarto, that computes the same bytes each time.

    Parameters
    ----------
    scratch
        Folder for the kernel's own settings; made when absent.
    environment
        What the caller adds; it wins over the defaults.
    figures
        Default figure size and resolution.
    """
    package = str(Path(multifidus.__file__).resolve().parent.parent)
    inherited = environment.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    defaults = kernel_variables(scratch, figures)
    path = os.pathsep.join(dict.fromkeys(filter(None, (package, *inherited.split(os.pathsep)))))
    return {**os.environ, **defaults, **environment, "PYTHONPATH": path}


def kernel_variables(scratch: Path, figures: FigureSettings) -> dict[str, str]:
    """Write the settings of a kernel into a folder and return the variables that point at them."""
    profile = scratch / "ipython" / "profile_default"
    inline = {
        "figure_formats": ["png"] if figures.raster else ["png", "svg"],
        "print_figure_kwargs": {
            "bbox_inches": "tight",
            "dpi": figures.dpi,
            "metadata": {"Date": None},
        },
    }
    write_text(profile / "ipython_kernel_config.json", json.dumps({"InlineBackend": inline}))
    write_text(
        scratch / "matplotlibrc",
        f"figure.figsize: {figures.width}, {figures.height}\n"
        "figure.dpi: 100\nsvg.hashsalt: multifidus\n",
    )
    raster = {RASTER_VARIABLE: "1"} if figures.raster else {}
    return raster | {
        "IPYTHONDIR": str(scratch / "ipython"),
        "MATPLOTLIBRC": str(scratch / "matplotlibrc"),
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "0",
    }


def run_cells(
    notebook: NotebookNode,
    folder: Path,
    scratch: Path,
    environment: Mapping[str, str],
) -> None:
    """Execute every code cell of a notebook in place, in one kernel of the running Python.

    Parameters
    ----------
    notebook
        Cells carry ``metadata.place`` (``file:line`` or a cell number) for error sentences;
        cells of inline expressions one of ``metadata.places`` for each.
    folder
        Working folder of the kernel.
    scratch
        Folder for the kernel's connection file.
    environment
        The kernel's whole environment, see `kernel_environment`.

    Raises
    ------
    RenderError
        ``RND-040`` (a cell fails), ``RND-041`` (an inline expression fails), ``RND-042``
        (the kernel does not start, dies or takes too long).
    """
    manager = _kernel_manager(scratch)
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=_TIMEOUT_SECONDS,
        record_timing=False,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        # Asked to, since the client leaves a kernel alone whose manager it was given.
        client.execute(cleanup_kc=True, env=dict(environment))
    except CellExecutionError as error:
        raise _cell_error(notebook, error, scratch) from error
    except (CellTimeoutError, DeadKernelError, RuntimeError, OSError) as error:
        raise RenderError(
            "RND-042",
            "the Python kernel did not start, died or took longer than half an hour; check the "
            "memory that is free and that ipykernel is installed, then render again.",
        ) from error
    _settle_outputs(notebook)


def write_kernel_spec(folder: Path) -> None:
    """Write ``kernel.json`` for a kernel of the running Python into ``folder``."""
    launch = ["-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
    spec = {
        "argv": [sys.executable, *launch],
        "display_name": "Python 3",
        "language": "python",
    }
    write_text(folder / "kernel.json", json.dumps(spec))


def _kernel_manager(scratch: Path) -> AsyncKernelManager:
    """Make a manager for the running Python, whatever kernels the user has registered."""
    write_kernel_spec(scratch / "kernels" / _KERNEL)
    specs = KernelSpecManager(kernel_dirs=[str(scratch / "kernels")])
    # Sockets of the file system need no network at all, not even the loopback interface.
    sockets = scratch / "socket"
    local = os.name == "posix" and len(str(sockets)) <= _LONGEST_SOCKET
    return AsyncKernelManager(
        kernel_name=_KERNEL,
        kernel_spec_manager=specs,
        connection_file=str(scratch / "connection.json"),
        **({"transport": "ipc", "ip": str(sockets)} if local else {}),
    )


def _cell_error(notebook: NotebookNode, error: CellExecutionError, scratch: Path) -> RenderError:
    """Turn a failing cell into one sentence; the stack without its values goes to a log."""
    cell, output = next(
        (cell, output)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.get("outputs", [])
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", [])
    )
    why = reason(error.ename, error.evalue)
    frames = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback[:-1]))
    frames = _KERNEL_PATH.sub("<cell>", frames)
    write_text(scratch / "failed-cell.log", f"{why}\n{frames}\n")
    inline = cell.metadata.get("kind") == "inline"
    if inline:
        done = sum(item.output_type == "display_data" for item in cell.outputs)
        where = cell.metadata["places"][min(done, len(cell.metadata["places"]) - 1)]
    else:
        where = cell.metadata.get("place", "a cell")
    told = RenderError(
        "RND-041" if inline else "RND-040",
        f"{where}: the {'inline expression' if inline else 'cell'} fails with {why}; correct the "
        "code there.",
    )
    told.add_note(frames)  # reaches the log with the traceback, never the user's terminal
    return told


def reason(name: str, value: str) -> str:
    """Return an exception's name, with its message only where that cannot hold a value of the data.

    Messages of faults in code name what is not defined; this project's own hold no values.
    """
    ours = any(name == kind.__name__ for kind in MultifidusError.__subclasses__())
    return f"{name}: {value}" if ours or name in _CODE_ERRORS else name


def _settle_outputs(notebook: NotebookNode) -> None:
    """Take out of the outputs what changes from run to run: process ids and timings."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if output.output_type == "stream":
                output.text = _KERNEL_PATH.sub("<cell>", output.text)


def execute_notebook(
    source: Path, target: Path, *, environment: Mapping[str, str], scratch: Path | None = None
) -> None:
    """Execute an ``.ipynb`` and write it with its outputs, with the same bytes each time.

    Cell ids are kept; a cell without one gets its number. Execution times, kernel names and
    process ids are left out; figures have fixed settings (`kernel_environment`).

    Parameters
    ----------
    source
        The notebook to execute; its folder is the working folder.
    target
        Where the executed notebook is written, whole or not at all.
    environment
        Variables for the kernel, added to the current ones.
    scratch
        Folder for the kernel's settings and the log of a failing cell; a temporary one, gone
        afterwards, when not given.

    Raises
    ------
    RenderError
        ``RND-070`` when the file is no notebook; ``RND-040`` and ``RND-042`` as in `run_cells`.
    """
    try:
        notebook = read_notebook(source)
    except Exception as error:
        raise RenderError(
            "RND-070", f"{source.name} cannot be read as a notebook; check or restore the file."
        ) from error
    for number, cell in enumerate(notebook.cells, start=1):
        cell.setdefault("id", f"cell-{number}")
        cell.metadata["place"] = f"{source.name}, cell {number}"
    with TemporaryDirectory(prefix="multifidus-kernel-") as folder:
        place = scratch or Path(folder)
        whole = kernel_environment(place, environment, FigureSettings())
        run_cells(notebook, source.resolve().parent, place, whole)
    for cell in notebook.cells:
        cell.metadata.pop("place", None)
    write_text(target, notebook_text(notebook))
