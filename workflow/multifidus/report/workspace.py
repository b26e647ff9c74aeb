"""The author's folder of a run: a Quarto project that holds what a document needs.

``results/<document>/preview/`` has links to the document and its sections, so that an author edits
the sources and sees the result; copies of filters, styles, templates, notebooks and bibliography,
which Quarto would write to through a link; the run's context and metadata; and the variables that
Quarto gives to the cells (``_environment``). Plain ``quarto preview`` works in it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import multifidus
from multifidus.base.files import atomic_directory, sha256_of, write_json, write_text
from multifidus.report.context import CONTEXT_VARIABLE
from multifidus.report.engines.api import ENGINE_VARIABLE
from multifidus.report.engines.compose import figure_settings
from multifidus.report.engines.kernel import kernel_variables, write_kernel_spec
from multifidus.report.engines.scratch import fill_reference, project_files, settle_notebooks
from multifidus.report.engines.source import merge, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["document_metadata", "refresh_sources", "write_context", "write_workspace"]

_COPIES = "copies.json"
_PATHS = (
    "results",
    "scorecard",
    "checks",
    "forensics",
    "effects",
    "pooled",
    "calibration",
    "figures",
)


def write_context(context: Mapping[str, Any], path: Path) -> None:
    """Write what a document may know of its run, with absolute paths.

    Parameters
    ----------
    context
        The facts of :class:`multifidus.report.context.ReportContext`; ``lock`` is the path of the
        lock file, of which the hash is written.
    path
        The JSON file.
    """
    facts = dict(context)
    for name in _PATHS:
        if facts.get(name):
            facts[name] = str(Path(facts[name]).resolve())
    facts["version"] = multifidus.__version__
    facts["lock"] = sha256_of(facts["lock"])
    write_json(path, facts)


def document_metadata(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata that a run gives to its document: tier, banner, title of the study."""
    metadata = {"tier": context["tier"], "tier-banner": context["banner"]}
    if context.get("title_from_study"):
        metadata["title"] = context["sections"]["study"]["title"]
    return metadata


def write_workspace(
    folder: Path,
    document: Path,
    *,
    context: Mapping[str, Any],
    resources: Mapping[str, Path],
) -> None:
    """Write the author's folder of a document, whole or not at all.

    Parameters
    ----------
    folder
        The folder to make; an older one is replaced.
    document
        The ``.qmd``.
    context
        As for :func:`write_context`.
    resources
        Path beside the document to the file that is to be there.
    """
    source = read_document(document)
    metadata = document_metadata(context)
    settings = merge(source.metadata, metadata)
    final = folder.resolve()
    with atomic_directory(folder) as made:
        inside = made / source.path.relative_to(source.project)
        files = {
            made / path.relative_to(source.project): path.resolve()
            for path in project_files(source)
        }
        files |= {inside.parent / name: path.resolve() for name, path in resources.items()}
        _put_files(files, made, final)
        settle_notebooks(made)
        if "docx" in (settings.get("format") or {}):
            fill_reference(inside, settings, metadata["tier-banner"])
        write_text(made / "_metadata.yml", yaml.safe_dump(metadata, allow_unicode=True))
        write_context(context, made / "context.json")
        write_kernel_spec(made / "kernel" / "kernels" / "python3")
        variables = {
            **kernel_variables(made / "kernel", figure_settings(settings)),
            CONTEXT_VARIABLE: str(made / "context.json"),
            ENGINE_VARIABLE: "a preview",
            "JUPYTER_PATH": str(made / "kernel"),
            "PYTHONPATH": str(Path(multifidus.__file__).resolve().parents[1]),
            "QUARTO_PYTHON": sys.executable,
        }
        lines = [
            f'{name}="{value.replace(str(made), str(final))}"\n'
            for name, value in sorted(variables.items())
        ]
        write_text(made / "_environment", "".join(lines))


def _put_files(files: Mapping[Path, Path], made: Path, final: Path) -> None:
    """Link documents and sections to their sources, copy the rest and note where it is from."""
    copies: dict[str, str] = {}
    for place, target in sorted(files.items()):
        place.parent.mkdir(parents=True, exist_ok=True)
        inside = place.relative_to(made)
        if place.suffix == ".qmd":
            place.symlink_to(os.path.relpath(target, (final / inside).parent))
            continue
        shutil.copyfile(target, place)
        if place.suffix not in {".docx", ".ipynb"}:  # the run has written into these
            copies[inside.as_posix()] = str(target)
    write_json(made / _COPIES, copies)


def refresh_sources(folder: Path) -> list[Path]:
    """Copy anew what has changed in the sources since the author's folder was made.

    Parameters
    ----------
    folder
        What :func:`write_workspace` made.

    Returns
    -------
    list of Path
        Documents, sections and copies: what a page is made from, without what renders leave.
    """
    copies: dict[str, str] = json.loads((folder / _COPIES).read_text("utf-8"))
    for name, source in copies.items():
        place, origin = folder / name, Path(source)
        if origin.is_file() and origin.read_bytes() != place.read_bytes():
            shutil.copyfile(origin, place)
    return [*folder.rglob("*.qmd"), *(folder / name for name in copies)]
