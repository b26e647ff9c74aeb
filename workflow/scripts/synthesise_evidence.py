"""Pool the effects of the studies table."""

from multifidus.literature.synthesis.run import synthesise_evidence
from step import step

with step(snakemake):
    synthesise_evidence(
        snakemake.input.studies,
        effects=snakemake.output.effects,
        pooled=snakemake.output.pooled,
        tier=snakemake.params.tier,
    )
