"""Score every published figure against the reproduced one."""

from pathlib import Path

from multifidus.literature.scorecard.page import ScorecardFiles
from multifidus.literature.scorecard.run import score_reproduction
from step import step

with step(snakemake):
    score_reproduction(
        Path(snakemake.input.references).parent,
        results=snakemake.input.get("results") or None,
        files=ScorecardFiles(
            Path(snakemake.output.csv), Path(snakemake.output.json), Path(snakemake.output.html)
        ),
        tier=snakemake.params.tier,
        held_out=snakemake.params.held_out,
    )
