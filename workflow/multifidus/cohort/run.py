"""The step of the workflow that draws the cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from multifidus.base.errors import DataError
from multifidus.base.files import atomic_directory, write_csv, write_json, write_parquet
from multifidus.cohort.calibration.targets import CohortTargets, Window
from multifidus.cohort.design import CohortDesign
from multifidus.cohort.devices.usage_table import usage_frame
from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.tables import write_cohort
from multifidus.literature.record.value_sets import load_value_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from multifidus.config.cohort import CohortConfig

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
            "literature/value_sets/coefficients.csv; name another one in the cohort's conventions",
        ) from error


def simulate_cohort(
    *,
    targets: Iterable[Sequence[Any]],
    value_sets: Path | str,
    cohort: CohortConfig,
    seed: int,
    tables: Path | str,
    usage: Path | str,
    calibration: Path | str,
    dataset: Path | str,
    tier: str,
) -> None:
    """Draw the cohort and write its raw tables, the truth behind its logs, and the report.

    Parameters
    ----------
    targets
        Fields of each :class:`~multifidus.cohort.calibration.targets.Window`, in its order.
    value_sets
        ``literature/value_sets``.
    cohort
        What the data set is: version and conventions.
    seed
        Seed of all random numbers.
    tables
        Folder of raw CSV tables to make.
    usage
        Parquet file of activations, downloads and sessions to make.
    calibration
        CSV file of the calibration report to make.
    dataset
        JSON file to make: what the data set is, and from which seed.
    tier
        Data tier, written into the Parquet file.
    """
    conventions = cohort.conventions
    coefficients = load_value_sets(Path(value_sets)).coefficients
    design = CohortDesign(
        decrements_of(coefficients, conventions.value_set),
        conventions.max_missing_items,
        conventions.prescribed_minutes_per_day,
    )
    windows = CohortTargets(tuple(Window(*row) for row in targets))
    drawn = generate_cohort(seed, windows, design)
    with atomic_directory(tables) as folder:
        write_cohort(drawn, folder)
    write_parquet(usage, usage_frame(drawn.usage), {"tier": tier})
    write_csv(calibration, drawn.report)
    described = {"seed": seed, "targets": len(windows.windows), **cohort.model_dump(mode="json")}
    write_json(dataset, {"tier": tier, **described})
