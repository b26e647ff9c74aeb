"""Run one analysis: tables and scores in, rows of results out."""

from pathlib import Path

from multifidus.analyses.run import analyse
from multifidus.config.load import load_sections
from step import step

with step(snakemake):
    analyse(
        snakemake.wildcards.analysis,
        load_sections(snakemake.params.sections),
        tables=Path(snakemake.input.tables),
        scores=snakemake.input.get("scores") or None,
        usage=snakemake.input.get("usage") or None,
        months=snakemake.input.get("months") or None,
        target=Path(snakemake.output.rows),
        rule=f"{snakemake.rule}: {snakemake.wildcards.analysis}",
        tier=snakemake.params.tier,
        seed=snakemake.params.seed,
        comparators=snakemake.input.get("comparators") or None,
    )
