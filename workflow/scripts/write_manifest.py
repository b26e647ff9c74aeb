"""List every deliverable with size, hash, tier and sensitivity."""

from multifidus.package.manifest import write_manifest
from step import step

with step(snakemake):
    write_manifest(
        list(snakemake.input.deliverables),
        snakemake.output.manifest,
        run=dict(snakemake.params.run),
        sensitivity=snakemake.params.sensitivity,
        lock=snakemake.input.lock,
        record=snakemake.input.get("record") or None,
        from_ledger=True,
    )
