"""Write the stimulator logs of the synthetic cohort."""

from multifidus.cohort.devices.logs import simulate_logs
from step import step

if __name__ == "__main__":  # worker processes import this file again
    with step(snakemake):
        simulate_logs(
            tables=snakemake.input.tables,
            usage=snakemake.input.usage,
            folder=snakemake.output.logs,
            seed=snakemake.params.seed,
            workers=snakemake.threads,
        )
