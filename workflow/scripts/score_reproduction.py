"""Score every published figure against the reproduced one."""

from __future__ import annotations

from multifidus.literature.run import score_reproduction

from step import step

with step(snakemake):
    score_reproduction(
        claims=snakemake.input.claims,
        divergences=snakemake.input.divergences,
        recomputed=snakemake.input.recomputed,
        results=snakemake.input.get("results") or None,
        csv=snakemake.output.csv,
        json=snakemake.output.json,
        html=snakemake.output.html,
        tier=snakemake.params.tier,
        banner=snakemake.params.banner,
    )
