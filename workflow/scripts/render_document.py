"""Render the document in every format."""

from pathlib import Path

from multifidus.report.run import render_document
from step import step

with step(snakemake):
    context = dict(snakemake.params.context)
    resources = {Path(path).name: path for path in snakemake.input.references}
    for notebook in snakemake.input.get("notebooks", []):
        resources[f"notebooks/{Path(notebook).name}"] = notebook
    # Sections that the data of this run cannot fill are replaced by the sentence that says so.
    folder = Path(snakemake.input.document).parent / "_sections"
    for section in snakemake.params.left_out:
        resources[f"_sections/_{section}.qmd"] = str(folder / f"_no_{section}.qmd")
    render_document(
        snakemake.input.document,
        Path(snakemake.output.record).parent,
        engine=snakemake.params.engine,
        formats=snakemake.params.formats,
        context=context,
        resources=resources,
        record=snakemake.output.record,
    )
