"""The workflow's steps of the literature room: check the record, score the reproduction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.files import write_csv
from multifidus.literature.consistency.checks import check_claims, require_declared
from multifidus.literature.consistency.recompute import recompute_figures
from multifidus.literature.record.bibliography import short_citations
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.value_sets import load_mme_factors, load_value_sets
from multifidus.literature.scorecard.build import build_scorecard
from multifidus.literature.scorecard.page import ScorecardFiles, write_scorecard

if TYPE_CHECKING:
    from multifidus.config.run import Tier

__all__ = ["check_literature", "score_reproduction"]


def check_literature(
    folder: Path | str, *, checks: Path | str, recomputed: Path | str, tier: Tier
) -> None:
    """Hold every table of the literature against its contract and the figures against each other.

    Parameters
    ----------
    folder
        The ``literature`` folder.
    checks, recomputed
        CSV files to write: the arithmetic checks, the figures recomputed from other figures.
    tier
        Data tier, written into both files.

    Raises
    ------
    LiteratureError
        For a broken table or an undeclared contradiction.
    """
    folder = Path(folder)
    literature = load_literature(folder)
    load_value_sets(folder / "value_sets")
    load_mme_factors(folder / "mme" / "factors.csv")
    found = check_claims(literature.claims, literature.divergences)
    require_declared(found)
    figures = recompute_figures(literature.claims, literature.recomputations)
    write_csv(checks, found.assign(tier=str(tier)))
    write_csv(recomputed, figures.assign(tier=str(tier)))


def score_reproduction(
    folder: Path | str,
    *,
    results: Path | str | None,
    files: ScorecardFiles,
    tier: Tier,
) -> None:
    """Hold every published figure against the reproduced one and write the scorecard.

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
    """
    folder = Path(folder)
    literature = load_literature(folder)
    scorecard = build_scorecard(
        literature.claims,
        pd.read_parquet(results) if results else None,
        recompute_figures(literature.claims, literature.recomputations),
        literature.divergences,
        tier,
    )
    citations = short_citations(folder / "references.bib")
    write_scorecard(scorecard, files, tier, citations=citations)
