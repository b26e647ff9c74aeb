"""The workflow's steps of presentation: render and deliver a document, execute a notebook."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import multifidus
from multifidus.base.errors import RenderError
from multifidus.base.files import atomic_path, write_json
from multifidus.report.context import CONTEXT_VARIABLE
from multifidus.report.engines.api import render
from multifidus.report.engines.kernel import execute_notebook
from multifidus.report.workspace import document_metadata, write_context, write_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from multifidus.report.engines.api import RenderOutcome

__all__ = ["deliver_document", "render_document", "run_notebook"]


def render_document(
    document: Path | str,
    output_dir: Path | str,
    *,
    engine: str,
    formats: Sequence[str],
    context: Mapping[str, Any],
    resources: Mapping[str, Path | str],
    log: Path | str,
) -> RenderOutcome:
    """Render a document and write ``render.json`` beside it: engine, its version, products.

    Parameters
    ----------
    document
        The .qmd.
    output_dir
        Folder of the products; they are named after the document.
    engine
        ``auto``, ``quarto`` or ``embedded``.
    formats
        Of ``html``, ``pdf``, ``docx``.
    context
        What the document may know of its run: see :class:`multifidus.report.context.ReportContext`;
        ``tier``, ``banner`` and ``lock`` (path of the lock file) among it.
    resources
        Path beside the document to the file that is to be there.
    log
        The log that holds what this process prints; errors name it.

    Raises
    ------
    RenderError
        See :func:`multifidus.report.engines.api.render`.
    """
    with _scratch(log) as scratch:
        outcome = render(
            Path(document),
            Path(output_dir),
            engine=cast("Any", engine),
            formats=tuple(cast("Any", formats)),
            environment=_environment(context, scratch),
            metadata=document_metadata(context),
            scratch=scratch / "work",
            resources={name: Path(path).resolve() for name, path in resources.items()},
        )
        if outcome.note:
            _show_logs(scratch)
    note = f"{outcome.note} See {log}." if outcome.note else ""
    if note:
        print(note, file=sys.__stderr__)  # to the terminal: standard error is the rule's log
    record = {
        "document": Path(document).name,
        "engine": outcome.engine_name,
        "engine_version": outcome.engine_version,
        "products": sorted(path.name for path in outcome.outputs.values()),
        "tier": context["tier"],
    }
    write_json(Path(output_dir) / "render.json", record | ({"note": note} if note else {}))
    return outcome


def deliver_document(
    rendered: Path | str,
    outputs: Sequence[Path | str],
    workspace: Path | str,
    *,
    document: Path | str,
    context: Mapping[str, Any],
    resources: Mapping[str, Path | str],
) -> None:
    """Put rendered files in place of the last good ones and make the author's folder.

    Parameters
    ----------
    rendered
        Folder that :func:`render_document` wrote.
    outputs
        The files to put in place, named as in ``rendered``.
    workspace
        The author's folder, see :func:`multifidus.report.workspace.write_workspace`.
    document, context, resources
        As for :func:`render_document`.
    """
    for target in map(Path, outputs):
        with atomic_path(target) as path:
            shutil.copyfile(Path(rendered) / target.name, path)
    write_workspace(
        Path(workspace),
        Path(document),
        context=context,
        resources={name: Path(path) for name, path in resources.items()},
    )


def run_notebook(
    source: Path | str, target: Path | str, *, context: Mapping[str, Any], log: Path | str
) -> None:
    """Execute a notebook with the run's context.

    Parameters
    ----------
    source
        The notebook as it is kept, without outputs.
    target
        The executed notebook.
    context, log
        As for :func:`render_document`.
    """
    with _scratch(log) as scratch:
        environment = _environment(context, scratch)
        execute_notebook(
            Path(source), Path(target), environment=environment, scratch=scratch / "work"
        )


@contextmanager
def _scratch(log: Path | str) -> Iterator[Path]:
    """Give a folder that goes in the end; on an error what was logged in it is printed first."""
    with TemporaryDirectory(prefix="multifidus-render-") as folder:
        try:
            yield Path(folder)
        except RenderError as error:
            if not _show_logs(Path(folder)):
                raise
            message = f"{error.message.rstrip('.')}; {log} says more."
            raise RenderError(error.error_id, message) from error


def _show_logs(scratch: Path) -> bool:
    """Print what the engines logged, and return whether they logged anything."""
    paths = sorted(scratch.rglob("*.log"))
    for path in paths:
        print(f"--- {path.name}", path.read_text(errors="replace"), sep="\n", file=sys.stderr)
    return bool(paths)


def _environment(context: Mapping[str, Any], scratch: Path) -> dict[str, str]:
    """Write the context where the document's kernel finds it."""
    path = scratch / "context.json"
    write_context(context, path)
    package = str(Path(multifidus.__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {CONTEXT_VARIABLE: str(path), "PYTHONPATH": os.pathsep.join(paths)}
