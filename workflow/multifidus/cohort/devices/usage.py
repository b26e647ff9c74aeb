"""Device use: the therapy sessions that each participant really ran.

Each person has a tendency to use the device, lower in people without benefit, falling gently over
the years, with lapses of days or weeks, and some stop for good. Year two is calibrated: the share
that continued and the median utilisation among those. The five-year mean of another cohort is not
comparable with it and is no target.

Session times are local times written as UTC; zones are not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.cohort.design import FOLLOW_UPS
from multifidus.cohort.participants.events import observed_until
from multifidus.cohort.participants.flow import weighted_sample

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.cohort.answers.sums import Setting

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]
    DayArray = npt.NDArray[np.datetime64]

__all__ = ["DeviceUse", "simulate_usage"]

YEAR = 365.25
COMPLETED, STOPPED_BY_USER = 0, 1
_DAY = np.timedelta64(1, "D")
_SECONDS_PER_DAY = 86_400
_CALIBRATED_YEAR = 2
_SHORT_EXPOSURE = 21
_HIGHEST = 0.96
_BISECTIONS = 24
_SHAM_AMPLITUDE = 2
_READ_HOUR = 12  # devices are read at noon, between the two sessions of the day


@dataclass(frozen=True)
class DeviceUse:
    """The truth behind one participant's stimulator log.

    Parameters
    ----------
    participant_id
        Pseudonym.
    activation
        Day on which stimulation was activated.
    exposure_start, exposure_end
        First day of therapy (sham: the switch) and the day on which exposure ends; NaT when the
        participant never received therapy.
    downloads
        UTC seconds at which the device was read, ascending.
    start_utc, seconds, reason
        Sessions: start (UTC seconds), seconds delivered, end (0 completed, 1 stopped by the
        participant).
    amplitude
        Amplitude in 0.1 mA; low before the switch of the sham arm.
    """

    participant_id: str
    activation: np.datetime64
    exposure_start: np.datetime64
    exposure_end: np.datetime64
    downloads: IntArray
    start_utc: IntArray
    seconds: IntArray
    reason: IntArray
    amplitude: IntArray

    def utilisation(self, year: int, prescribed: float = 60.0) -> float:
        """Return the share of the prescribed minutes a day that was delivered in a year."""
        first, last = _year_days(self.exposure_start, year)
        last = min(last, self.exposure_end)
        if np.isnat(self.exposure_start) or last <= first:
            return float("nan")
        inside = (self.start_utc >= _seconds(first)) & (self.start_utc < _seconds(last))
        return float(self.seconds[inside].sum() / (60 * prescribed * ((last - first) / _DAY)))

    def continued(self, year: int) -> bool:
        """Whether any session was completed in a year of exposure."""
        first, last = _year_days(self.exposure_start, year)
        inside = (self.start_utc >= _seconds(first)) & (self.start_utc < _seconds(last))
        return bool((self.reason[inside] == COMPLETED).any())


@dataclass
class _Plan:
    """Random numbers and dates of one participant's use, before the level is calibrated."""

    person: int
    first: np.datetime64
    start: np.datetime64
    end: np.datetime64
    stop: np.datetime64
    tendency: FloatArray
    chance: FloatArray
    seconds: IntArray
    second_of_day: IntArray


def _seconds(day: np.datetime64) -> int:
    return int(day.astype("datetime64[s]").astype(np.int64))


def _year_days(start: np.datetime64, year: int) -> tuple[np.datetime64, np.datetime64]:
    """Return the first day of a year of exposure and of the next one."""
    return start + round((year - 1) * YEAR) * _DAY, start + round(year * YEAR) * _DAY


def simulate_usage(setting: Setting, crossover: DayArray) -> list[DeviceUse]:
    """Simulate the sessions of every participant.

    Parameters
    ----------
    setting
        The cohort's setting.
    crossover
        Day of the switch in the sham arm, NaT for others and for those who left before it.

    Returns
    -------
    list of DeviceUse
        In the order of the participants.
    """
    control = setting.arms[setting.design.control_arm]
    start = np.where(control, crossover, setting.enrolment.activation)
    reads = [_reads(setting, person) for person in range(len(control))]
    end = np.array([days[-1] for days in reads])
    exposed = ~np.isnat(start) & (end > start)
    stops = _stops(setting, start, end, exposed)
    tendency = _tendency(setting)
    plans = [
        _plan(
            setting,
            person,
            tendency[person],
            start=start[person],
            end=end[person],
            stop=stops[person],
        )
        for person in range(len(control))
    ]
    level = _calibrated_level(setting, plans, exposed)
    return [
        _use(setting, plan, reads[plan.person], level, sham=bool(control[plan.person]))
        for plan in plans
    ]


def _reads(setting: Setting, person: int) -> list[np.datetime64]:
    """Return the days on which a device was read: yearly visits and the end of follow-up."""
    flow = setting.flow
    days = [
        flow.visit_date[visit][person]
        for visit in FOLLOW_UPS
        if visit.startswith("y") and flow.attended(visit)[person]
    ]
    if flow.end_reason[person] in ("explanted", "withdrew"):
        days.append(flow.end_date[person])
    last = flow.last_seen()[person]
    if not days or last > days[-1]:
        days.append(last)
    return days


def _stops(setting: Setting, start: DayArray, end: DayArray, exposed: BoolArray) -> DayArray:
    """Return the day from which a participant no longer uses the device, NaT if never."""
    rng, n = setting.streams.of("use"), len(start)
    stop = np.full(n, "NaT", dtype="datetime64[D]")
    year_2 = start + round(YEAR) * _DAY
    reached = exposed & (end > year_2)
    share = setting.targets.get("device_use.continued.year2.exposed.all.percent")
    wanted = 1 - (share.centre / 100 if share else setting.design.continued_share)
    size = round(wanted * int(reached.sum()))
    # Whoever was hardly observed in year two cannot show that the use went on.
    short = reached & (end < year_2 + _SHORT_EXPOSURE * _DAY)
    weight = -setting.latent.general + np.where(short, 100.0, 0.0)
    stopped = weighted_sample(rng, reached, weight, size, "use stopped in year one")
    days = rng.integers(60, round(YEAR) - 5, n)
    stop[stopped] = (start + days * _DAY)[stopped]
    later = reached & ~stopped
    for year in range(_CALIBRATED_YEAR + 1, 6):
        leaving = later & (rng.random(n) > setting.design.continuing_after_year2)
        days = rng.integers(round((year - 1) * YEAR), round(year * YEAR), n)
        stop[leaving] = (start + days * _DAY)[leaving]
        later &= ~leaving
    return stop


def _tendency(setting: Setting) -> FloatArray:
    """Return relative use by person and year since activation, shape (persons, 7)."""
    rng, n = setting.streams.of("use"), len(setting.enrolment)
    design = setting.design
    stable = design.use_slope * setting.latent.general + 0.8 * rng.standard_normal(n)
    by_year = stable[:, None] + 0.3 * rng.standard_normal((n, 7))
    falling = 1 - design.decline_per_year * np.arange(7)
    return np.asarray(falling / (1 + np.exp(-by_year)))


def _plan(
    setting: Setting,
    person: int,
    tendency: FloatArray,
    *,
    start: np.datetime64,
    end: np.datetime64,
    stop: np.datetime64,
) -> _Plan:
    """Draw the random numbers of one participant's days."""
    rng, design = setting.streams.of("use"), setting.design
    first = setting.enrolment.activation[person]
    days = int((end - first) / _DAY) + 1
    slots = (days, design.sessions_per_day)
    chance = rng.random(slots)
    for lapse in np.flatnonzero(rng.random(days) < 1 / 300):
        chance[lapse : lapse + int(rng.integers(4, 25))] = 1.0
    whole = round(60 * design.session_minutes)
    complete = rng.random(slots) < design.completion_share
    seconds = np.where(complete, whole, rng.integers(30, whole - 60, slots))
    hour = np.array([8.0, 20.0]) + rng.normal(0, 0.7, design.sessions_per_day)
    clock = np.clip(hour + rng.normal(0, 0.8, slots), [5.0, 17.0], [11.0, 23.0])
    return _Plan(
        person, first, start, end, stop, tendency, chance, seconds,
        np.rint(clock * 3600).astype(np.int64),
    )  # fmt: skip


def _happened(plan: _Plan, level: float) -> BoolArray:
    """Return which of the possible sessions took place at a level of use."""
    days = np.arange(len(plan.chance))
    likely = np.minimum(level * plan.tendency[np.minimum(days // round(YEAR), 6)], _HIGHEST)
    used = plan.chance < likely[:, None]
    if not np.isnat(plan.stop):
        used[max(0, int((plan.stop - plan.first) / _DAY)) :] = False
    # Activation is no morning session; the device is read before the last evening's one.
    used[0, 0] = False
    used[-1, 1:] = False
    return np.asarray(used)


def _calibrated_level(setting: Setting, plans: list[_Plan], exposed: BoolArray) -> float:
    """Find the level of use at which the median utilisation of year two is as published."""
    target = setting.targets.get("device_use.utilisation.year2.continuers.all.median")
    wanted = (target.centre if target else 100 * setting.design.utilisation) / 100
    chosen = [plan for plan in plans if exposed[plan.person]]
    prescribed = setting.design.prescribed_minutes_per_day
    low, high = 0.05, 6.0
    for _ in range(_BISECTIONS):
        level = (low + high) / 2
        values = [
            value for plan in chosen if (value := _year_2(plan, level, prescribed)) is not None
        ]
        low, high = (level, high) if np.median(values) < wanted else (low, level)
    return (low + high) / 2


def _year_2(plan: _Plan, level: float, prescribed: float) -> float | None:
    """Return the utilisation of year two; nothing for those who did not continue."""
    first, last = _year_days(plan.start, _CALIBRATED_YEAR)
    last = min(last, plan.end)
    if last <= first or (not np.isnat(plan.stop) and plan.stop <= first):
        return None
    rows = slice(int((first - plan.first) / _DAY), int((last - plan.first) / _DAY))
    delivered = (plan.seconds[rows] * _happened(plan, level)[rows]).sum()
    return float(delivered / (60 * prescribed * ((last - first) / _DAY)))


def _use(
    setting: Setting, plan: _Plan, reads: list[np.datetime64], level: float, *, sham: bool
) -> DeviceUse:
    """Turn a plan into sessions."""
    rows, slots = np.nonzero(_happened(plan, level))
    offset = _seconds(plan.first)
    start = offset + rows * _SECONDS_PER_DAY + plan.second_of_day[rows, slots]
    seconds = plan.seconds[rows, slots]
    whole = round(60 * setting.design.session_minutes)
    amplitude = np.full(len(start), int(setting.streams.of("use").integers(18, 42)))
    if sham:
        never = bool(np.isnat(plan.start))
        amplitude[
            np.full(len(start), fill_value=True) if never else start < _seconds(plan.start)
        ] = _SHAM_AMPLITUDE
    noon = _READ_HOUR * 3600
    end = min(plan.end, observed_until(setting)[plan.person])
    return DeviceUse(
        participant_id=str(setting.enrolment.ids[plan.person]),
        activation=plan.first,
        exposure_start=plan.start,
        exposure_end=end,
        downloads=np.array([_seconds(day) + noon for day in reads]),
        start_utc=start,
        seconds=seconds,
        reason=np.where(seconds >= whole, COMPLETED, STOPPED_BY_USER),
        amplitude=amplitude,
    )
