"""Render the document in every format."""

from __future__ import annotations

from multifidus.report.run import render_document

from step import step

with step(snakemake):
    render_document(
        document=snakemake.input.document,
        inputs={name: snakemake.input.get(name) for name in snakemake.params.context},
        bibliographies=snakemake.input.references,
        notebooks=snakemake.input.get("notebooks") or [],
        record=snakemake.output.record,
        engine=snakemake.params.engine,
        formats=snakemake.params.formats,
        facts=snakemake.params.facts,
        sections=snakemake.params.sections,
    )
