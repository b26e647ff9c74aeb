"""Write the stimulator logs of the synthetic cohort."""

from __future__ import annotations

from step import step

from multifidus.cohort.run import simulate_logs

with step(snakemake):
    simulate_logs(
        tables=snakemake.input.tables,
        usage=snakemake.input.usage,
        folder=snakemake.output.logs,
        seed=snakemake.params.seed,
        workers=snakemake.threads,
    )
