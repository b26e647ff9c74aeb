"""Age, sex and baseline characteristics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from multifidus.cohort.answers.sums import truncated_normal
from multifidus.cohort.calibration.search import Problem
from multifidus.cohort.participants.latent import rank_fractions

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.cohort.answers.sums import Setting

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

__all__ = ["People", "draw_characteristics", "draw_people"]

_STEPS = (0, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8)
_YOUNGEST_ONSET = 12
_SHARE_DAILY_PAIN = 0.78


class People:
    """Ages and sexes, shape (persons,)."""

    def __init__(self, age: IntArray, sex: npt.NDArray[np.str_]) -> None:
        self.age, self.sex = age, sex


def _calibrated(
    setting: Setting, name: str, desired: FloatArray, lower: FloatArray, upper: FloatArray
) -> FloatArray:
    """Round to whole numbers within limits so that the published mean and SD print."""
    values = np.rint(desired)[:, None] + np.array(_STEPS)
    allowed = (values >= lower[:, None]) & (values <= upper[:, None])
    allowed[:, 0] |= ~allowed.any(axis=1)
    spread = float(desired.std())
    problem = Problem(values, 0.2 * ((values - desired[:, None]) / spread) ** 2, allowed)
    columns = problem.moments(values)
    stem = f"baseline.{name}.baseline.itt.all"
    mean, sd = setting.targets.get(f"{stem}.mean"), setting.targets.get(f"{stem}.sd")
    if mean is not None:
        problem.add_mean(mean.result_id, (mean.lower, mean.upper), columns, spread)
    if sd is not None:
        problem.add_sd(sd.result_id, (sd.lower, sd.upper), columns, spread)
    chosen = setting.solve(problem, f"{name} at baseline", "people")
    return np.asarray(values[np.arange(len(chosen)), chosen])


def _published(setting: Setting, name: str, assumed: tuple[float, float]) -> tuple[float, float]:
    stem = f"baseline.{name}.baseline.itt.all"
    mean, sd = setting.targets.get(f"{stem}.mean"), setting.targets.get(f"{stem}.sd")
    return (mean.centre if mean else assumed[0], sd.centre if sd else assumed[1])


def draw_people(setting: Setting) -> People:
    """Draw ages in the entry range and sexes."""
    rng, design, n = setting.streams.of("people"), setting.design, len(setting.enrolment)
    low, high = design.age_range
    mean, sd = _published(setting, "age", design.age)
    desired = truncated_normal(rng.standard_normal(n), mean, sd, (low, high))
    age = _calibrated(setting, "age", desired, np.full(n, low), np.full(n, high))
    sex = np.where(rng.random(n) < design.share_female, "F", "M")
    return People(age.astype(np.int64), sex)


def draw_characteristics(setting: Setting, people: People) -> pd.DataFrame:
    """Draw the table ``characteristics``: duration of pain, days with pain, body-mass index."""
    rng, design, n = setting.streams.of("people"), setting.design, len(setting.enrolment)
    mean, sd = _published(setting, "pain_duration_years", design.pain_duration_years)
    order = rank_fractions(rng.standard_normal(n) + 0.05 * people.age)
    duration = stats.gamma.ppf(order, (mean / sd) ** 2, scale=sd**2 / mean)
    most = (people.age - _YOUNGEST_ONSET).astype(float)
    years = _calibrated(
        setting, "pain_duration_years", np.minimum(duration, most), np.ones(n), most
    )
    mean, sd = _published(setting, "pain_days_percent", design.pain_days_percent)
    # Most people hurt every day; the days of the others are exponential quantiles in random order.
    rank = rank_fractions(rng.standard_normal(n))
    gap = (100 - mean) / (1 - _SHARE_DAILY_PAIN)
    rest = np.maximum(rank - _SHARE_DAILY_PAIN, 0.0) / (1 - _SHARE_DAILY_PAIN)
    free = -gap * np.log1p(-rest)
    desired = np.clip(100 - free, 30, 100)
    days = _calibrated(setting, "pain_days_percent", desired, np.full(n, 30), np.full(n, 100))
    centre, spread, ceiling = design.bmi
    bmi = np.round(truncated_normal(rng.standard_normal(n), centre, spread, (18.0, ceiling)), 1)
    columns = {"pain_duration_years": years, "pain_days_percent": days, "bmi": bmi}
    frames = [
        pd.DataFrame(
            {"participant_id": setting.enrolment.ids, "characteristic": name, "value": values}
        )
        for name, values in columns.items()
    ]
    return (
        pd.concat(frames)
        .sort_values(["participant_id", "characteristic"], kind="stable")
        .reset_index(drop=True)
    )
