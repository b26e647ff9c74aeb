"""The literature steps of the workflow: files in, files out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from multifidus.base.files import write_csv, write_json
from multifidus.literature.bibliography import bibliography_keys, short_citations
from multifidus.literature.checks import check_claims, require_declared
from multifidus.literature.claims import load_claims, load_literature
from multifidus.literature.models import DIVERGENCES, RECOMPUTATIONS
from multifidus.literature.page import ScorecardFiles, write_scorecard
from multifidus.literature.recompute import recompute_figures
from multifidus.literature.scorecard import build_scorecard
from multifidus.literature.tables import load_table
from multifidus.literature.verdicts import (
    compare_verdicts,
    load_expected_verdicts,
    verdict_counts,
)

__all__ = ["check_literature", "check_verdicts", "score_reproduction"]


def check_literature(
    *,
    claims: str | Path,
    recomputations: str | Path,
    references: str | Path,
    checks: str | Path,
    recomputed: str | Path,
    tier: str,
) -> None:
    """Check the literature folder and write its arithmetic checks and recomputed figures.

    Parameters
    ----------
    claims
        ``claims.csv``; the folder's other tables are read from beside it.
    recomputations, references
        ``recomputations.csv`` and ``references.bib``.
    checks, recomputed
        CSV files to make.
    tier
        Data tier, a column of both.

    Raises
    ------
    LiteratureError
        ``LIT-001`` to ``LIT-009``, one sentence.
    """
    literature = load_literature(Path(claims).parent)
    bibliography_keys(Path(references))
    found = check_claims(literature.claims, literature.divergences)
    require_declared(found)
    declarations = load_table(Path(recomputations), RECOMPUTATIONS)
    figures = recompute_figures(literature.claims, declarations)
    write_csv(checks, found.assign(tier=tier))
    write_csv(recomputed, figures.assign(tier=tier))


def score_reproduction(
    *,
    claims: str | Path,
    divergences: str | Path,
    recomputed: str | Path,
    results: str | Path | None,
    csv: str | Path,
    json: str | Path,
    html: str | Path,
    tier: str,
    banner: str | None = None,
    references: str | Path | None = None,
) -> None:
    """Score every published figure and write the scorecard's three files.

    Parameters
    ----------
    claims, divergences
        Tables of the literature folder.
    recomputed
        As :func:`check_literature` makes it.
    results
        The results table (Parquet); none in tier ``published``.
    csv, json, html
        Files to make.
    tier, banner
        Data tier and the sentence that stands for it.
    references
        ``references.bib``, for short citations on the page; source keys are printed without it.

    Raises
    ------
    LiteratureError
        ``LIT-001`` to ``LIT-005`` for a broken table.
    """
    figures = pd.read_csv(recomputed, keep_default_na=False)
    scorecard = build_scorecard(
        load_claims(Path(claims)),
        None if results is None else pd.read_parquet(results, columns=["result_id", "value"]),
        figures,
        load_table(Path(divergences), DIVERGENCES),
        tier,
    )
    citations = None if references is None else short_citations(Path(references))
    files = ScorecardFiles(Path(csv), Path(json), Path(html))
    write_scorecard(scorecard, files, tier, banner, citations)


def check_verdicts(
    *, scorecard: str | Path, expected: str | Path, counts: str | Path, tier: str
) -> None:
    """Hold a scorecard against the expected verdicts and write how often each verdict stands.

    Parameters
    ----------
    scorecard
        The scorecard's CSV.
    expected
        ``expected_verdicts.csv``.
    counts
        JSON file to make, only when no verdict changed.
    tier
        Data tier.

    Raises
    ------
    ScorecardError
        ``SCO-001`` when a verdict changed.
    """
    card = pd.read_csv(scorecard, keep_default_na=False)
    compare_verdicts(card, load_expected_verdicts(Path(expected)), tier)
    write_json(counts, {"tier": tier, "verdict_counts": verdict_counts(card)})
