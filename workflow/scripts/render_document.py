"""Render the document in every format."""

from pathlib import Path

from multifidus.report.run import render_document
from step import step

with step(snakemake):
    context = dict(snakemake.params.context)
    resources = {Path(path).name: path for path in snakemake.input.references}
    for notebook in snakemake.input.get("notebooks", []):
        resources[f"notebooks/{Path(notebook).name}"] = notebook
    render_document(
        snakemake.input.document,
        Path(snakemake.output.record).parent,
        engine=snakemake.params.engine,
        formats=snakemake.params.formats,
        context=context,
        resources=resources,
        record=snakemake.output.record,
    )
