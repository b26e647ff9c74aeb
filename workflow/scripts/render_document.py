"""Render the document in every format, beside the last good one."""

from multifidus.report.run import render_document
from step import step

with step(snakemake):
    render_document(
        snakemake.input.document,
        snakemake.output.rendered,
        engine=snakemake.params.engine,
        formats=snakemake.params.formats,
        context=dict(snakemake.params.context),
        resources=dict(snakemake.params.resources),
        log=snakemake.log[0],
    )
