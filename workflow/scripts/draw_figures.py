"""Draw the figures of the document."""

from pathlib import Path

from multifidus.config.load import load_sections
from multifidus.report.figures.draw import draw_figures
from multifidus.results.table import Results
from step import step

with step(snakemake):
    draw_figures(
        Results.read(snakemake.input.results),
        load_sections(snakemake.params.sections),
        Path(snakemake.output.figures),
    )
