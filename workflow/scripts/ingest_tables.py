"""Read, check and write every table, with the data report."""

from __future__ import annotations

from step import step

from multifidus.config import load_sections
from multifidus.ingest.run import ingest_tables

with step(snakemake):
    ingest_tables(
        source=snakemake.params.source,
        folder=snakemake.params.folder,
        mapping=snakemake.input.get("mapping") or None,
        factors=snakemake.input.factors,
        study=load_sections(snakemake.params.sections),
        tier=snakemake.params.tier,
        tables=snakemake.output.tables,
        report=snakemake.params.report,
    )
