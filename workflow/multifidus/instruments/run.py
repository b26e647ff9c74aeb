"""The workflow's step of scoring: tables and coefficient files in, scores out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.files import write_parquet
from multifidus.contracts import TABLES, read_table
from multifidus.instruments.mme_factors import mme_factors_from_frame
from multifidus.instruments.scores import build_scores
from multifidus.instruments.value_sets import value_sets_from_frames

if TYPE_CHECKING:
    from multifidus.config import StudyConfig

__all__ = ["score_instruments"]


def score_instruments(
    *,
    tables: Path | str,
    value_sets: Path | str,
    factors: Path | str,
    study: StudyConfig,
    scores: Path | str,
    tier: str,
) -> None:
    """Score every instrument of a study and write the long table of scores.

    Parameters
    ----------
    tables
        Folder of the ingested tables.
    value_sets
        Folder of the EQ-5D-5L value sets.
    factors
        File of the opioid conversion factors.
    study
        Sections ``visits``, ``outcomes`` and ``opioids``.
    scores
        Parquet file to write.
    tier
        Data tier.
    """
    sets = value_sets_from_frames(
        {path.stem: pd.read_csv(path) for path in sorted(Path(value_sets).glob("*.csv"))}
    )
    frame = build_scores(
        {name: read_table(Path(tables), name) for name in TABLES},
        study,
        sets,
        mme_factors_from_frame(pd.read_csv(factors)),
    )
    write_parquet(scores, frame, {"table": "scores", "tier": tier})
