"""The workflow's step that synthesises the published evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from multifidus.base.files import write_csv
from multifidus.literature.record.claims import load_literature
from multifidus.literature.synthesis.effects import standard_effects
from multifidus.literature.synthesis.pool import synthesise

if TYPE_CHECKING:
    from multifidus.config.tier import Tier

__all__ = ["synthesise_evidence"]


def synthesise_evidence(
    folder: Path | str, *, effects: Path | str, pooled: Path | str, tier: Tier
) -> None:
    """Derive the effects of the studies table and pool them.

    Parameters
    ----------
    folder
        The ``literature`` folder.
    effects, pooled
        CSV files to write: one row per effect, one row per pooled estimate.
    tier
        Data tier, written into both files.

    Raises
    ------
    LiteratureError
        For a broken table, an effect without its figures, or overlapping cohorts.
    """
    found = standard_effects(load_literature(Path(folder)).studies)
    write_csv(pooled, synthesise(found).assign(tier=str(tier)))
    write_csv(effects, found.assign(tier=str(tier)))
