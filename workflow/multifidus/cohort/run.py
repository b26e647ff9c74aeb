"""The workflow's steps of the cohort: raw tables, therapy usage, stimulator logs."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.base.files import atomic_directory, write_csv, write_parquet
from multifidus.cohort.design import CohortDesign
from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.tables import write_cohort
from multifidus.cohort.targets import targets_from_claims
from multifidus.cohort.usage import DeviceUse
from multifidus.devicelogs.simulator import SessionTruth, simulate_device
from multifidus.literature.claims import load_literature

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["read_usage", "simulate_cohort", "simulate_logs", "usage_frame"]

_ARRAYS = ("downloads", "start_utc", "seconds", "reason", "amplitude")
_DAYS = ("activation", "exposure_start", "exposure_end")


def simulate_cohort(
    *,
    literature: Path | str,
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
    """
    published = load_literature(Path(literature))
    targets = targets_from_claims(published.claims, published.divergences)
    cohort = generate_cohort(seed, targets, CohortDesign())
    with atomic_directory(tables) as folder:
        write_cohort(cohort, folder)
    write_parquet(usage, usage_frame(cohort.usage), {"table": "usage", "tier": tier})
    write_csv(calibration, cohort.report.assign(tier=tier))


def usage_frame(usage: Iterable[DeviceUse]) -> pd.DataFrame:
    """Return therapy usage as a frame: a row per participant, sessions as lists."""
    names = [field.name for field in fields(DeviceUse)]
    return pd.DataFrame([{name: getattr(use, name) for name in names} for use in usage])


def read_usage(path: Path | str) -> list[DeviceUse]:
    """Read what :func:`usage_frame` gave."""
    frame = pd.read_parquet(path)
    return [
        DeviceUse(
            **{
                "participant_id": row["participant_id"],
                **{name: np.datetime64(row[name], "D") for name in _DAYS},
                **{name: np.asarray(row[name], dtype=np.int64) for name in _ARRAYS},
            }
        )
        for row in frame.to_dict("records")
    ]


def simulate_logs(*, usage: Path | str, folder: Path | str, seed: int, workers: int = 1) -> None:
    """Write every participant's downloads as ``<participant>-<nn>.ipglog``.

    Parameters
    ----------
    usage
        File that :func:`simulate_cohort` wrote.
    folder
        Folder to make.
    seed
        Seed of battery, impedance and timing noise; each device has its own stream.
    workers
        Processes; the bytes do not depend on their number.
    """
    with atomic_directory(folder) as target:
        jobs = [
            (use, [seed, number], target)
            for number, use in enumerate(read_usage(usage))
            if len(use.downloads)
        ]
        with ProcessPoolExecutor(max_workers=workers) as pool:
            list(pool.map(_write_device, jobs, chunksize=8))


def _write_device(job: tuple[DeviceUse, list[int], Path]) -> None:
    use, seed, folder = job
    downloads = simulate_device(
        use.participant_id,
        use.activation,
        [int(second) for second in use.downloads],
        SessionTruth(use.start_utc, use.seconds, use.reason, use.amplitude, use.amplitude),
        rng_seed=seed,
    )
    for number, content in enumerate(downloads, start=1):
        (folder / f"{use.participant_id}-{number:02d}.ipglog").write_bytes(content)
