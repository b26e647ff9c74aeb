"""Mutation trials: many damaged logs at once, judged by the conservation laws."""

from __future__ import annotations

import re
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
    from collections.abc import Sequence

    from multifidus.devicelogs.laws import TrueSession

__all__ = ["Trials", "prepare_trials", "run_round"]

_DAY = 86_400
_APART_S = 3 * 3600
_STAMP = re.compile(rb"\nR\d+,1,(\d+),(\S{20}),")


@dataclass(frozen=True)
class Trials:
    """Clean logs, donors for splices, and the true sessions of all of them."""

    logs: tuple[bytes, ...]
    donors: tuple[bytes, ...]
    truth: dict[str, list[TrueSession]]


def _log(name: str, seed: int, *, binary: bool) -> bytes:
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
    log = build_device_log(name, activation, [end], truth, life=life, design=design, rng_seed=seed)
    return (simulate_device_binary(log) if binary else encode_device_log(log))[0]


def prepare_trials(logs: int = 200, donors: int = 20, *, binary: bool = False) -> Trials:
    """Simulate clean logs of as many devices, and some more for splices."""
    clean = tuple(_log(f"P{number:03d}", number, binary=binary) for number in range(logs))
    spare = tuple(_log(f"D{number:03d}", 1000 + number, binary=binary) for number in range(donors))
    return Trials(clean, spare, true_sessions(read_batch([*clean, *spare])))


def run_round(trials: Trials, number: int) -> list[str]:
    """Damage every log once, read all, and name the laws that broke.

    Parameters
    ----------
    trials
        As :func:`prepare_trials` gives them.
    number
        Round; with the log's index it seeds the damage.
    """
    damaged = []
    for index, log in enumerate(trials.logs):
        other = _donor(trials, index, number)
        mutant = mutate(log, np.random.default_rng([number, index]), other)
        damaged.append(log if _forged(mutant, (log, other)) else mutant)
    return broken_laws(read_batch(damaged), trials.truth)


def _power_on(log: bytes) -> int:
    match = _STAMP.search(log)
    if match is None:
        return 0
    stamp = np.datetime64(match[2][:-1].decode("ascii"), "s")
    return int(stamp.astype(np.int64)) - int(match[1])


def _donor(trials: Trials, index: int, number: int) -> bytes:
    """Choose a donor powered on at another time; same-hour twins cannot be told apart."""
    place = index + number
    own = _power_on(trials.logs[index])
    for step in range(len(trials.donors)):
        donor = trials.donors[(place + step) % len(trials.donors)]
        if abs(_power_on(donor) - own) > _APART_S:
            return donor
    return b""


def _forged(mutant: bytes, sources: Sequence[bytes]) -> bool:
    """Whether a splice happened to make a whole header of two devices' undamaged lines.

    Such a file carries no trace of damage: it states, with right checksums, that the device
    of its device line was read at the other's time. No reader of the format can know better.
    """
    known = {pair for source in sources for pair in _header_pairs(source)}
    return any(pair not in known for pair in _header_pairs(mutant))


def _header_pairs(log: bytes) -> list[tuple[bytes, bytes]]:
    lines = [line for line in log.replace(b"\x00", b"").split(b"\n") if line]
    names = (b"Hdevice", b"Hdownload", b"Hsync")
    return [
        (one, two)
        for one, two in pairwise(lines)
        if one.startswith(names) and two.startswith((b"H", b"R")) and one[:5] != two[:5]
    ]
