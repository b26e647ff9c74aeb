"""The two conservation laws under random damage (device-log specification, section 2).

Flips, cuts, deletions, duplications, reorderings, splices (some aimed so that numbers run on) and
gluing of two devices, in text and binary; each round damages 200 logs.
``benchmarks/mutate_devicelogs.py`` runs the same trials by the million.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import TEXT_FAULTS, inject_fault
from device_lab.trials import Trials, prepare_trials, run_round
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.reading import read_log

TEXT_ROUNDS, BINARY_ROUNDS, STEP = 65, 45, 5


@pytest.fixture(scope="module")
def trials() -> Trials:
    return prepare_trials()


@pytest.fixture(scope="module")
def dumps() -> Trials:
    return prepare_trials(binary=True)


def hold(trials: Trials, first: int) -> int:
    """Run some rounds, none of which may break a law; return how many logs were damaged."""
    damaged = 0
    for number in range(first, first + STEP):
        outcome = run_round(trials, number)
        assert outcome.breaches == (), f"round {number}"
        damaged += outcome.damaged
    return damaged


# 65 rounds of 200 text logs and 45 of 200 dumps: 22,000 seeds. A few mutations change nothing
# (bytes cut from an empty file, a page swapped with itself): at least 98 % and 94 % are damaged.
@pytest.mark.parametrize("first", range(0, TEXT_ROUNDS, STEP))
def test_laws_hold_for_thirteen_thousand_damaged_logs(trials: Trials, first: int):
    assert hold(trials, first) >= 0.98 * 200 * STEP


@pytest.mark.parametrize("first", range(0, BINARY_ROUNDS, STEP))
def test_laws_hold_for_nine_thousand_damaged_flash_dumps(dumps: Trials, first: int):
    assert hold(dumps, first) >= 0.94 * 200 * STEP


@pytest.mark.slow
def test_laws_hold_for_forty_thousand_more(trials: Trials, dumps: Trials):
    for first in range(1000, 1100, STEP):
        hold(trials, first)
        hold(dumps, first)


def test_the_judge_sees_a_breach(trials: Trials):
    """Against an empty truth every session must be called a phantom."""
    breaches = run_round(replace(trials, truth={}), 0).breaches
    assert any("never delivered" in breach for breach in breaches)


@pytest.mark.parametrize("seed", range(6))
def test_damage_never_raises_the_lower_bound_nor_lowers_the_upper(trials, seed, tmp_path):
    """Hours of a cohort, clean and damaged: truth stays between the bounds."""
    start = pd.Timestamp("2020-09-01")
    names = [f"P{number:03d}" for number in range(10)]
    roster = pd.DataFrame(
        {
            "participant_id": names,
            "exposure_start": start,
            "exposure_end": pd.Timestamp("2020-09-30"),
        }
    )
    clean, damaged = tmp_path / "clean", tmp_path / "damaged"
    rng = np.random.default_rng(seed)
    for folder in (clean, damaged):
        folder.mkdir()
    for name, log in zip(names, trials.logs, strict=False):
        (clean / f"{name}.ipglog").write_bytes(log)
        number = [1, 2, 3, 4, 7, 8, 9, 10][int(rng.integers(0, 8))]
        (damaged / f"{name}.ipglog").write_bytes(inject_fault(number, log, rng).data)
    keys = ["participant_id", "period"]
    before = read_cohort_logs(clean, roster, years=1).periods.set_index(keys)
    after = read_cohort_logs(damaged, roster, years=1).periods.set_index(keys)
    assert (after["hours_lower"] <= before["hours_lower"] + 1e-9).all()
    assert (after["hours_upper"] >= before["hours_lower"] - 1e-9).all()
    assert (after["coverage"] <= before["coverage"] + 1e-9).all()


def test_mixtures_of_named_faults_raise_nothing(trials: Trials):
    rng = np.random.default_rng(4)
    gentle = [number for number in TEXT_FAULTS if number not in {5, 43}]
    for log in trials.logs[:40]:
        data = log
        for number in rng.choice(gentle, size=3, replace=False).tolist():
            try:
                data = inject_fault(int(number), data, rng).data
            except (StopIteration, ValueError, IndexError):
                continue  # the earlier fault took away what this one needs
        result = read_log(data)
        assert result.identity.balanced
        assert all(account.balanced for account in result.sequence.values())
