"""The workflow's steps of presentation: render a document, execute a notebook."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import multifidus
from multifidus.base.errors import RenderError
from multifidus.base.files import sha256_of, write_json
from multifidus.report.context import CONTEXT_VARIABLE
from multifidus.report.engines.api import render
from multifidus.report.engines.kernel import execute_notebook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multifidus.report.engines.api import RenderOutcome

__all__ = ["render_document", "run_notebook"]


def render_document(
    document: Path | str,
    output_dir: Path | str,
    *,
    engine: str,
    formats: Sequence[str],
    context: Mapping[str, Any],
    resources: Mapping[str, Path | str],
    record: Path | str,
) -> RenderOutcome:
    """Render a document and write which engine did it.

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
    record
        JSON file to write: engine, its version, products.
    """
    with TemporaryDirectory(prefix="multifidus-render-") as folder:
        scratch = Path(folder)
        try:
            outcome = render(
                Path(document),
                Path(output_dir),
                engine=cast("Any", engine),
                formats=tuple(cast("Any", formats)),
                environment=_environment(context, scratch),
                metadata=_metadata(context),
                scratch=scratch / "work",
                resources={name: Path(path).resolve() for name, path in resources.items()},
            )
        except RenderError:
            _show_logs(scratch)
            raise
    write_json(
        record,
        {
            "document": Path(document).name,
            "engine": outcome.engine_name,
            "engine_version": outcome.engine_version,
            "products": sorted(path.name for path in outcome.outputs.values()),
            "tier": context["tier"],
        },
    )
    return outcome


def run_notebook(source: Path | str, target: Path | str, *, context: Mapping[str, Any]) -> None:
    """Execute a notebook with the run's context.

    Parameters
    ----------
    source
        The notebook as it is kept, without outputs.
    target
        The executed notebook.
    context
        As for :func:`render_document`.
    """
    with TemporaryDirectory(prefix="multifidus-notebook-") as folder:
        scratch = Path(folder)
        environment = _environment(context, scratch)
        execute_notebook(
            Path(source), Path(target), environment=environment, scratch=scratch / "work"
        )


def _show_logs(scratch: Path) -> None:
    """Print what the engines logged, which the rule's log keeps when the scratch folder goes."""
    for path in sorted(scratch.rglob("*.log")):
        print(f"--- {path.name}", path.read_text(errors="replace"), sep="\n", file=sys.stderr)


def _environment(context: Mapping[str, Any], scratch: Path) -> dict[str, str]:
    """Write the context where the document's kernel finds it, with absolute paths."""
    facts = dict(context)
    for name in ("results", "scorecard", "checks", "calibration", "figures"):
        if facts.get(name):
            facts[name] = str(Path(facts[name]).resolve())
    facts["version"] = multifidus.__version__
    facts["lock"] = sha256_of(facts["lock"])
    path = scratch / "context.json"
    write_json(path, facts)
    package = str(Path(multifidus.__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {CONTEXT_VARIABLE: str(path), "PYTHONPATH": os.pathsep.join(paths)}


def _metadata(context: Mapping[str, Any]) -> dict[str, Any]:
    study = context["sections"]["study"]
    metadata = {"tier": context["tier"], "tier-banner": context["banner"]}
    if context.get("title_from_study"):
        metadata["title"] = study["title"]
    return metadata
