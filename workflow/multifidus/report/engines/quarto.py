"""Quarto, where it is installed: finding it, and one call for each format in a scratch folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from multifidus.base.errors import RenderError
from multifidus.base.files import write_bytes, write_text
from multifidus.report.engines.compose import figure_settings
from multifidus.report.engines.kernel import kernel_environment, write_kernel_spec
from multifidus.report.engines.lint.subset import EXTENSIONS, PANDOC_FORMATS
from multifidus.report.engines.pdf_time import without_time
from multifidus.report.engines.quarto_log import fault_in, plain
from multifidus.report.engines.scratch import settle_notebooks
from multifidus.report.engines.source import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multifidus.report.engines.lint.subset import FormatName

__all__ = ["MINIMUM_VERSION", "Quarto", "find_quarto", "render_with_quarto"]

#: The first Quarto whose pandoc reads every template and filter used here.
MINIMUM_VERSION: Final = (1, 7, 0)

_VERSION_SECONDS = 60
_RENDER_SECONDS = 3600


@dataclass(frozen=True)
class Quarto:
    """A Quarto that was found and is new enough."""

    program: Path
    version: str


def find_quarto(environment: Mapping[str, str] | None = None) -> Quarto | None:
    """Find Quarto by ``QUARTO_PATH``, on ``PATH``, or beside the running Python.

    Parameters
    ----------
    environment
        Variables to look in; the process's own by default.

    Returns
    -------
    Quarto or None
        None when there is no Quarto at all.

    Raises
    ------
    RenderError
        ``RND-064`` (``QUARTO_PATH`` names no program), ``RND-061`` (the version is too old or
        cannot be read).
    """
    variables = os.environ if environment is None else environment
    program = _find_program(variables)
    if program is None:
        return None
    version = _version_of(program)
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < MINIMUM_VERSION:
        needed = ".".join(str(part) for part in MINIMUM_VERSION)
        raise RenderError(
            "RND-061",
            f"Quarto {version} is older than the {needed} that is needed; bring Quarto up to date "
            "or choose render.engine: embedded.",
        )
    return Quarto(program, version)


def _find_program(variables: Mapping[str, str]) -> Path | None:
    named = variables.get("QUARTO_PATH")
    if named:
        path = Path(named)
        found = shutil.which("quarto", path=str(path)) if path.is_dir() else shutil.which(named)
        if found is None:
            raise RenderError(
                "RND-064",
                "QUARTO_PATH names neither the quarto program nor its folder; correct or unset it.",
            )
        return Path(found)
    beside = str(Path(sys.executable).parent)
    found = shutil.which("quarto", path=variables.get("PATH", "")) or shutil.which(
        "quarto", path=beside
    )
    return Path(found) if found else None


def _version_of(program: Path) -> str:
    try:
        done = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RenderError(
            "RND-061",
            "the quarto that was found does not answer --version; reinstall it or set "
            "render.engine: embedded.",
        ) from error
    lines = done.stdout.strip().splitlines()
    version = lines[-1].strip() if lines else ""
    if not re.match(r"\d+\.\d+", version):
        raise RenderError(
            "RND-061",
            "the quarto that was found gives no version number; reinstall it or set "
            "render.engine: embedded.",
        )
    return version


def render_with_quarto(
    quarto: Quarto,
    staged: Path,
    formats: Sequence[FormatName],
    *,
    metadata: Mapping[str, Any],
    environment: Mapping[str, str],
    scratch: Path,
) -> tuple[dict[FormatName, Path], dict[str, float]]:
    """Render a staged document with Quarto, one call for each format.

    In a folder with ``_quarto.yml`` Quarto takes a list after ``--to`` as the name of one format,
    and ``--to all`` makes formats that were not asked for. Word comes last: its figures are pixels.

    Parameters
    ----------
    quarto
        The program to use.
    staged
        The document in the scratch tree.
    formats
        What to make.
    metadata
        The run's own metadata, handed over as a metadata file.
    environment
        Variables for the document's cells.
    scratch
        Folder for settings and the log ``quarto.log``.

    Returns
    -------
    tuple
        The file of each format, in the scratch tree, and the seconds each call took.

    Raises
    ------
    RenderError
        ``RND-062`` (Quarto fails), ``RND-063`` (a format did not come out), or a fault of the
        document: see :func:`multifidus.report.engines.quarto_log.fault_in`.
    """
    settings = staged.parent / "run-metadata.yml"
    write_text(settings, yaml.safe_dump(dict(metadata), allow_unicode=True, sort_keys=True))
    made: dict[FormatName, Path] = {}
    seconds: dict[str, float] = {}
    for output_format in sorted(formats, key=lambda name: name == "docx"):
        start = time.perf_counter()
        raster = output_format == "docx"
        settle_notebooks(staged.parent, raster=raster)
        command = [str(quarto.program), "render", staged.name]
        command += ["--to", PANDOC_FORMATS[output_format], "--metadata-file", settings.name]
        variables = _environment(metadata, environment, scratch, raster=raster)
        _run(command, staged, variables, scratch / "quarto.log")
        path = staged.with_suffix(EXTENSIONS[output_format])
        if not path.is_file():
            raise RenderError("RND-063", f"Quarto ended well but made no {path.name}.")
        made[output_format] = _settle(path, output_format, scratch)
        seconds[output_format] = time.perf_counter() - start
    return {name: made[name] for name in formats}, seconds


def _run(command: list[str], staged: Path, variables: Mapping[str, str], log: Path) -> None:
    """Run Quarto; what it prints is added to the log, and a fault that it only warns of ends it."""
    try:
        done = subprocess.run(
            command,
            cwd=staged.parent,
            env=dict(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_RENDER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RenderError("RND-062", "Quarto could not be run to its end.") from error
    printed = plain(done.stdout)
    with log.open("a", encoding="utf-8") as stream:
        stream.write(printed)
    fault = fault_in(printed, read_document(staged))
    if fault is not None:
        raise fault
    if done.returncode != 0:
        raise _quarto_error(printed, done.returncode)


def _settle(path: Path, output_format: FormatName, scratch: Path) -> Path:
    """Move a product out of the tree, without the time that Typst wrote into a PDF."""
    target = scratch / "quarto" / path.name
    content = path.read_bytes()
    write_bytes(target, without_time(content) if output_format == "pdf" else content)
    path.unlink()
    return target


def _environment(
    metadata: Mapping[str, Any], environment: Mapping[str, str], scratch: Path, *, raster: bool
) -> dict[str, str]:
    """Point Quarto at the running Python and at a kernel of it that no other can shadow."""
    kernels = scratch / "jupyter"
    write_kernel_spec(kernels / "kernels" / "python3")
    figures = replace(figure_settings(metadata), raster=raster)
    whole = kernel_environment(scratch / "kernel", environment, figures)
    return {
        **whole,
        "QUARTO_PYTHON": sys.executable,
        "JUPYTER_PATH": os.pathsep.join(
            filter(None, (str(kernels), whole.get("JUPYTER_PATH", "")))
        ),
    }


def _quarto_error(text: str, code: int) -> RenderError:
    """Find in Quarto's words the sentence that helps; the whole text stays in the log."""
    told = re.search(r"^ERROR:\s*(.+)$", text, re.MULTILINE)
    why = f" ({told[1].strip()})" if told else ""
    return RenderError("RND-062", f"Quarto stopped with exit code {code}{why}.")
