"""Write the stimulator logs of the synthetic cohort."""

from __future__ import annotations

from multifidus.cohort.run import simulate_logs
from step import step

with step(snakemake):
    simulate_logs(
        usage=snakemake.input.usage,
        folder=snakemake.output.logs,
        seed=snakemake.params.seed,
        workers=snakemake.threads,
    )
