"""Render the document in every format."""

from pathlib import Path

from multifidus.report.run import render_document
from step import step

with step(snakemake):
    context = dict(snakemake.params.context)
    resources = {Path(path).name: path for path in snakemake.input.references}
    for notebook in snakemake.input.get("notebooks", []):
        resources[f"notebooks/{Path(notebook).name}"] = notebook
    if not snakemake.params.calibrated:
        # The document includes one section whose words depend on where the data come from.
        folder = Path(snakemake.input.document).parent / "_sections"
        resources["_sections/_calibration.qmd"] = str(folder / "_no_calibration.qmd")
    render_document(
        snakemake.input.document,
        Path(snakemake.output.record).parent,
        engine=snakemake.params.engine,
        formats=snakemake.params.formats,
        context=context,
        resources=resources,
        record=snakemake.output.record,
    )
