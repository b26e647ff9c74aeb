"""Render the document in every format, beside the last good one."""

from document_resources import resources_of
from multifidus.report.run import render_document
from step import step

with step(snakemake):
    render_document(
        snakemake.input.document,
        snakemake.output.rendered,
        engine=snakemake.params.engine,
        formats=snakemake.params.formats,
        context=dict(snakemake.params.context),
        resources=resources_of(snakemake),
        log=snakemake.log[0],
    )
