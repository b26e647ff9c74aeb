"""Opioid prescriptions: intervals of drug, dose and frequency with the published categories.

Each user has a regimen at baseline and a category (discontinued, decreased, unchanged, increased)
at the two calibrated visits and at those in between. The dose changes between visits, never within
three weeks of one, so that every rule for "active at the visit" gives the same category. Decreases
and increases keep the drug, so that every edition of conversion factors gives the same direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from multifidus.base.errors import DataError
from multifidus.cohort.design import FOLLOW_UPS
from multifidus.cohort.participants.events import observed_until
from multifidus.cohort.participants.flow import weighted_sample

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.cohort.answers.sums import Setting

    FloatArray = npt.NDArray[np.float64]
    BoolArray = npt.NDArray[np.bool_]
    TextArray = npt.NDArray[np.str_]

__all__ = ["CATEGORIES", "draw_prescriptions"]

CATEGORIES = ("discontinued", "decreased", "unchanged", "increased")
_QUIET_DAYS = 21
_PARTIAL_SHARE = 0.12
_DAY = np.timedelta64(1, "D")


class _Regimen(NamedTuple):
    """A drug with the doses and daily numbers it is given in, weakest combination first."""

    drug: str
    route: str
    unit: str
    steps: tuple[tuple[float, float], ...]
    share: float


# Common oral and transdermal regimens of chronic back pain as (dose, number a day), each step at
# least a fifth above the one below it; the choice and the shares are assumptions.
_TRAMADOL = ((50, 1), (50, 2), (50, 3), (50, 4), (100, 3), (100, 4))
_HYDROCODONE = ((5, 1), (5, 2), (5, 3), (5, 4), (10, 3), (10, 4))
_OXYCODONE = ((5, 1), (5, 2), (5, 3), (5, 4), (10, 3), (15, 3))
_CODEINE = ((15, 2), (30, 2), (30, 3), (30, 4), (60, 3), (60, 4))
_MORPHINE = ((10, 1), (10, 2), (15, 2), (30, 2), (30, 3), (60, 2))
_TAPENTADOL = ((50, 1), (50, 2), (100, 2), (150, 2), (200, 2), (250, 2))
_FENTANYL = ((12, 1), (25, 1), (37, 1), (50, 1), (75, 1), (100, 1))
_REGIMENS = (
    _Regimen("tramadol", "oral", "mg", _TRAMADOL, 0.29),
    _Regimen("hydrocodone", "oral", "mg", _HYDROCODONE, 0.27),
    _Regimen("oxycodone", "oral", "mg", _OXYCODONE, 0.2),
    _Regimen("codeine", "oral", "mg", _CODEINE, 0.07),
    _Regimen("morphine", "oral", "mg", _MORPHINE, 0.07),
    _Regimen("tapentadol", "oral", "mg", _TAPENTADOL, 0.06),
    _Regimen("fentanyl", "transdermal", "mcg/h", _FENTANYL, 0.04),
)
_RESCUE = ("hydrocodone", "oral", "mg")


@dataclass(frozen=True)
class _Course:
    """One user's regimen and the step on its ladder from each day on; no step means stopped."""

    regimen: _Regimen
    days: tuple[np.datetime64, ...]
    steps: tuple[int | None, ...]


def draw_prescriptions(setting: Setting) -> pd.DataFrame:
    """Draw the prescriptions of all participants.

    Returns
    -------
    DataFrame
        The table ``opioids`` of the contracts, dates as ISO text.

    Raises
    ------
    DataError
        ``COH-004`` when the published numbers of users at the visits cannot be met together.
    """
    users = _draw_users(setting)
    rows: list[dict[str, object]] = []
    categories = _draw_categories(setting, users)
    for person in np.flatnonzero(users):
        course = _draw_course(
            setting, int(person), {v: str(categories[v][person]) for v in FOLLOW_UPS}
        )
        rows.extend(_rows_of(setting, int(person), course))
    rows.extend(_incidental(setting, users))
    frame = pd.DataFrame(rows).sort_values(["participant_id", "start", "drug"], kind="stable")
    frame.insert(1, "prescription_id", [f"RX{i:04d}" for i in range(1, len(frame) + 1)])
    return frame.drop(columns="start").reset_index(drop=True)


def _draw_users(setting: Setting) -> BoolArray:
    """Choose the baseline users so that the published numbers of them are seen at each visit."""
    targets, rng = setting.targets, setting.streams.of("opioids")
    n = len(setting.enrolment)
    allowed = targets.counts_that_print("opioids.users.baseline.itt.all", n)
    total = allowed[0] if allowed else setting.design.opioid_users
    severity = 0.5 * setting.latent.severity.mean(axis=1)
    wanted = {visit: size for visit in FOLLOW_UPS if (size := _seen(setting, visit)) is not None}
    if not wanted:
        return weighted_sample(rng, np.ones(n, dtype=bool), severity, total, "opioid users")
    keep = severity + rng.gumbel(size=n)
    users = np.zeros(n, dtype=bool)
    users[np.argsort(-keep, kind="stable")[:total]] = True
    present = {visit: setting.flow.attended(visit) for visit in wanted}
    for _ in range(4 * n):
        gaps = {v: size - int((users & present[v]).sum()) for v, size in wanted.items()}
        if not any(gaps.values()):
            return users
        users = _swap(users, keep, present, gaps)
    raise DataError(
        "COH-004",
        "the published numbers of opioid users seen at the visits cannot be met together; check "
        "their denominators in the claims",
    )


def _seen(setting: Setting, visit: str) -> int | None:
    """Return the published number of baseline users seen at a visit."""
    window = setting.targets.get(f"opioids.users.{visit}.observed.all.count")
    return None if window is None else round(window.centre)


def _swap(
    users: BoolArray, keep: FloatArray, present: dict[str, BoolArray], gaps: dict[str, int]
) -> BoolArray:
    """Exchange the pair of a user and a non-user that closes the gaps best."""
    gap = np.array(list(gaps.values()))
    seen = np.stack([present[visit] for visit in gaps]).astype(int)
    inside, outside = np.flatnonzero(users), np.flatnonzero(~users)
    effect = seen[:, outside][:, None, :] - seen[:, inside][:, :, None]
    left = np.abs(gap[:, None, None] - effect).sum(axis=0)
    price = left + 1e-3 * (keep[inside][:, None] - keep[outside][None, :])
    out, into = divmod(int(np.argmin(price)), len(outside))
    changed = users.copy()
    changed[inside[out]], changed[outside[into]] = False, True
    return changed


def _draw_categories(setting: Setting, users: BoolArray) -> dict[str, TextArray]:
    """Draw each user's category at every visit; better responders stop more often."""
    rng, n = setting.streams.of("opioids"), len(users)
    stable = rng.standard_normal(n)
    categories = {visit: np.full(n, "unchanged", dtype="<U12") for visit in FOLLOW_UPS}
    for visit in ("y1", "y2", "y3", "y4", "y5"):
        seen = users & setting.flow.attended(visit)
        standing = 0.5 * setting.latent.at("vas", visit) + stable + 0.35 * rng.standard_normal(n)
        for group in (seen, users & ~seen):
            people = np.flatnonzero(group)
            ordered = people[np.argsort(-standing[people], kind="stable")]
            sizes = _category_sizes(setting, visit, len(people), published=group is seen)
            categories[visit][ordered] = np.repeat(CATEGORIES, sizes)
    # At six months about half of the first year's changes have happened.
    early = rng.random(n) < 0.5  # noqa: PLR2004
    categories["m6"] = np.where(early, categories["y1"], "unchanged")
    return categories


def _category_sizes(setting: Setting, visit: str, n: int, *, published: bool) -> list[int]:
    """Return how many of n users fall into each category."""
    sizes = []
    shares = setting.design.opioid_shares
    together = setting.targets.get(f"opioids.eliminated_or_reduced.{visit}.observed.all.percent")
    if published and together is not None:
        # Where only the two together were published, the assumed shares split them.
        shares = (
            together.centre / 100 * shares[0] / sum(shares),
            together.centre / 100 * shares[1] / sum(shares),
        )
    for name, share in zip(CATEGORIES, shares, strict=False):
        allowed: tuple[int, ...] = ()
        if published and n:
            allowed = setting.targets.counts_that_print(f"opioids.{name}.{visit}.observed.all", n)
        sizes.append(allowed[len(allowed) // 2] if allowed else round(share * n))
    rest = n - sum(sizes)
    increased = round(setting.design.opioid_increased_share * rest)
    return [*sizes, rest - increased, increased]


def _draw_course(setting: Setting, person: int, categories: dict[str, str]) -> _Course:
    """Turn the categories of one user into days and steps on the regimen's ladder."""
    rng = setting.streams.of("opioids")
    shares = np.array([regimen.share for regimen in _REGIMENS])
    regimen = _REGIMENS[rng.choice(len(_REGIMENS), p=shares / shares.sum())]
    base = int(rng.integers(2, len(regimen.steps) - 1))
    start = setting.enrolment.baseline[person] - int(rng.integers(100, 1500)) * _DAY
    days: list[np.datetime64] = [start]
    course: list[int | None] = [base]
    now = "unchanged"
    level: dict[str, int | None] = {
        "discontinued": None,
        "decreased": int(rng.integers(0, base)),
        "unchanged": base,
        "increased": int(rng.integers(base + 1, len(regimen.steps))),
    }
    edges = _visit_edges(setting, person)
    for earlier, visit in pairwise(FOLLOW_UPS):
        low, high = edges[earlier] + _QUIET_DAYS * _DAY, edges[visit] - _QUIET_DAYS * _DAY
        if categories[visit] == now or high <= low:
            continue
        days.append(low + int(rng.integers(0, int((high - low) / _DAY))) * _DAY)
        course.append(level[categories[visit]])
        now = categories[visit]
    return _Course(regimen, tuple(days), tuple(course))


def _visit_edges(setting: Setting, person: int) -> dict[str, np.datetime64]:
    """Return the day of each visit, the scheduled day where it was missed."""
    activation = setting.enrolment.activation[person]
    edges = {}
    for visit in FOLLOW_UPS:
        day = setting.flow.visit_date[visit][person]
        planned = activation + setting.design.schedule[visit].day * _DAY
        edges[visit] = planned if np.isnat(day) else day
    return edges


def _rows_of(setting: Setting, person: int, course: _Course) -> list[dict[str, object]]:
    """Return the prescriptions of a course, cut at the last contact."""
    rng = setting.streams.of("opioids")
    last = observed_until(setting)[person]
    rows = []
    for at, (day, step) in enumerate(zip(course.days, course.steps, strict=True)):
        if step is None or day > last:
            continue
        following = course.days[at + 1] - _DAY if at + 1 < len(course.days) else None
        end = None if following is None or following > last else following
        drug = (course.regimen.drug, course.regimen.route, course.regimen.unit)
        row = _row(setting, person, drug, course.regimen.steps[step], (day, end))
        if at == 0 and rng.random() < 4 * _PARTIAL_SHARE:
            # A start long before the study is known by month or year.
            other_year = str(day)[:4] < str(setting.enrolment.baseline[person])[:4]
            row["start_date"] = str(day)[: 4 if other_year and rng.random() < 0.5 else 7]  # noqa: PLR2004
        rows.append(row)
    return rows


def _row(
    setting: Setting,
    person: int,
    drug: tuple[str, str, str],
    dose: tuple[float, float],
    days: tuple[np.datetime64, np.datetime64 | None],
    *,
    as_needed: bool = False,
) -> dict[str, object]:
    start, end = days
    return {
        "participant_id": str(setting.enrolment.ids[person]),
        "drug": drug[0],
        "route": drug[1],
        "dose": float(dose[0]),
        "dose_unit": drug[2],
        "doses_per_day": float(dose[1]),
        "as_needed": as_needed,
        "start_date": str(start),
        "end_date": None if end is None else str(end),
        "start": start,
    }


def _incidental(setting: Setting, users: BoolArray) -> list[dict[str, object]]:
    """Return short courses after the operation, and later first prescriptions of non-users."""
    rng = setting.streams.of("opioids")
    enrolment, design = setting.enrolment, setting.design
    rows = []
    for person in np.flatnonzero(rng.random(len(users)) < design.post_surgical_share):
        start = enrolment.implant[person]
        end = start + int(rng.integers(3, 11)) * _DAY
        rows.append(_row(setting, int(person), _RESCUE, (5, 3), (start, end), as_needed=True))
    others = np.flatnonzero(~users & setting.flow.attended("y3"))
    regimen, last = _REGIMENS[0], observed_until(setting)
    drug = (regimen.drug, regimen.route, regimen.unit)
    for person in rng.choice(others, min(design.new_users, len(others)), replace=False):
        # Taken up between the second and the third year's visit, and still taken at the third.
        edges = _visit_edges(setting, int(person))
        start = edges["y3"] - int(rng.integers(40, 200)) * _DAY
        until = edges["y3"] + int(rng.integers(40, 500)) * _DAY
        days = (start, until if until < last[person] else None)
        rows.append(_row(setting, int(person), drug, (50, 2), days))
    return rows
