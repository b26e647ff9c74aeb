"""Draw the synthetic cohort: raw tables, therapy usage, calibration report."""

from pathlib import Path

from multifidus.cohort.run import simulate_cohort
from multifidus.config.cohort import CohortConfig
from step import step

with step(snakemake):
    simulate_cohort(
        targets=snakemake.params.targets,
        value_sets=Path(snakemake.input.value_sets[0]).parent,
        cohort=CohortConfig.model_validate(snakemake.params.cohort),
        seed=snakemake.params.seed,
        tables=snakemake.output.tables,
        usage=snakemake.output.usage,
        calibration=snakemake.output.calibration,
        dataset=snakemake.output.dataset,
        tier=snakemake.params.tier,
    )
