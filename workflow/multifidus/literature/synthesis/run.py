"""The workflow's step that synthesises the published evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from multifidus.base.files import write_csv
from multifidus.literature.record.studies import STUDIES
from multifidus.literature.record.tables import load_table
from multifidus.literature.synthesis.effects import standard_effects
from multifidus.literature.synthesis.pool import synthesise

if TYPE_CHECKING:
    from multifidus.config.tier import Tier

__all__ = ["synthesise_evidence"]


def synthesise_evidence(
    studies: Path | str, *, effects: Path | str, pooled: Path | str, tier: Tier
) -> None:
    """Derive the effects of the studies table and pool them.

    Parameters
    ----------
    studies
        The table of studies, ``literature/studies.csv``.
    effects, pooled
        CSV files to write: one row per effect, one row per pooled estimate.
    tier
        Data tier, written into both files.

    Raises
    ------
    LiteratureError
        For a broken table, an effect without its figures, or overlapping cohorts.
    """
    found = standard_effects(load_table(Path(studies), STUDIES))
    write_csv(pooled, synthesise(found).assign(tier=str(tier)))
    write_csv(effects, found.assign(tier=str(tier)))
