"""Pool the effects of the studies table."""

from pathlib import Path

from multifidus.literature.synthesis.run import synthesise_evidence
from step import step

with step(snakemake):
    synthesise_evidence(
        Path(snakemake.input.references).parent,
        effects=snakemake.output.effects,
        pooled=snakemake.output.pooled,
        tier=snakemake.params.tier,
    )
