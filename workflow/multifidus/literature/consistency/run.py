"""The workflow's step that checks the published record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from multifidus.base.files import write_csv
from multifidus.literature.consistency.checks import check_claims, require_declared
from multifidus.literature.consistency.forensics import forensic_checks
from multifidus.literature.consistency.recompute import recompute_figures
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.value_sets import load_mme_factors, load_value_sets

if TYPE_CHECKING:
    from multifidus.config.tier import Tier

__all__ = ["check_literature"]


def check_literature(
    folder: Path | str,
    *,
    checks: Path | str,
    forensics: Path | str,
    recomputed: Path | str,
    tier: Tier,
) -> None:
    """Check every table of the literature against its contract, and the figures against each other.

    Parameters
    ----------
    folder
        The ``literature`` folder.
    checks, forensics, recomputed
        CSV files to write: the arithmetic checks, the forensic ones, the figures recomputed from
        other figures.
    tier
        Data tier, written into all files.

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
    write_csv(forensics, forensic_checks(literature).assign(tier=str(tier)))
    write_csv(checks, found.assign(tier=str(tier)))
    write_csv(recomputed, figures.assign(tier=str(tier)))
