"""Join the rows of all analyses into the results table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from step import step

from multifidus.results.run import collect

if TYPE_CHECKING:
    from snakemake.script import snakemake

with step(snakemake):
    collect(
        list(snakemake.input.rows),
        parquet=snakemake.output.parquet,
        csv=snakemake.output.csv,
        minimum_count=snakemake.params.minimum_count,
        tier=snakemake.params.tier,
    )
