"""The workflow's step that draws the cohort: raw tables, therapy usage, calibration."""

from __future__ import annotations

from pathlib import Path

from multifidus.base.errors import DataError
from multifidus.base.files import atomic_directory, write_csv, write_parquet
from multifidus.cohort.design import CohortDesign
from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.tables import write_cohort
from multifidus.cohort.targets import targets_from_claims
from multifidus.cohort.usage_table import usage_frame
from multifidus.instruments.value_sets import DIMENSIONS
from multifidus.literature.claims import load_literature
from multifidus.literature.value_sets import load_value_sets

__all__ = ["simulate_cohort"]


def simulate_cohort(
    *,
    literature: Path | str,
    value_set: str,
    seed: int,
    tables: Path | str,
    usage: Path | str,
    calibration: Path | str,
    tier: str,
) -> None:
    """Draw the cohort and write its raw tables, the truth behind its logs and the calibration.

    Parameters
    ----------
    literature
        The ``literature`` folder, whose claims are the calibration targets.
    value_set
        Id of the EQ-5D-5L value set that the study assumes.
    seed
        Seed of everything that is drawn.
    tables
        Folder of raw CSV tables to make.
    usage
        Parquet file of therapy sessions to make, one row per participant.
    calibration
        CSV file to make: every target, its window and what was reached.
    tier
        Data tier.

    Raises
    ------
    DataError
        ``COH-001`` to ``COH-006`` when the published figures cannot be met together.
    """
    published = load_literature(Path(literature))
    targets = targets_from_claims(published.claims, published.divergences)
    design = CohortDesign(_decrements(Path(literature) / "value_sets", value_set))
    cohort = generate_cohort(seed, targets, design)
    with atomic_directory(tables) as folder:
        write_cohort(cohort, folder)
    write_parquet(usage, usage_frame(cohort.usage), {"table": "usage", "tier": tier})
    write_csv(calibration, cohort.report.assign(tier=tier))


def _decrements(folder: Path, value_set: str) -> tuple[tuple[float, ...], ...]:
    """Return a value set's decrements, a row per dimension; level 1 has none."""
    sets = load_value_sets(folder)
    chosen = sets.value_sets[sets.value_sets["id"] == value_set]
    terms = chosen[["intercept", "n45", "n5"]].astype("float64").to_numpy()
    if len(chosen) != 1 or chosen["kind"].iloc[0] != "vt" or terms.any():
        raise DataError(
            "COH-006",
            f"The synthetic cohort cannot be calibrated with the value set '{value_set}'; assume a "
            "set of plain decrements in study.yaml, for instance usa_2019.",
        )
    rows = sets.coefficients[sets.coefficients["value_set"] == value_set]
    wide = rows.pivot_table(index="dimension", columns="level", values="decrement")
    return tuple((0.0, *map(float, wide.loc[name])) for name in DIMENSIONS)
