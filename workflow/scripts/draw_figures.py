"""Draw the figures of the document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from step import step

from multifidus.config import load_sections
from multifidus.report.figures import draw_figures
from multifidus.results import Results

if TYPE_CHECKING:
    from snakemake.script import snakemake

with step(snakemake):
    draw_figures(
        Results.read(snakemake.input.results),
        load_sections(snakemake.params.sections),
        Path(snakemake.output.figures),
    )
