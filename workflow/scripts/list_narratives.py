"""List the narratives: one row per serious or related event, death and explantation."""

from pathlib import Path

from multifidus.config.load import load_sections
from multifidus.config.run import Tier
from multifidus.report.narratives import write_narratives
from step import step

with step(snakemake):
    write_narratives(
        Path(snakemake.input.tables),
        load_sections(snakemake.params.sections),
        parquet=snakemake.output.parquet,
        csv=snakemake.output.csv,
        page=snakemake.output.page,
        tier=Tier(snakemake.params.tier),
    )
