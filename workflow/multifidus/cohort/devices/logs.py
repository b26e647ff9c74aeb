"""From the sessions of the cohort to stimulator logs in the project's own format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.base.errors import DataError
from multifidus.base.files import atomic_directory
from multifidus.base.parallel import map_processes
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import DeviceDesign, DeviceLife, SessionTruth
from multifidus.cohort.devices.usage_table import ACTIVATION, DOWNLOAD, SESSION
from multifidus.cohort.streams import Streams

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["simulate_logs", "write_logs"]

_CLOCK_SHIFT_SHARE = 0.12  # assumption: clocks set by an hour when the zone changes
_RESET_SHARE = 0.05  # assumption: resets of the device, after which its clock is unset
_ERASURE_SHARE = 0.07  # assumption: logs erased in service, what was not yet read is lost
_RING_RECORDS = (
    6144  # assumption: two years and more of full use, as visits a year apart are missed
)
_HOUR = 3600
_CHUNK = 8


@dataclass(frozen=True)
class _Job:
    """One implant to simulate."""

    participant_id: str
    activation: int
    downloads: tuple[int, ...]
    sessions: SessionTruth
    seed: int


def write_logs(usage: pd.DataFrame, folder: Path, seed: int, workers: int = 1) -> int:
    """Write every download of every device as ``<folder>/<participant_id>-<nn>.ipglog``.

    Parameters
    ----------
    usage
        As :func:`usage_frame` returns it.
    folder
        Target folder, replaced as a whole.
    seed
        Seed of what else happens to the devices; each device's own seed follows from it and from
        its participant, so that the number of workers changes no byte.
    workers
        Processes.

    Returns
    -------
    int
        Number of files.
    """
    groups = usage.groupby("participant_id", sort=True)
    streams = Streams(seed)
    jobs = [_job(str(name), rows, streams.seed_of("logs", str(name))) for name, rows in groups]
    written = 0
    with atomic_directory(folder) as target:
        answers = map_processes(_simulate, jobs, workers, chunksize=_CHUNK)
        for job, files in zip(jobs, answers, strict=True):
            written += _write(target, job, files)
    return written


def _job(participant_id: str, rows: pd.DataFrame, seed: int) -> _Job:
    utc = {record: rows.loc[rows["record"] == record, "utc"] for record in (ACTIVATION, DOWNLOAD)}
    sessions = rows[rows["record"] == SESSION]
    amplitude = sessions["amplitude"].to_numpy(np.int64)
    return _Job(
        participant_id=participant_id,
        activation=int(utc[ACTIVATION].iloc[0]),
        downloads=tuple(int(value) for value in utc[DOWNLOAD]),
        sessions=SessionTruth(
            sessions["utc"].to_numpy(np.int64),
            sessions["seconds"].to_numpy(np.int64),
            sessions["reason"].to_numpy(np.int64),
            left=amplitude,
            right=np.maximum(amplitude - 2, 1),
        ),
        seed=seed,
    )


def _simulate(job: _Job) -> list[bytes]:
    rng = np.random.default_rng(job.seed)
    life = DeviceLife(
        clock_shifts=_clock_shifts(rng, job),
        resets=_resets(rng, job),
        erasures=_erasures(rng, job),
    )
    return simulate_device(
        job.participant_id,
        job.activation,
        job.downloads,
        job.sessions,
        life=life,
        design=DeviceDesign(capacity=_RING_RECORDS),
        rng_seed=job.seed,
    )


def _clock_shifts(rng: np.random.Generator, job: _Job) -> tuple[tuple[int, int], ...]:
    """Return an hour's shift and its return half a year later, for some devices."""
    if rng.random() >= _CLOCK_SHIFT_SHARE:
        return ()
    start = _quiet_time(rng, job)
    back = start + 182 * 24 * _HOUR
    shifts = [(start, _HOUR)]
    if back < job.downloads[-1]:
        shifts.append((back, -_HOUR))
    return tuple(shifts)


def _resets(rng: np.random.Generator, job: _Job) -> tuple[int, ...]:
    return (_quiet_time(rng, job),) if rng.random() < _RESET_SHARE else ()


def _erasures(rng: np.random.Generator, job: _Job) -> tuple[int, ...]:
    return (_quiet_time(rng, job),) if rng.random() < _ERASURE_SHARE else ()


def _quiet_time(rng: np.random.Generator, job: _Job) -> int:
    """Return a time of night, when no session runs, before the last reading."""
    days = max(1, (job.downloads[-1] - job.activation) // (24 * _HOUR) - 1)
    return job.activation + int(rng.integers(1, days + 1)) * 24 * _HOUR + 2 * _HOUR


def _write(target: Path, job: _Job, files: list[bytes]) -> int:
    for number, content in enumerate(files, start=1):
        (target / f"{job.participant_id}-{number:02d}.ipglog").write_bytes(content)
    return len(files)


def simulate_logs(
    *,
    tables: Path | str,
    usage: Path | str,
    folder: Path | str,
    seed: int,
    workers: int = 1,
) -> None:
    """Write the stimulator logs of a cohort that was drawn before.

    Parameters
    ----------
    tables
        Folder of its raw tables; the devices must be those of its participants.
    usage
        Parquet file of activations, downloads and sessions.
    folder
        Folder of logs to make.
    seed
        Seed of what else happens to the devices.
    workers
        Processes; changes no byte.

    Raises
    ------
    DataError
        ``COH-008`` when tables and usage are not of one cohort.
    """
    people = pd.read_csv(
        Path(tables) / "participants.csv",
        usecols=["participant_id"],
        dtype="str",
        keep_default_na=False,
    )
    truth = pd.read_parquet(usage)
    if set(people["participant_id"]) != set(truth["participant_id"]):
        raise DataError(
            "COH-008",
            "the raw tables and the therapy usage are not of the same synthetic cohort; draw both "
            "again with the rule simulate_cohort",
        )
    write_logs(truth, Path(folder), seed, workers)
