"""Check the published figures against each other and recompute what can be recomputed."""

from pathlib import Path

from multifidus.literature.consistency.run import check_literature
from step import step

with step(snakemake):
    check_literature(
        Path(snakemake.input.references).parent,
        checks=snakemake.output.checks,
        forensics=snakemake.output.forensics,
        recomputed=snakemake.output.recomputed,
        tier=snakemake.params.tier,
    )
