"""Read and check every table; leave the data report in the log folder."""

import shutil

from multifidus.config.load import load_sections
from multifidus.ingest.run import ingest_tables
from step import step

with step(snakemake):
    ingest_tables(
        source=snakemake.params.source,
        folder=snakemake.params.folder,
        mapping=snakemake.input.get("mapping") or None,
        factors=snakemake.input.factors,
        study=load_sections(snakemake.params.sections),
        required=set(snakemake.params.required),
        tier=snakemake.params.tier,
        tables=snakemake.output.tables,
        report=snakemake.params.report,
    )
    shutil.copytree(snakemake.params.report, snakemake.output.report, dirs_exist_ok=True)
