"""What a document or notebook may know of its run: results, scorecard, figures, study, tier."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from multifidus.base.errors import RenderError
from multifidus.config import StudyConfig, load_sections
from multifidus.report.numbers import number_markdown
from multifidus.results import Results

__all__ = ["CONTEXT_VARIABLE", "Figure", "Inline", "ReportContext", "open_report"]

CONTEXT_VARIABLE = "MULTIFIDUS_REPORT_CONTEXT"


@dataclass(frozen=True)
class Inline:
    """Markdown that stands inside a sentence."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.markdown


@dataclass(frozen=True)
class Figure:
    """A drawn figure in its two forms: SVG for pages, PNG for word processors."""

    svg: Path
    png: Path

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {
            "image/svg+xml": self.svg.read_text(encoding="utf-8"),
            "image/png": self.png.read_bytes(),
            "text/plain": self.svg.stem,
        }
        return data, {}


@dataclass(frozen=True)
class ReportContext:
    """The run as a document sees it; read from the JSON file that the render step writes."""

    facts: dict[str, Any]

    @cached_property
    def results(self) -> Results:
        """The results table."""
        return Results.read(self.facts["results"])

    @cached_property
    def study(self) -> StudyConfig:
        """The declared sections of the study."""
        return load_sections(self.facts["sections"])

    @cached_property
    def scorecard(self) -> pd.DataFrame:
        """The scorecard."""
        return pd.read_csv(self.facts["scorecard"], keep_default_na=False)

    def number(self, result_id: str, *, display: str | None = None, sign: bool = False) -> Inline:
        """Return a result for a sentence, by its id."""
        return Inline(number_markdown(self.results, result_id, display=display, sign=sign))

    def magnitude(self, result_id: str, *, display: str | None = None) -> Inline:
        """Return a result without its sign, for sentences that say "fell by"."""
        text = number_markdown(self.results, result_id, display=display)
        return Inline(text.replace("[\N{MINUS SIGN}", "[", 1))

    def figure(self, name: str) -> Figure:
        """Return a figure that the workflow drew.

        Raises
        ------
        RenderError
            ``RND-901`` when there is none of that name.
        """
        folder = Path(self.facts["figures"])
        figure = Figure(folder / f"{name}.svg", folder / f"{name}.png")
        if not figure.svg.exists():
            raise RenderError(
                "RND-901", f"There is no figure '{name}': draw it in multifidus.report.figures."
            )
        return figure

    def fact(self, name: str) -> str:
        """Return a fact of the run: tier, banner, engine, version, seed, lock."""
        return str(self.facts[name])


def open_report() -> ReportContext:
    """Open the context of the running render step.

    Raises
    ------
    RenderError
        ``RND-902`` when no render step is running.
    """
    path = os.environ.get(CONTEXT_VARIABLE)
    if not path:
        raise RenderError(
            "RND-902",
            f"{CONTEXT_VARIABLE} is not set: render documents with `make rerender` or Snakemake.",
        )
    return ReportContext(json.loads(Path(path).read_text(encoding="utf-8")))
