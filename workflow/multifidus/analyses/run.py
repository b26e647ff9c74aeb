"""The workflow's step of one analysis: files in, rows of results out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.registry import ANALYSES
from multifidus.base.files import sha256_of_many, write_parquet
from multifidus.contracts.tables import read_table
from multifidus.literature.record.studies import COMPARATORS
from multifidus.literature.record.tables import load_table
from multifidus.results.table import Provenance, rows_to_frame

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig

__all__ = ["analyse"]


def analyse(
    name: str,
    study: StudyConfig,
    *,
    tables: Path,
    scores: Path | str | None,
    usage: Path | str | None,
    target: Path,
    rule: str,
    tier: str,
    seed: int = 0,
    comparators: Path | str | None = None,
    months: Path | str | None = None,
) -> None:
    """Run one analysis and write its rows with their provenance.

    Parameters
    ----------
    name
        Name of the analysis in :data:`multifidus.analyses.registry.ANALYSES`.
    study
        The sections of the study that the analysis reads.
    tables
        Folder of the ingested tables.
    scores, usage
        Scores and device use, where the analysis reads them.
    target
        Parquet file of rows to write.
    rule, tier
        For the provenance of each row.
    seed
        Seed of everything that is drawn at random.
    comparators
        ``literature/comparators.csv``, where the analysis reads it.
    months
        Device use by month, where the analysis reads device use.
    """
    analysis = ANALYSES[name]
    inputs = AnalysisInputs(
        study,
        {table: read_table(tables, table) for table in analysis.tables},
        pd.read_parquet(scores) if scores else None,
        pd.read_parquet(usage) if usage else None,
        seed,
        load_table(Path(comparators), COMPARATORS) if comparators else None,
        pd.read_parquet(months) if months else None,
    )
    files = [tables / f"{table}.parquet" for table in analysis.tables]
    files += [Path(path) for path in (scores, usage, months, comparators) if path]
    data = sha256_of_many(files)
    frames = [
        rows_to_frame(rows, Provenance(data, rule, function, tier))
        for function, rows in analysis.run(inputs).items()
    ]
    write_parquet(target, pd.concat(frames), {"table": "results", "tier": tier})
