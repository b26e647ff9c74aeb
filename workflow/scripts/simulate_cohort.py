"""Draw the synthetic cohort: raw tables, therapy usage, calibration report."""

from multifidus.cohort.run import simulate_cohort
from multifidus.config.load import load_sections
from step import step

with step(snakemake):
    simulate_cohort(
        claims="literature/claims.csv",
        value_sets="literature/value_sets",
        study=load_sections(snakemake.params.sections),
        seed=snakemake.params.seed,
        tables=snakemake.output.tables,
        usage=snakemake.output.usage,
        calibration=snakemake.output.calibration,
        tier=snakemake.params.tier,
    )
