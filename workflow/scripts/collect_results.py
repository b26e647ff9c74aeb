"""Join the rows of all analyses into the results table."""

from multifidus.results.run import collect
from step import step

with step(snakemake):
    collect(
        list(snakemake.input.rows),
        parquet=snakemake.output.parquet,
        csv=snakemake.output.csv,
        minimum_count=snakemake.params.minimum_count,
        extremes_from=snakemake.params.extremes_from,
        rounding=snakemake.params.rounding,
        tier=snakemake.params.tier,
    )
