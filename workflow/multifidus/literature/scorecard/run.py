"""The workflow's step that scores the reproduction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.literature.consistency.recompute import recompute_figures
from multifidus.literature.record.bibliography import short_citations
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.register import register_of
from multifidus.literature.scorecard.build import build_scorecard
from multifidus.literature.scorecard.page import ScorecardFiles, write_scorecard

if TYPE_CHECKING:
    from collections.abc import Collection

    from multifidus.config.tier import Tier

__all__ = ["score_reproduction"]


def score_reproduction(
    folder: Path | str,
    *,
    results: Path | str | None,
    files: ScorecardFiles,
    tier: Tier,
    held_out: Collection[str] = (),
) -> None:
    """Compare every published figure with the reproduced one and write the scorecard.

    Parameters
    ----------
    folder
        The ``literature`` folder.
    results
        The results table; none in the published tier.
    files
        CSV, JSON and HTML file to write.
    tier
        Data tier.
    held_out
        Claims that the synthetic cohort is not calibrated to.
    """
    folder = Path(folder)
    literature = load_literature(folder)
    scorecard = build_scorecard(
        literature.claims,
        pd.read_parquet(results) if results else None,
        recompute_figures(literature.claims, literature.recomputations),
        register_of(literature.divergences, literature.divergent_figures),
        tier,
        held_out=held_out,
    )
    citations = short_citations(folder / "references.bib")
    write_scorecard(scorecard, files, tier, citations=citations)
