"""Draw the synthetic cohort: raw tables, therapy usage, calibration report."""

from __future__ import annotations

from multifidus.cohort.run import simulate_cohort
from step import step

with step(snakemake):
    simulate_cohort(
        literature="literature",
        seed=snakemake.params.seed,
        tables=snakemake.output.tables,
        usage=snakemake.output.usage,
        calibration=snakemake.output.calibration,
        tier=snakemake.params.tier,
    )
