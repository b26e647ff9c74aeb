"""The workflow's step that scores every instrument: files in, scores out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from multifidus.base.files import write_parquet
from multifidus.config.instruments import INSTRUMENTS
from multifidus.contracts.tables import read_table
from multifidus.instruments.mme_factors import mme_factors_from_frame
from multifidus.instruments.scores import build_scores
from multifidus.instruments.value_sets import value_sets_from_frames
from multifidus.literature.record.value_sets import load_mme_factors, load_value_sets

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig
    from multifidus.instruments.value_sets import ValueSet

__all__ = ["read_value_sets", "score_instruments"]

TABLES_READ = ("participants", "visits", *INSTRUMENTS, "opioids")
"""Tables that scoring reads."""


def score_instruments(
    *,
    tables: Path | str,
    value_sets: Path | str,
    factors: Path | str,
    study: StudyConfig,
    scores: Path | str,
    tier: str,
) -> None:
    """Score the answers of a folder of tables and write the scores.

    Parameters
    ----------
    tables
        Folder of the ingested tables.
    value_sets
        Folder ``literature/value_sets``.
    factors
        File ``literature/mme/factors.csv``.
    study
        The study, or its sections visits, outcomes and opioids.
    scores
        Parquet file to write.
    tier
        Data tier.

    Raises
    ------
    InstrumentError
        As :func:`~multifidus.instruments.scores.build_scores`.
    LiteratureError
        When a file of the literature is broken.
    """
    folder = Path(tables)
    frame = build_scores(
        {name: read_table(folder, name) for name in TABLES_READ},
        study,
        read_value_sets(value_sets),
        mme_factors_from_frame(load_mme_factors(Path(factors))),
    )
    write_parquet(scores, frame, {"table": "scores", "tier": tier})


def read_value_sets(folder: Path | str) -> dict[str, ValueSet]:
    """Read every value set of ``literature/value_sets``.

    Raises
    ------
    LiteratureError
        When a file is broken.
    """
    read = load_value_sets(Path(folder))
    return value_sets_from_frames(
        read.value_sets,
        read.coefficients,
        tto_3l=read.tto_3l,
        crosswalk_probabilities=read.crosswalk_probabilities,
    )
