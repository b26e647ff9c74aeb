"""Draw the synthetic cohort: raw tables, therapy usage, calibration report."""

from pathlib import Path

from multifidus.cohort.run import simulate_cohort
from multifidus.config.load import load_sections
from step import step

with step(snakemake):
    simulate_cohort(
        targets=snakemake.params.targets,
        value_sets=Path(snakemake.input.value_sets[0]).parent,
        study=load_sections(snakemake.params.sections),
        seed=snakemake.params.seed,
        tables=snakemake.output.tables,
        usage=snakemake.output.usage,
        calibration=snakemake.output.calibration,
        tier=snakemake.params.tier,
    )
