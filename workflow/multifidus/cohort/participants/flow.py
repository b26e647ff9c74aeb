"""Who was seen when: enrolment, visit dates, missed visits and the end of follow-up.

Attendance is not monotone: a visit may be missed and the next one attended. Ends of follow-up and,
less so, missed visits depend on the latent outcome, so that people without benefit leave more
often; visits missed for the pandemic do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import DataError
from multifidus.cohort.design import BASELINE, FOLLOW_UPS, VISITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from multifidus.cohort.calibration.targets import CohortTargets
    from multifidus.cohort.design import CohortDesign
    from multifidus.cohort.participants.latent import Latent

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]
    DayArray = npt.NDArray[np.datetime64]

__all__ = ["Enrolment", "Flow", "draw_enrolment", "draw_flow", "weighted_sample"]

ATTENDED = ""
PANDEMIC = "covid19"
MISSED = "missed"


@dataclass(frozen=True)
class Enrolment:
    """Participants at entry; every array has one element per person.

    Parameters
    ----------
    ids, sites
        Pseudonyms and centres.
    arm
        Arm of each person.
    implant, activation, baseline
        Days of implantation, of activation with randomisation, and of the baseline visit.
    """

    ids: npt.NDArray[np.str_]
    sites: npt.NDArray[np.str_]
    arm: npt.NDArray[np.str_]
    implant: DayArray
    activation: DayArray
    baseline: DayArray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Flow:
    """Attendance and the end of follow-up.

    Parameters
    ----------
    visit_date
        Visit to day of the visit per person; NaT where it was missed.
    reason
        Visit to the reason for missing it; empty where it was attended.
    end_reason
        Why follow-up ended early; empty for those followed to the last visit.
    end_date
        When it ended; NaT for those followed to the last visit.
    unanswered
        (outcome, visit) to the attenders without a usable answer.
    """

    visit_date: Mapping[str, DayArray]
    reason: Mapping[str, npt.NDArray[np.str_]]
    end_reason: npt.NDArray[np.str_]
    end_date: DayArray
    unanswered: Mapping[tuple[str, str], BoolArray]

    def attended(self, visit: str) -> BoolArray:
        """Return who attended a visit."""
        return np.asarray(self.reason[visit] == ATTENDED)

    def answered(self, outcome: str, visit: str) -> BoolArray:
        """Return who gave a usable answer at a visit."""
        attended = self.attended(visit)
        missing = self.unanswered.get((outcome, visit))
        return attended if missing is None else attended & ~missing

    def last_seen(self) -> DayArray:
        """Return the day of each person's last attended visit."""
        days = np.stack([self.visit_date[visit] for visit in VISITS])
        return np.asarray(np.fmax.reduce(days, axis=0))


def weighted_sample(
    rng: np.random.Generator, candidates: BoolArray, log_weight: FloatArray, size: int, what: str
) -> BoolArray:
    """Draw a fixed number of people without replacement, with given log weights.

    Gumbel keys; the sequential scheme of Efraimidis and Spirakis, 2006,
    10.1016/j.ipl.2005.11.003.

    Raises
    ------
    DataError
        ``COH-002`` when there are fewer candidates than asked for.
    """
    if size > int(candidates.sum()) or size < 0:
        raise DataError(
            "COH-002",
            f"the published counts leave {size} participants for '{what}' where the synthetic "
            f"cohort has {int(candidates.sum())}; check the counts against each other",
        )
    keys = log_weight + rng.gumbel(size=len(candidates))
    keys[~candidates] = -np.inf
    chosen = np.zeros(len(candidates), dtype=bool)
    chosen[np.argsort(-keys, kind="stable")[:size]] = True
    return chosen


def draw_enrolment(
    rng: np.random.Generator, targets: CohortTargets, design: CohortDesign
) -> Enrolment:
    """Draw sites, arms in permuted blocks of four, and the days of entry.

    Participants are numbered in the order of implantation.
    """
    sizes = {
        arm: targets.count(f"flow.randomised.overall.itt.{arm}.count", size)
        for arm, size in design.arms.items()
    }
    n = sum(sizes.values())
    first, last = np.datetime64(design.first_implant), np.datetime64(design.last_implant)
    span = int((last - first).astype(int))
    # Recruitment speeds up as sites open.
    implant = first + np.sort(rng.beta(1.5, 1.15, n) * span).astype(np.int64).astype(
        "timedelta64[D]"
    )
    weekday = (implant.astype("datetime64[D]").astype(np.int64) + 3) % 7
    implant = implant - np.where(weekday >= 5, weekday - 4, 0).astype("timedelta64[D]")  # noqa: PLR2004 - Saturday
    arm = _allocate(rng, sizes)
    popularity = rng.dirichlet(np.full(design.sites, 2.5))
    sites = np.sort(rng.choice(design.sites, n, p=popularity))
    sites = rng.permutation(sites) + 1
    days = rng.integers(design.baseline_days[0], design.baseline_days[1] + 1, n)
    return Enrolment(
        ids=np.array([f"P{number:03d}" for number in range(1, n + 1)]),
        sites=np.array([f"S{site:02d}" for site in sites]),
        arm=arm,
        implant=implant,
        activation=implant + np.timedelta64(design.activation_days, "D"),
        baseline=implant + days.astype("timedelta64[D]"),
    )


def _allocate(rng: np.random.Generator, sizes: Mapping[str, int]) -> npt.NDArray[np.str_]:
    """Return arms in permuted blocks, in equal parts as long as both arms have places."""
    left = dict(sizes)
    order: list[str] = []
    while any(left.values()):
        block = [arm for arm in left for _ in range(min(2, left[arm]))]
        for arm in block:
            left[arm] -= 1
        order.extend(rng.permutation(block).tolist())
    return np.array(order)


def draw_flow(
    rng: np.random.Generator,
    enrolment: Enrolment,
    latent: Latent,
    targets: CohortTargets,
    design: CohortDesign,
) -> Flow:
    """Draw attendance with the published counts, ends of follow-up, and unanswered forms."""
    n = len(enrolment)
    standing = latent.response.mean(axis=1)
    following = np.ones(n, dtype=bool)
    end_reason, end_date = np.full(n, "", dtype="<U20"), np.full(n, "NaT", dtype="datetime64[D]")
    visit_date = {BASELINE: enrolment.baseline}
    reason = {BASELINE: np.full(n, ATTENDED, dtype="<U20")}
    previous_day, previous_half = 0, 0
    staying = _staying(n, targets, design)
    pool = _reason_pool(rng, n - staying[FOLLOW_UPS[-1]], design)
    for index, visit in enumerate(FOLLOW_UPS):
        plan = design.schedule[visit]
        attending, pandemic = _published_attendance(visit, targets, design)
        before = standing[:, max(index - 1, 0)]
        leaving = weighted_sample(
            rng,
            following,
            -design.dropout_slope * before,
            int(following.sum()) - staying[visit],
            f"{visit} leaving",
        )
        following &= ~leaving
        for person in np.flatnonzero(leaving):
            end_reason[person] = pool.pop()
            low, high = previous_day + previous_half + 1, plan.day - plan.half_window - 1
            end_date[person] = enrolment.activation[person] + int(rng.integers(low, high + 1))
        due = enrolment.activation + np.timedelta64(plan.day, "D")
        reason[visit] = _missed(
            rng,
            visit,
            following,
            standing=standing[:, index],
            due=due,
            wanted=(attending, pandemic),
            design=design,
        )
        reason[visit][~following] = end_reason[~following]
        visit_date[visit] = _visit_days(rng, enrolment.activation, visit, design)
        visit_date[visit][reason[visit] != ATTENDED] = np.datetime64("NaT")
        previous_day, previous_half = plan.day, plan.half_window
    flow = Flow(visit_date, reason, end_reason, end_date, {})
    return replace(flow, unanswered=_unanswered(rng, flow, latent, targets, design))


def _published_attendance(
    visit: str, targets: CohortTargets, design: CohortDesign
) -> tuple[int, int]:
    stem = f"{visit}.itt.all.count"
    attending = targets.count(f"flow.attended.{stem}", design.schedule[visit].attended)
    return attending, targets.count(f"flow.missed_{PANDEMIC}.{stem}", 0)


def _staying(n: int, targets: CohortTargets, design: CohortDesign) -> dict[str, int]:
    """Return how many are still followed at each visit: never fewer than any later visit needs."""
    staying: dict[str, int] = {}
    needed = 0
    for visit in reversed(FOLLOW_UPS):
        published = sum(_published_attendance(visit, targets, design))
        needed = min(n, max(needed, design.schedule[visit].in_follow_up, published))
        staying[visit] = needed
    return staying


def _reason_pool(rng: np.random.Generator, ends: int, design: CohortDesign) -> list[str]:
    """Return reasons for ending follow-up, in random order, in the assumed shares."""
    shares = np.array(list(design.end_reasons.values()))
    counts = np.floor(shares / shares.sum() * ends).astype(int)
    counts[0] += ends - int(counts.sum())
    pool = np.repeat(list(design.end_reasons), counts)
    return [str(reason) for reason in rng.permutation(pool)]


def _missed(
    rng: np.random.Generator,
    visit: str,
    following: BoolArray,
    *,
    standing: FloatArray,
    due: DayArray,
    wanted: tuple[int, int],
    design: CohortDesign,
) -> npt.NDArray[np.str_]:
    """Return the reason for missing a visit among those in follow-up, empty for attenders."""
    attending, pandemic = wanted
    reason = np.full(len(following), ATTENDED, dtype="<U20")
    start, stop = (np.datetime64(day) for day in design.pandemic)
    restricted = following & (due >= start) & (due <= stop)
    at_home = weighted_sample(
        rng, restricted, np.zeros(len(following)), pandemic, f"{visit} missed for the pandemic"
    )
    rest = following & ~at_home
    missed = weighted_sample(
        rng, rest, -design.missed_slope * standing, int(rest.sum()) - attending, f"{visit} missed"
    )
    reason[missed] = MISSED
    reason[at_home] = PANDEMIC
    return reason


def _visit_days(
    rng: np.random.Generator, activation: DayArray, visit: str, design: CohortDesign
) -> DayArray:
    """Return visit days near the target day, inside the simulated window."""
    plan = design.schedule[visit]
    shift = np.rint(rng.normal(0.15 * plan.spread, plan.spread, len(activation))).astype(np.int64)
    shift = np.clip(shift, -plan.half_window, plan.half_window)
    return np.asarray(activation + (plan.day + shift).astype("timedelta64[D]"))


def _unanswered(
    rng: np.random.Generator,
    flow: Flow,
    latent: Latent,
    targets: CohortTargets,
    design: CohortDesign,
) -> dict[tuple[str, str], BoolArray]:
    """Choose attenders without a usable VAS, ODI or EQ-5D answer."""
    missing: dict[tuple[str, str], BoolArray] = {}
    for visit in FOLLOW_UPS:
        plan = design.schedule[visit]
        counts = {
            "vas": plan.vas_unanswered, "odi": plan.odi_unscorable, "eq5d": plan.eq5d_incomplete,
        }  # fmt: skip
        for outcome, assumed in counts.items():
            seen = int(flow.attended(visit).sum())
            size = seen - targets.count(f"level.{outcome}.{visit}.observed.all.n", seen - assumed)
            if not size:
                continue
            # People with much to gain who gained it: a responder by ODI stays determined in
            # "pain or disability" although the VAS is missing.
            candidates = flow.attended(visit)
            standing = latent.at("odi", visit) + latent.severity[:, 1]
            candidates = candidates & (standing > np.quantile(standing[candidates], 0.75))
            missing[outcome, visit] = weighted_sample(
                rng, candidates, np.zeros(len(standing)), size, f"{outcome} unanswered at {visit}"
            )
    return missing
