"""Mutation trials: many damaged logs at once, judged by the conservation laws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.batch import read_batch
from multifidus.devicelogs.binary_writer import simulate_device_binary
from multifidus.devicelogs.device_truth import DeviceDesign, DeviceLife, SessionTruth
from multifidus.devicelogs.laws import broken_laws, true_sessions
from multifidus.devicelogs.mutate import mutate
from multifidus.devicelogs.simulator import build_device_log, encode_device_log

if TYPE_CHECKING:
    from multifidus.devicelogs.device_truth import DeviceLog
    from multifidus.devicelogs.laws import TrueSession

__all__ = ["Outcome", "Trials", "prepare_trials", "run_round"]

_DAY = 86_400
_APART_S = 3 * 3600
_BINDING = (b"Hdevice", b"Hdownload", b"Hsync")


@dataclass(frozen=True)
class Trials:
    """Clean logs, donors for splices, and the true sessions of all of them.

    ``powered`` is when each was powered on, UTC seconds, logs first.
    """

    logs: tuple[bytes, ...]
    donors: tuple[bytes, ...]
    truth: dict[str, list[TrueSession]]
    powered: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """One round: logs damaged, logs that the damage left whole, laws that broke.

    ``left_whole`` counts logs that a mutation did not change and forgeries put back.
    """

    damaged: int
    left_whole: int
    breaches: tuple[str, ...]


def _log(name: str, seed: int, *, binary: bool) -> DeviceLog:
    rng = np.random.default_rng([seed, 77])
    activation = 1_600_000_000 + int(rng.integers(0, 90 * _DAY))
    days = int(rng.integers(12, 25))
    start = activation + _DAY + np.arange(days)[:, None] * _DAY + np.asarray([8, 20]) * 3600
    start = (start + rng.integers(0, 3000, start.shape)).ravel()
    start = start[rng.random(len(start)) < 0.8]  # noqa: PLR2004
    stopped = rng.random(len(start)) < 0.2  # noqa: PLR2004
    seconds = np.where(stopped, rng.integers(30, 1700, len(start)), 1800)
    life = DeviceLife(
        resets=(activation + 6 * _DAY + 100,) if seed % 5 == 0 else (),
        clock_shifts=((activation + 9 * _DAY, 3600),) if seed % 3 == 0 else (),
    )
    design = DeviceDesign(capacity=90 if seed % 2 else (200 if binary else 3184))
    truth = SessionTruth(start, seconds, stopped.astype(np.int64))
    end = activation + (days + 2) * _DAY
    return build_device_log(name, activation, [end], truth, life=life, design=design, rng_seed=seed)


def prepare_trials(logs: int = 200, donors: int = 20, *, binary: bool = False) -> Trials:
    """Simulate clean logs of as many devices, and some more for splices."""
    lives = [_log(f"P{number:03d}", number, binary=binary) for number in range(logs)]
    lives += [_log(f"D{number:03d}", 1000 + number, binary=binary) for number in range(donors)]
    write = simulate_device_binary if binary else encode_device_log
    files = tuple(write(life)[0] for life in lives)
    powered = tuple(_power_on(life) for life in lives)
    return Trials(files[:logs], files[logs:], true_sessions(read_batch(files)), powered)


def run_round(trials: Trials, number: int) -> Outcome:
    """Damage every log once, read all, and name the laws that broke.

    Parameters
    ----------
    trials
        As :func:`prepare_trials` gives them.
    number
        Round; with the log's index it seeds the damage.
    """
    damaged = []
    whole = 0
    for index, log in enumerate(trials.logs):
        other = _donor(trials, index, number)
        mutant = mutate(log, np.random.default_rng([number, index]), other)
        forged = _forged(mutant, log, other)
        whole += forged or mutant == log
        damaged.append(log if forged else mutant)
    breaches = broken_laws(read_batch(damaged), trials.truth)
    return Outcome(len(damaged) - whole, whole, tuple(breaches))


def _power_on(log: DeviceLog) -> int:
    """Return when the implant was powered on, from the clock of its first record."""
    first = min(log.streams, key=lambda stream: int(stream.seq.min(initial=1 << 40)))
    row = int(first.seq.argmin())
    return int(first.clock[row] - first.tick[row])


def _donor(trials: Trials, index: int, number: int) -> bytes:
    """Choose a donor powered on at another time; same-hour twins cannot be told apart."""
    place = index + number
    own = trials.powered[index]
    for step in range(len(trials.donors)):
        at = (place + step) % len(trials.donors)
        if abs(trials.powered[len(trials.logs) + at] - own) > _APART_S:
            return trials.donors[at]
    return b""


def _forged(mutant: bytes, own: bytes, other: bytes) -> bool:
    """Whether a splice happened to join two devices' undamaged header lines at a line end.

    Such a file carries no trace of damage: it states, with right checksums, that the device
    of its device line was read at the other's time. No reader of the format can know better.
    Lines that both devices share, and lines of one device in any order, are not excused.
    """
    ours, theirs = set(own.split(b"\n")), set(other.split(b"\n"))
    lines = [line for line in mutant.replace(b"\x00", b"").split(b"\n") if line]
    return any(
        one.startswith(_BINDING)
        and two.startswith((b"H", b"R"))
        and one[:5] != two[:5]
        and _strangers(one, two, ours, theirs)
        for one, two in pairwise(lines)
    )


def _strangers(one: bytes, two: bytes, ours: set[bytes], theirs: set[bytes]) -> bool:
    """Whether one line is only ours and the other only theirs."""
    pairs = ((one, two), (two, one))
    return any(
        mine in ours and mine not in theirs and foreign in theirs and foreign not in ours
        for mine, foreign in pairs
    )
