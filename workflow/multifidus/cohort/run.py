"""The step of the workflow that draws the cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import DataError
from multifidus.base.files import atomic_directory, write_csv, write_parquet
from multifidus.cohort.calibration.targets import CohortTargets, Window
from multifidus.cohort.design import CohortDesign
from multifidus.cohort.devices.usage_table import usage_frame
from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.tables import write_cohort
from multifidus.literature.record.value_sets import load_value_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from multifidus.config.study import StudyConfig

__all__ = ["decrements_of", "simulate_cohort"]

_DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
_LEVELS = range(2, 6)


def decrements_of(coefficients: pd.DataFrame, value_set: str) -> tuple[tuple[float, ...], ...]:
    """Return the decrements of a value set, levels 1 to 5 of the five dimensions.

    Parameters
    ----------
    coefficients
        Rows of ``literature/value_sets/coefficients.csv``.
    value_set
        Id of a value set without intercept and interactions.

    Raises
    ------
    DataError
        ``COH-006`` when the value set is not in the table.
    """
    rows = coefficients[coefficients["value_set"] == value_set]
    found = rows.set_index(["dimension", "level"])["decrement"].astype(float).to_dict()
    try:
        return tuple(
            (0.0, *(found[dimension, level] for level in _LEVELS)) for dimension in _DIMENSIONS
        )
    except KeyError as error:
        raise DataError(
            "COH-006",
            f"the value set '{value_set}' has no complete set of decrements in "
            "literature/value_sets/coefficients.csv; name another one in the study file's outcomes",
        ) from error


def simulate_cohort(
    *,
    targets: Iterable[Sequence[Any]],
    value_sets: Path | str,
    study: StudyConfig,
    seed: int,
    tables: Path | str,
    usage: Path | str,
    calibration: Path | str,
    tier: str,
) -> None:
    """Draw the cohort and write its raw tables, the truth behind its logs, and the report.

    Parameters
    ----------
    targets
        Fields of each :class:`~multifidus.cohort.calibration.targets.Window`, in its order.
    value_sets
        ``literature/value_sets``.
    study
        The study; its EQ-5D outcome names the value set.
    seed
        Seed of all random numbers.
    tables
        Folder of raw CSV tables to make.
    usage
        Parquet file of activations, downloads and sessions to make.
    calibration
        CSV file of the calibration report to make.
    tier
        Data tier, written into the Parquet file.
    """
    declared = [outcome.value_set for outcome in study.outcomes if outcome.value_set is not None]
    if not declared:
        raise DataError(
            "COH-007",
            "the study file declares no EQ-5D outcome with a value set, which the synthetic cohort "
            "is calibrated with; add one under outcomes",
        )
    coefficients = load_value_sets(Path(value_sets)).coefficients
    design = CohortDesign(decrements_of(coefficients, declared[0]))
    cohort = generate_cohort(seed, CohortTargets(tuple(Window(*row) for row in targets)), design)
    with atomic_directory(tables) as folder:
        write_cohort(cohort, folder)
    write_parquet(usage, usage_frame(cohort.usage), {"tier": tier})
    write_csv(calibration, cohort.report)
