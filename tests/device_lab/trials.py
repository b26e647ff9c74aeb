"""Mutation trials of the project's own format: many damaged logs, judged by the laws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from device_lab.laws import broken_laws, true_sessions
from device_lab.mutate import mutate
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import DeviceDesign, DeviceLife, SessionTruth
from multifidus.devicelogs.formats.ipglog.batch import read_batch

if TYPE_CHECKING:
    from device_lab.laws import TrueSession

__all__ = ["Outcome", "Trials", "prepare_trials", "run_round"]

_DAY = 86_400


@dataclass(frozen=True)
class Trials:
    """Clean logs, and the true sessions of all of them."""

    logs: tuple[bytes, ...]
    truth: dict[str, list[TrueSession]]


@dataclass(frozen=True)
class Outcome:
    """One round: logs damaged, logs that the damage left whole, laws that broke.

    ``beyond`` counts damage that leaves no trace in a format without checksums, see
    :mod:`device_lab.public_trials`.
    """

    damaged: int
    left_whole: int
    breaches: tuple[str, ...]
    beyond: int = 0


def _log(name: str, seed: int) -> bytes:
    rng = np.random.default_rng([seed, 77])
    activation = 1_600_000_000 + int(rng.integers(0, 90 * _DAY))
    days = int(rng.integers(12, 25))
    start = activation + _DAY + np.arange(days)[:, None] * _DAY + np.asarray([8, 20]) * 3600
    start = (start + rng.integers(0, 3000, start.shape)).ravel()
    start = start[rng.random(len(start)) < 0.8]
    stopped = rng.random(len(start)) < 0.2
    seconds = np.where(stopped, rng.integers(30, 1700, len(start)), 1800)
    life = DeviceLife(
        resets=(activation + 6 * _DAY + 100,) if seed % 5 == 0 else (),
        clock_shifts=((activation + 9 * _DAY, 3600),) if seed % 3 == 0 else (),
    )
    design = DeviceDesign(capacity=90 if seed % 2 else 3184)
    truth = SessionTruth(start, seconds, stopped.astype(np.int64))
    end = activation + (days + 2) * _DAY
    read = simulate_device(name, activation, [end], truth, life=life, design=design, rng_seed=seed)
    return read[0]


def prepare_trials(logs: int = 200) -> Trials:
    """Simulate clean logs of as many devices."""
    files = tuple(_log(f"P{number:03d}", number) for number in range(logs))
    return Trials(files, true_sessions(read_batch(files)))


def run_round(trials: Trials, number: int) -> Outcome:
    """Damage every log once, read all, and name the laws that broke.

    Parameters
    ----------
    trials
        As :func:`prepare_trials` gives them.
    number
        Round; with the log's index it seeds the damage.
    """
    damaged = [
        mutate(log, np.random.default_rng([number, index])) for index, log in enumerate(trials.logs)
    ]
    whole = sum(mutant == log for mutant, log in zip(damaged, trials.logs, strict=True))
    breaches = broken_laws(read_batch(damaged), trials.truth)
    return Outcome(len(damaged) - whole, whole, tuple(breaches))
