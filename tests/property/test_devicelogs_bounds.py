"""Truth lies within the bounds: simulated lives with wraps, resets, erasures and clock changes.

The truth is the therapy given to the simulator, clipped to each period by hand arithmetic.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import inject_fault
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import DeviceDesign, DeviceLife, SessionTruth
from multifidus.devicelogs.adherence.cohort import read_cohort_logs

DAY = 86_400
START = 1_577_836_800  # 2020-01-01T00:00:00Z
DAMAGE = (1, 2, 3, 4, 7, 8, 9, 10)


def life_of(rng: np.random.Generator, days: int) -> DeviceLife:
    at = (START + rng.integers(20, days - 20, 6) * DAY + 50_000).tolist()
    return DeviceLife(
        clock_shifts=tuple(sorted([(at[0], 3600), (at[1], -3600)])),
        resets=tuple(sorted(at[2 : 2 + int(rng.integers(0, 3))])),
        erasures=(at[5],) if rng.random() < 0.3 else (),
    )


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_truth_lies_within_the_bounds(seed: int, damaged: bool, tmp_path):
    rng = np.random.default_rng([seed, 5])
    days = 800
    truths: dict[str, SessionTruth] = {}
    for number in range(6):
        name = f"P{number}"
        at = START + np.arange(days)[:, None] * DAY + np.asarray([8, 20]) * 3600
        at = (at + rng.integers(0, 5000, at.shape)).ravel()
        at = at[rng.random(len(at)) < rng.uniform(0.2, 0.95)]
        stopped = rng.random(len(at)) < 0.15
        seconds = np.where(stopped, rng.integers(20, 1700, len(at)), 1800)
        truths[name] = SessionTruth(at, seconds, stopped.astype(np.int64))
        reads = [START + int(day) * DAY + 40_000 for day in (180, 420, 650, days)]
        kept = [read for read in reads[:-1] if rng.random() < 0.7] + reads[-1:]
        design = DeviceDesign(capacity=int(rng.choice([800, 1600, 3184])))
        files = simulate_device(
            name, START, kept, truths[name], life=life_of(rng, days), design=design, rng_seed=number
        )
        for index, data in enumerate(files):
            hit = damaged and rng.random() < 0.6
            shown = inject_fault(int(rng.choice(DAMAGE)), data, rng).data if hit else data
            (tmp_path / f"{name}-{index:02d}.ipglog").write_bytes(shown)
    roster = pd.DataFrame({"participant_id": list(truths)})
    roster["exposure_start"] = pd.Timestamp("2020-01-01")
    roster["exposure_end"] = pd.NaT
    periods = read_cohort_logs(tmp_path, roster, years=2).periods
    assert len(periods) == 18
    # 2020 is a leap year: year 1 is 366 days, and the last read ends day 800.
    edges = {"year1": (0, 366), "year2": (366, 731), "overall": (0, 731)}
    for row in periods.itertuples():
        low, high = (START + day * DAY for day in edges[row.period])
        truth = truths[row.participant_id]
        end = truth.start_utc + truth.seconds
        hours = (
            np.clip(np.minimum(end, high) - np.maximum(truth.start_utc, low), 0, None).sum() / 3600
        )
        assert row.hours_lower - 1e-6 <= hours <= row.hours_upper + 1e-6
        assert row.hours_lower <= row.hours <= row.hours_upper
        assert row.utilisation_lower <= row.utilisation <= row.utilisation_upper
        _hold_the_other_measures(row, truth, edges[row.period])
        if row.hours_source == "lifetime counter":
            # The counter is exact; only its spread over the stretch is an assumption.
            assert abs(row.hours - hours) < max(0.15 * hours, 20)


def _hold_the_other_measures(row, truth: SessionTruth, edges: tuple[int, int]) -> None:
    """Dose, sessions and gaps of the truth lie within their bounds.

    60 contractions a session of 1,800 s, each 10 s long; no session crosses a midnight. A session
    of under 1,800 s ends within a cycle, which costs the count up to one contraction.
    """
    day = (truth.start_utc - START) // DAY
    inside = (day >= edges[0]) & (day < min(edges[1], edges[0] + row.exposure_days))
    contractions = (truth.seconds[inside] // 30).sum()
    assert row.contractions_lower - 1e-6 <= contractions <= row.contractions_upper + 1e-6
    on_time = contractions * 10 / 3600
    assert row.on_time_hours_lower - 1e-6 <= on_time <= row.on_time_hours_upper + 1e-6
    started, completed = int(inside.sum()), int((truth.seconds[inside] >= 0.95 * 1800).sum())
    prescribed = 2 * row.exposure_days
    low, high = row.delivered_share_lower, row.delivered_share_upper
    assert low - 1e-9 <= completed / prescribed <= high + 1e-9
    assert row.completion_lower - 1e-9 <= completed / started <= row.completion_upper + 1e-9
    used = np.zeros(row.exposure_days, dtype=bool)
    used[day[inside] - edges[0]] = True
    padded = np.concatenate(([True], used, [True]))
    gaps = np.diff(np.flatnonzero(padded)) - 1
    assert row.longest_gap_days_lower <= gaps.max() <= row.longest_gap_days_upper
    for name in ("contractions", "on_time_hours", "charge_left_mc"):
        low, point, high = (getattr(row, f"{name}{ending}") for ending in ("_lower", "", "_upper"))
        assert low <= point <= high
    for name in ("completion", "start_time_sd_hours"):
        low, point, high = (getattr(row, f"{name}{ending}") for ending in ("_lower", "", "_upper"))
        # Without any session seen there is no point.
        assert low <= point <= high or (np.isnan(point) and row.sessions_started == 0)


def test_shifting_everything_by_a_constant_changes_no_total(tmp_path):
    """All clocks seven hours later: sessions move, but none of them over a period's edge."""
    totals = []
    for index, shift in enumerate((0, 7 * 3600)):
        folder = tmp_path / str(index)
        folder.mkdir()
        at = START + np.arange(300) * DAY + 8 * 3600 + shift
        truth = SessionTruth(at, np.full(300, 1500), np.zeros(300, dtype=np.int64))
        reads = [START + 150 * DAY + shift, START + 301 * DAY + shift]
        for number, data in enumerate(simulate_device("P1", START + shift, reads, truth)):
            (folder / f"P1-{number}.ipglog").write_bytes(data)
        roster = pd.DataFrame({"participant_id": ["P1"]})
        roster["exposure_start"] = pd.Timestamp("2020-01-01")
        roster["exposure_end"] = pd.Timestamp("2020-10-27")
        periods = read_cohort_logs(folder, roster, years=1).periods
        totals.append(periods.drop(columns="start_time_sd_hours"))
    pd.testing.assert_frame_equal(totals[0], totals[1])
