"""Adopt checked tables and their report."""

from pathlib import Path

from multifidus.base.files import adopt_directory
from step import step

with step(snakemake):
    adopt_directory(Path(snakemake.input.tables), Path(snakemake.output.tables))
    adopt_directory(Path(snakemake.input.report), Path(snakemake.output.page).parent)
