"""The workflow's step that runs one analysis: files in, rows of results out."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.analyses.errors import AnalysisError
from multifidus.analyses.inputs import AnalysisInputs
from multifidus.base.files import sha256_of_many, write_parquet
from multifidus.contracts import TABLES, read_table
from multifidus.results import Provenance, rows_to_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.config import StudyConfig
    from multifidus.results import ResultRow

__all__ = ["analyse", "analysis_named"]


def analysis_named(name: str) -> Callable[[AnalysisInputs], list[ResultRow]]:
    """Return the function ``summarise_<name>`` of the module ``multifidus.analyses.<name>``.

    Raises
    ------
    AnalysisError
        ``ANA-005`` when there is no such analysis.
    """
    try:
        function = getattr(import_module(f"multifidus.analyses.{name}"), f"summarise_{name}")
    except (ModuleNotFoundError, AttributeError):
        raise AnalysisError(
            "ANA-005",
            f"There is no analysis '{name}'; its name must be one of multifidus.analyses.plans.",
        ) from None
    found: Callable[[AnalysisInputs], list[ResultRow]] = function
    return found


def analyse(
    analysis: str,
    study: StudyConfig,
    *,
    tables: Path | str,
    scores: Path | str | None,
    periods: Path | str | None,
    target: Path | str,
    rule: str,
    tier: str,
) -> None:
    """Run one analysis and write its rows.

    Parameters
    ----------
    analysis
        Its name.
    study
        The study, or the sections that the analysis reads.
    tables
        Folder of the ingested tables.
    scores, periods
        Parquet files of the scores and of device use, where the analysis reads them.
    target
        Parquet file of rows to write.
    rule
        Name of the workflow rule, for the provenance.
    tier
        Data tier.

    Raises
    ------
    AnalysisError
        ``ANA-005`` for an unknown analysis; else as the analysis.
    """
    function = analysis_named(analysis)
    folder = Path(tables)
    names = [name for name in TABLES if (folder / f"{name}.parquet").is_file()]
    inputs = AnalysisInputs(
        study=study,
        tables={name: read_table(folder, name) for name in names},
        scores=pd.read_parquet(scores) if scores else None,
        usage=pd.read_parquet(periods) if periods else None,
    )
    given = [folder / f"{name}.parquet" for name in names]
    given += [Path(path) for path in (scores, periods) if path]
    provenance = Provenance(
        inputs_sha256=sha256_of_many(given),
        rule=rule,
        function=f"{function.__module__}.{function.__qualname__}",
        tier=tier,
    )
    frame = rows_to_frame(function(inputs), provenance)
    write_parquet(target, frame, {"table": "results", "analysis": analysis, "tier": tier})
