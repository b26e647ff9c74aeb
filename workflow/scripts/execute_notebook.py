"""Execute one notebook with the run's context."""

from multifidus.report.run import run_notebook
from step import step

with step(snakemake):
    run_notebook(
        snakemake.input.notebook,
        snakemake.output.notebook,
        context=dict(snakemake.params.context),
        log=snakemake.log[0],
    )
