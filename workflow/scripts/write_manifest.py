"""List every deliverable with size, hash, tier and sensitivity."""

from __future__ import annotations

from multifidus.package.run import write_run_manifest

from step import step

with step(snakemake):
    write_run_manifest(
        deliverables=list(snakemake.input.deliverables),
        record=snakemake.input.get("record") or None,
        lock=snakemake.input.lock,
        run=dict(snakemake.params.run),
        tier=snakemake.params.tier,
        sensitivity=snakemake.params.sensitivity,
        manifest=snakemake.output.manifest,
    )
