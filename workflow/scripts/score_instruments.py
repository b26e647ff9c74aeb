"""Score the instruments at every visit."""

from pathlib import Path

from multifidus.config.load import load_sections
from multifidus.instruments.run import score_instruments
from step import step

with step(snakemake):
    score_instruments(
        tables=snakemake.input.tables,
        value_sets=Path(snakemake.input.value_sets[0]).parent,
        factors=snakemake.input.factors,
        study=load_sections(snakemake.params.sections),
        scores=snakemake.output.scores,
        tier=snakemake.params.tier,
    )
