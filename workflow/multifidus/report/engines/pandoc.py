"""Markdown to HTML, PDF and DOCX: pandoc for all three, Typst for the PDF's pages."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypandoc
import typst
import yaml

from multifidus.base.errors import RenderError
from multifidus.report.engines.people import people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.report.engines.lint.subset import FormatName

__all__ = ["Conversion", "engine_version", "fault_in_pandoc"]

_ASSETS = Path(__file__).parent / "assets"
_ENGINE_FILTERS = ("html-tables.lua", "language.lua", "crossref.lua")
_OWN_ERROR = re.compile(r"(RND-\d{3}): (.+)")
_MISSING_CITATION = re.compile(r"citation (\S+) not found")
_MISSING_FILE = re.compile(
    r"Could not fetch resource (?!https?:)(.+?)(?::|$)|(\S+): withBinaryFile", re.MULTILINE
)
# Settings of the engines themselves, of no meaning to pandoc's templates.
_NOT_FOR_PANDOC = frozenset(
    {"affiliations", "css", "engine", "execute", "filters", "jupyter", "multifidus"}
    | {"citeproc", "csl", "crossref", "date-format", "reference-doc", "template", "theme"}
    | {"template-partials", "toc", "minimal", "embed-resources", "html-math-method"}
    | {"fig-dpi", "fig-format", "fig-height", "fig-width", "document-css"}
)


def engine_version() -> str:
    """Return the versions of the programs inside, for the colophon."""
    return f"pandoc {pypandoc.get_pandoc_version()}, Typst {_typst_version()}"


def _typst_version() -> str:
    answer = typst.query(
        b"#context [#metadata(str(sys.version)) <version>]", "<version>", field="value", one=True
    )
    return ".".join(re.findall(r"\d+", answer))


@dataclass(frozen=True)
class Conversion:
    """Turns the markdown of one document into its formats.

    Attributes
    ----------
    folder
        The document's folder in the scratch tree; paths in the metadata are relative to it.
    stem
        The document's name without its suffix.
    scratch
        Folder for what pandoc and Typst leave behind.
    """

    folder: Path
    stem: str
    scratch: Path

    def write(
        self,
        markdown: str,
        metadata: Mapping[str, Any],
        output_format: FormatName,
        target: Path,
    ) -> None:
        """Write one format.

        Parameters
        ----------
        markdown
            The document's body for this format.
        metadata
            Front matter with the format's own keys laid over it.
        output_format
            ``html``, ``pdf`` or ``docx``.
        target
            The file to write.

        Raises
        ------
        RenderError
            ``RND-050`` (pandoc), ``RND-051`` (Typst), or the id that a filter names.
        """
        source = self.scratch / f"{self.stem}.{output_format}.md"
        source.write_text(markdown, "utf-8")
        settings = self.scratch / f"{self.stem}.{output_format}.yml"
        settings.write_text(
            yaml.safe_dump(_for_pandoc(metadata), allow_unicode=True, sort_keys=True), "utf-8"
        )
        typst_file = self.folder / f"{self.stem}.typ"
        made = typst_file if output_format == "pdf" else target
        writer = {"html": "html5", "pdf": "typst", "docx": "docx"}[output_format]
        command = [pypandoc.get_pandoc_path(), str(source), "--from", "markdown", "--to", writer]
        command += ["--standalone", "--fail-if-warnings", "--wrap", "none", "--output", str(made)]
        command += ["--metadata-file", str(settings), "--resource-path", str(self.folder)]
        command += self._filters(metadata) + self._references(metadata)
        command += getattr(self, f"_{output_format}_options")(metadata)
        self._run(command)
        if output_format == "pdf":
            self._compile(typst_file, target)

    def _filters(self, metadata: Mapping[str, Any]) -> list[str]:
        """List filters in Quarto's order: the document's own, the engine's, those after."""
        named = [str(name) for name in metadata.get("filters") or []]
        split = named.index("quarto") if "quarto" in named else len(named)
        own = [str(_ASSETS / name) for name in _ENGINE_FILTERS]
        chain = [*named[:split], *own, *named[split + 1 :]]
        return [part for name in chain for part in ("--lua-filter", name)]

    def _references(self, metadata: Mapping[str, Any]) -> list[str]:
        options = ["--citeproc"] if metadata.get("bibliography") else []
        if metadata.get("csl"):
            options += ["--csl", str(metadata["csl"])]
        return options

    def _html_options(self, metadata: Mapping[str, Any]) -> list[str]:
        options = ["--embed-resources", "--mathml", "--section-divs"]
        if metadata.get("template"):
            options += ["--template", str(metadata["template"])]
        css = metadata.get("css") or []
        for name in css if isinstance(css, list) else [css]:
            options += ["--css", str(name)]
        if metadata.get("toc"):
            options += ["--toc", f"--toc-depth={metadata.get('toc-depth', 3)}"]
        return options + _numbered(metadata)

    def _pdf_options(self, metadata: Mapping[str, Any]) -> list[str]:
        frame = self.scratch / "typst-template"
        frame.mkdir(exist_ok=True)
        shutil.copyfile(_ASSETS / "paper.typ", frame / "paper.typ")
        for name in metadata.get("template-partials") or []:
            source = self.folder / str(name)
            if not source.is_file():
                raise RenderError("RND-025", f"the file {name} of _quarto.yml is not there.")
            shutil.copyfile(source, frame / source.name)
        return ["--template", str(frame / "paper.typ")]

    def _docx_options(self, metadata: Mapping[str, Any]) -> list[str]:
        options = _numbered(metadata)
        if metadata.get("reference-doc"):
            options += ["--reference-doc", str(metadata["reference-doc"])]
        return options

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={"SOURCE_DATE_EPOCH": "0", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            (self.scratch / "pandoc.log").write_text(done.stderr, "utf-8")
            raise _pandoc_error(done.stderr)

    def _compile(self, source: Path, target: Path) -> None:
        try:
            typst.compile(
                str(source),
                output=str(target),
                root=str(self.folder),
                ignore_system_fonts=True,
                timestamp=0,
            )
        except typst.TypstError as error:
            (self.scratch / "typst.log").write_text(error.diagnostic or str(error), "utf-8")
            raise RenderError(
                "RND-051",
                f"Typst cannot make the PDF ({error.message}).",
            ) from error


def _numbered(metadata: Mapping[str, Any]) -> list[str]:
    return ["--number-sections"] if metadata.get("number-sections") else []


def _for_pandoc(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in metadata.items() if key not in _NOT_FOR_PANDOC}
    if kept.get("number-sections"):
        kept.setdefault("section-numbering", "1.1.1")
    return kept | people(metadata)


def fault_in_pandoc(text: str) -> RenderError | None:
    """Find in what pandoc printed what the user can correct: a filter's error, a name, a file."""
    own = _OWN_ERROR.search(text)
    if own:
        return RenderError(own[1], own[2].strip())
    citation = _MISSING_CITATION.search(text)
    if citation:
        return RenderError(
            "RND-010", f"the citation @{citation[1]} is not in the bibliography; add its entry."
        )
    missing = _MISSING_FILE.search(text)
    if missing:
        name = Path(missing[1] or missing[2]).name
        return RenderError("RND-025", f"the file {name} that the document names is not there.")
    return None


def _pandoc_error(text: str) -> RenderError:
    fault = fault_in_pandoc(text)
    if fault is not None:
        return fault
    first = next((line for line in text.splitlines() if line.strip()), "no message")
    return RenderError(
        "RND-050",
        f"pandoc refuses the document ({first.strip()}).",
    )
