"""Hold the scorecard's verdicts against the declared ones."""

from multifidus.literature.scorecard.verdicts import check_verdicts
from step import step

with step(snakemake):
    check_verdicts(
        scorecard=snakemake.input.scorecard,
        expected=snakemake.input.expected,
        counts=snakemake.output.counts,
        tier=snakemake.params.tier,
    )
