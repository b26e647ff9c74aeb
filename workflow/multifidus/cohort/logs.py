"""The stimulator logs of the synthetic cohort."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from multifidus.base.files import atomic_directory
from multifidus.cohort.usage_table import read_usage
from multifidus.devicelogs.device_truth import SessionTruth
from multifidus.devicelogs.simulator import simulate_device

if TYPE_CHECKING:
    from pathlib import Path

    from multifidus.cohort.usage import DeviceUse

__all__ = ["simulate_logs"]


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
