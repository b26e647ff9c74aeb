"""One way to render a document, whichever engine does it."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from multifidus.base.errors import RenderError
from multifidus.base.files import atomic_path
from multifidus.report.engines import embedded
from multifidus.report.engines.lint.document import lint_document
from multifidus.report.engines.lint.findings import finding_of
from multifidus.report.engines.lint.subset import EXTENSIONS, FORMATS
from multifidus.report.engines.pandoc import engine_version
from multifidus.report.engines.product_checks import check_figures, check_page
from multifidus.report.engines.quarto import Quarto, find_quarto, render_with_quarto
from multifidus.report.engines.scratch import check_tier, fill_reference, stage
from multifidus.report.engines.source import merge, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multifidus.report.engines.lint.subset import FormatName

__all__ = ["ENGINE_VARIABLE", "EngineName", "RenderOutcome", "choose_engine", "render"]

EngineName = Literal["auto", "quarto", "embedded"]

#: The document's cells read the engine in use from this variable, for the colophon.
ENGINE_VARIABLE = "MULTIFIDUS_RENDER_ENGINE"

# Faults of Quarto or of its products. Any other error that names its line is the document's, with
# either engine; where Quarto cannot tell the line, the embedded renderer can.
_QUARTO_ERRORS = frozenset({"RND-062", "RND-063", "RND-065", "RND-066"})


@dataclass(frozen=True)
class RenderOutcome:
    """What a render made and how.

    Attributes
    ----------
    engine_name
        ``quarto`` or ``embedded``.
    engine_version
        Quarto's version, or the versions of pandoc and Typst.
    outputs
        Format to the file written.
    seconds
        Step to seconds of wall time.
    note
        Why ``auto`` did without a Quarto that was found; empty otherwise.
    """

    engine_name: Literal["quarto", "embedded"]
    engine_version: str
    outputs: Mapping[FormatName, Path]
    seconds: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def render(
    document: Path,
    output_dir: Path,
    *,
    engine: EngineName = "auto",
    formats: Sequence[FormatName] = FORMATS,
    environment: Mapping[str, str],
    metadata: Mapping[str, Any],
    scratch: Path,
    resources: Mapping[str, Path],
) -> RenderOutcome:
    """Render a ``.qmd`` to HTML, PDF and DOCX; all formats come out or none.

    Parameters
    ----------
    document
        The ``.qmd``; its project folder (nearest ``_quarto.yml``) holds templates and styles.
    output_dir
        Where ``<stem>.html``, ``<stem>.pdf`` and ``<stem>.docx`` are put.
    engine
        ``auto`` takes Quarto where one is found and new enough, and the embedded renderer where
        there is none or where it fails.
    formats
        Any of ``html``, ``pdf`` and ``docx``.
    environment
        Variables for the document's cells; ``MULTIFIDUS_RENDER_ENGINE`` is added.
    metadata
        The run's own metadata, over the document's; ``tier`` and ``tier-banner`` must come from
        one of them.
    scratch
        Folder for the render's own tree and its logs; safe to delete afterwards.
    resources
        Path beside the document to the file or folder copied there: executed notebooks,
        bibliography, figures.

    Returns
    -------
    RenderOutcome
        Engine, version, files, seconds.

    Raises
    ------
    RenderError
        ``RND-032`` for an unknown format or engine, ``RND-060`` when ``quarto`` is asked for and
        absent, the first finding of the lint, or what the engine raises.
    """
    start = time.perf_counter()
    _check_arguments(engine, formats)
    settings = merge(read_document(document).metadata, metadata)
    banner = check_tier(settings)
    chosen, note = choose_engine(engine)
    scratch = scratch.resolve()

    def prepare() -> Path:
        staged = stage(read_document(document), resources, scratch)
        findings = lint_document(staged)
        if findings:
            raise findings[0].as_error(others=len(findings) - 1)
        if "docx" in formats:
            fill_reference(staged, settings, banner)
        return staged

    staged = prepare()
    seconds = {"prepare": time.perf_counter() - start}
    job = _Job(staged, tuple(formats), metadata, environment, scratch)
    try:
        made, steps = job.run(chosen)
    except RenderError as error:
        of_document = error.error_id not in _QUARTO_ERRORS and finding_of(error) is not None
        if engine == "quarto" or chosen is None or of_document:
            raise
        note = f"Quarto {chosen.version} failed and the embedded renderer was used: {error.message}"
        chosen = None
        prepare()
        made, steps = job.run(chosen)
    return RenderOutcome(
        engine_name="quarto" if chosen else "embedded",
        engine_version=chosen.version if chosen else engine_version(),
        outputs=_deliver(made, document.stem, output_dir),
        seconds={**seconds, **steps},
        note=note,
    )


@dataclass(frozen=True)
class _Job:
    """A staged document, ready for either engine."""

    staged: Path
    formats: tuple[FormatName, ...]
    metadata: Mapping[str, Any]
    environment: Mapping[str, str]
    scratch: Path

    def run(self, quarto: Quarto | None) -> tuple[dict[FormatName, Path], dict[str, float]]:
        """Render with Quarto, or with the embedded renderer when there is none."""
        name = f"Quarto {quarto.version}" if quarto else embedded.describe()
        environment = {**self.environment, ENGINE_VARIABLE: name}
        if quarto:
            made, seconds = render_with_quarto(
                quarto,
                self.staged,
                self.formats,
                metadata=self.metadata,
                environment=environment,
                scratch=self.scratch,
            )
        else:
            made, seconds = embedded.render_embedded(
                self.staged,
                self.formats,
                metadata=self.metadata,
                environment=environment,
                scratch=self.scratch,
            )
        if "html" in made:
            check_page(made["html"])
        if "docx" in made:
            check_figures(made["docx"])
        return made, seconds


def _check_arguments(engine: str, formats: Sequence[str]) -> None:
    if engine not in {"auto", "quarto", "embedded"}:
        raise RenderError(
            "RND-032", f"the render engine {engine!r} is not one of auto, quarto, embedded."
        )
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise RenderError(
            "RND-032",
            f"the formats {', '.join(map(str, formats)) or '(none)'} are not among "
            f"{', '.join(FORMATS)}.",
        )


def choose_engine(engine: str) -> tuple[Quarto | None, str]:
    """Return the Quarto to use, None for the embedded renderer, and why one was passed over.

    Raises
    ------
    RenderError
        ``RND-060`` when ``quarto`` is asked for and absent, ``RND-061`` and ``RND-064`` as in
        `find_quarto`.
    """
    if engine == "embedded":
        return None, ""
    try:
        found = find_quarto()
    except RenderError as error:
        if engine == "quarto" or error.error_id == "RND-064":
            raise
        return None, error.message
    if found is None and engine == "quarto":
        raise RenderError(
            "RND-060",
            "Quarto is asked for and not found in QUARTO_PATH, on PATH or in the active "
            "environment; install it or set render.engine: auto.",
        )
    return found, ""


def _deliver(
    made: Mapping[FormatName, Path], stem: str, output_dir: Path
) -> dict[FormatName, Path]:
    """Move what was made to its place, after all of it exists."""
    outputs: dict[FormatName, Path] = {}
    for output_format, source in made.items():
        target = output_dir / f"{stem}{EXTENSIONS[output_format]}"
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)
        outputs[output_format] = target
    return outputs
