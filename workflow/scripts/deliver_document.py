"""Put the rendered document in place and make the author's folder."""

from multifidus.report.run import deliver_document
from step import step

with step(snakemake):
    deliver_document(
        snakemake.input.rendered,
        [*snakemake.output.documents, snakemake.output.record],
        snakemake.output.workspace,
        document=snakemake.input.document,
        context=dict(snakemake.params.context),
        resources=dict(snakemake.params.resources),
    )
