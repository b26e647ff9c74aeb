"""The two conservation laws under random damage (device-log specification, section 2).

Flips, cuts, deletions, duplications, reorderings and noise; each round damages 200 logs of the
project's own format, or 50 of a public one. ``benchmarks/mutate_devicelogs.py`` runs the same
trials by the hundred thousand.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import TEXT_FAULTS, inject_fault
from device_lab.public_trials import OPENNERVE, PERCEPT, Trial, run_public_round
from device_lab.trials import Trials, prepare_trials, run_round
from device_lab.vendor_logs import RCS, RESMED
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.reading import read_log

TEXT_ROUNDS, STEP = 40, 5
TRIALS = [PERCEPT, OPENNERVE, RCS, RESMED]


@pytest.fixture(scope="module")
def trials() -> Trials:
    return prepare_trials()


# 40 rounds of 200 logs: 8,000 seeds. A few mutations change nothing (bytes cut from an empty file):
# at least 98 % are damaged.
@pytest.mark.parametrize("first", range(0, TEXT_ROUNDS, STEP))
def test_laws_hold_for_eight_thousand_damaged_logs(trials: Trials, first: int):
    damaged = 0
    for number in range(first, first + STEP):
        outcome = run_round(trials, number)
        assert outcome.breaches == (), f"round {number}"
        damaged += outcome.damaged
    assert damaged >= 0.98 * 200 * STEP


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
@pytest.mark.parametrize("number", range(6))
def test_laws_hold_for_damaged_logs_of_the_public_formats(trial: Trial, number: int):
    """At most a tenth of the damage is of the kinds that leave no trace in such a format."""
    outcome = run_public_round(trial, number)
    assert outcome.breaches == ()
    assert outcome.damaged >= 40
    assert outcome.beyond <= 8


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_the_judge_of_the_public_formats_sees_a_breach(trial: Trial):
    """Against a truth without therapy whatever is certain must be called a raised bound."""
    empty = replace(trial, make=lambda seed: replace(trial.make(seed), truth=()))
    breaches = run_public_round(empty, 0).breaches
    assert any("more than were delivered" in breach for breach in breaches)


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
    gentle = [number for number in TEXT_FAULTS if number not in {5, 43, 45}]
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
