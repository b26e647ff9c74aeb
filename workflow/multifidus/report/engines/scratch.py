"""The scratch tree that a render works in: never in the author's folder, never two in one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import RenderError
from multifidus.base.files import write_bytes, write_text
from multifidus.config.tier import Tier
from multifidus.report.engines.notebooks import notebook_text, read_notebook
from multifidus.report.engines.word.reference import fill_tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.report.engines.source import Document

__all__ = ["check_tier", "fill_reference", "project_files", "settle_notebooks", "stage"]

_TIERS = tuple(Tier)
_MADE = frozenset({"_output", "__pycache__"})


def stage(document: Document, resources: Mapping[str, Path], scratch: Path) -> Path:
    """Copy the document's project and the run's resources into a fresh tree.

    Parameters
    ----------
    document
        The document; its whole project folder is copied.
    resources
        Path beside the document to the file or folder that is to be there.
    scratch
        The tree is made at ``scratch / "project"``; an older one is removed.

    Returns
    -------
    Path
        The document in the tree.

    Raises
    ------
    RenderError
        ``RND-026`` for a resource that does not exist or a name that leads out of the tree.
    """
    project = scratch / "project"
    if project.exists():
        shutil.rmtree(project)
    for path in project_files(document):
        place = project / path.relative_to(document.project)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    target = project / document.path.relative_to(document.project)
    for name, source in sorted(resources.items()):
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise RenderError("RND-026", f"the resource {name} must lie beside the document.")
        if not source.exists():
            raise RenderError(
                "RND-026", f"the resource {name} of {document.path.name} does not exist yet."
            )
        place = target.parent / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, place)
    return target


def settle_notebooks(folder: Path, *, raster: bool = False) -> None:
    """Write the outputs of a folder's notebooks so that Quarto shows them as they should be.

    For an output of HTML, Quarto adds scripts from elsewhere to the page; a raw block in markdown
    shows the same without. With ``raster``, SVG goes where there are pixels too.
    """
    for path in sorted(folder.rglob("*.ipynb")):
        notebook = read_notebook(path)
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if "text/html" in data:
                    data["text/markdown"] = f"```{{=html}}\n{data.pop('text/html').strip()}\n```"
                if raster and "image/png" in data:
                    data.pop("image/svg+xml", None)
        write_text(path, notebook_text(notebook))


def project_files(document: Document) -> list[Path]:
    """List the files of a document's project: not what is hidden or was made by a render.

    Other documents are left out. As in Quarto, a name that starts with ``_`` is no document of its
    own, and nor is a file that this document includes.
    """
    found: list[Path] = []
    for folder, names, files in os.walk(document.project, followlinks=True):
        names[:] = [name for name in names if not _is_made(name)]
        found += [Path(folder, name) for name in files if not _is_made(name)]
    included = {document.path, *(line.file for line in document.lines)}
    return sorted(
        path
        for path in found
        if path.suffix != ".qmd" or path.name.startswith("_") or path in included
    )


def _is_made(name: str) -> bool:
    return name.startswith(".") or name in _MADE or name.endswith("_files")


def check_tier(metadata: Mapping[str, Any]) -> str:
    """Return the tier's sentence.

    Raises
    ------
    RenderError
        ``RND-030`` when the tier or its sentence is missing: no document comes out unmarked.
    """
    tier, banner = metadata.get("tier"), metadata.get("tier-banner")
    if tier not in _TIERS:
        raise RenderError(
            "RND-030",
            f"the document has no data tier; give tier: {', '.join(_TIERS)} in the run's metadata.",
        )
    if not banner:
        raise RenderError(
            "RND-030", "the document has no tier-banner; say in one sentence what its data are."
        )
    return str(banner)


def fill_reference(staged: Path, metadata: Mapping[str, Any], banner: str) -> None:
    """Write the tier into the staged Word template, in place."""
    docx = (metadata.get("format") or {}).get("docx") or {}
    name = docx.get("reference-doc") if isinstance(docx, dict) else None
    if not name:
        raise RenderError(
            "RND-031",
            "the document names no Word template; give format.docx.reference-doc in _quarto.yml.",
        )
    path = staged.parent / str(name)
    if not path.is_file():
        raise RenderError("RND-025", f"the Word template {name} is not there.")
    filled = fill_tier(path.read_bytes(), banner)
    path.unlink()  # a link to the source must not be written through
    write_bytes(path, filled)
