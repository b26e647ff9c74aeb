"""VAS and ODI sums at every visit: from latent responses to calibrated whole-number answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from multifidus.cohort.calibration.balance import balanced_baseline
from multifidus.cohort.calibration.goals import (
    BOTH,
    DISABILITY,
    EITHER,
    PAIN,
    VisitScores,
    add_level_goals,
    add_responder_goals,
    allowed_counts,
    cut_counts,
    responder_flags,
)
from multifidus.cohort.calibration.search import Problem, solve
from multifidus.cohort.design import BASELINE, FOLLOW_UPS
from multifidus.cohort.participants.latent import OUTCOMES, residual_ratio

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.cohort.calibration.targets import CohortTargets
    from multifidus.cohort.design import CohortDesign
    from multifidus.cohort.participants.flow import Enrolment, Flow
    from multifidus.cohort.participants.latent import Latent
    from multifidus.cohort.streams import Streams

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]

__all__ = [
    "Setting",
    "baseline_windows",
    "calibrate_odi",
    "calibrate_vas",
    "pain_responders",
    "shape_of",
]

VAS_RESPONDERS = ("vas_ge30", "vas_ge50", "vas_ge70", "vas_le25")
ODI_RESPONDERS = ("odi_ge10", "odi_ge15", "odi_ge20")
SECTIONS, TOP_LEVEL = 10, 5
FULL_SCALE = 100
_TIE = 1e-6
_ODI_STEPS = 13
_STEPS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8, 11, -11, 15, -15, 20, -20)
_PRIMARY_RANGE = range(2, 13)
_BALANCE = 0.012


@dataclass
class Setting:
    """What the calibration of one cohort works with."""

    streams: Streams
    targets: CohortTargets
    design: CohortDesign
    enrolment: Enrolment
    latent: Latent
    flow: Flow
    steps: dict[str, int] = field(default_factory=dict)

    @property
    def arms(self) -> dict[str, BoolArray]:
        """Arm to members."""
        return {arm: np.asarray(self.enrolment.arm == arm) for arm in self.design.arms}

    def groups(self, members: BoolArray) -> dict[str, BoolArray]:
        """Return the arms and ``all``, restricted to some people and in their order."""
        everyone = {"all": np.ones(int(members.sum()), dtype=bool)}
        return everyone | {arm: inside[members] for arm, inside in self.arms.items()}

    def solve(self, problem: Problem, what: str, domain: str) -> IntArray:
        """Solve a problem of a domain and note the steps."""
        solution = solve(problem, self.streams.of(domain), what)
        self.steps[what] = solution.steps
        return solution.chosen


def baseline_windows(setting: Setting, outcome: str) -> dict[str, tuple[float, float]]:
    """Return, per visit, the window of the baseline mean that level and change imply together.

    Printed levels and paired changes at a visit fix the baseline mean of those who answered there,
    which need not be that of all participants.
    """
    windows = {}
    for visit in FOLLOW_UPS:
        stem = f"{outcome}.{visit}.observed.all.mean"
        level, change = setting.targets.get(f"level.{stem}"), setting.targets.get(f"change.{stem}")
        if level is not None and change is not None:
            windows[visit] = (
                level.centre - change.centre - 0.2 * (change.upper - change.lower),
                level.centre - change.centre + 0.2 * (change.upper - change.lower),
            )
    return windows


def add_baseline_goals(problem: Problem, setting: Setting, outcome: str) -> None:
    """Add the goals of the baseline scores: everyone, each arm, and the later attenders."""
    targets = setting.targets
    values = problem.values
    sd = float(values[np.arange(len(values)), problem.start].std())
    for group, members in setting.groups(np.ones(len(values), dtype=bool)).items():
        columns = problem.moments(values, members)
        for stem in (f"baseline.{outcome}.baseline.itt", f"level.{outcome}.baseline.observed"):
            if mean := targets.get(f"{stem}.{group}.mean"):
                problem.add_mean(mean.result_id, (mean.lower, mean.upper), columns, sd)
            if spread := targets.get(f"{stem}.{group}.sd"):
                problem.add_sd(spread.result_id, (spread.lower, spread.upper), columns, sd)
    for visit, window in baseline_windows(setting, outcome).items():
        columns = problem.moments(values, setting.flow.answered(outcome, visit))
        problem.add_mean(f"baseline of those with {outcome} at {visit}", window, columns, sd)
    for arm, middle in balanced_baseline(targets, outcome, tuple(setting.design.arms)).items():
        columns = problem.moments(values, setting.arms[arm])
        around = (middle - _BALANCE * sd, middle + _BALANCE * sd)
        problem.add_mean(f"baseline {outcome} of {arm} for the comparison", around, columns, sd)


def truncated_normal(
    severity: FloatArray, mean: float, sd: float, limits: tuple[float, float]
) -> FloatArray:
    """Return a truncated normal with about the given mean and SD, in the order of ``severity``."""
    low, high = limits
    wide, middle = 1.25 * sd, mean
    for _ in range(40):
        law = stats.truncnorm((low - middle) / wide, (high - middle) / wide, middle, wide)
        middle += 0.7 * (mean - float(law.mean()))
        wide = float(np.clip(wide * (sd / float(law.std())) ** 0.7, sd, 4 * sd))
    ranks = (np.argsort(np.argsort(severity, kind="stable"), kind="stable") + 0.5) / len(severity)
    return np.asarray(law.ppf(ranks))


def shape_of(
    setting: Setting, outcome: str, visit: str, baseline: FloatArray, group: str
) -> tuple[float, float]:
    """Return mean and SD of the share of baseline that is gone, published or assumed.

    The SD of an absolute change and that of the share belong together:
    SD(change)^2 + mean(change)^2 = E(baseline^2) E(share^2) for a share independent of baseline.
    """
    position = 0 if outcome == "vas" else 1
    plan = setting.design.schedule[visit]
    found = {
        name: setting.targets.get(f"{name}.{outcome}.{visit}.observed.{group}.{statistic}")
        for name, statistic in (("percent_change", "mean"), ("change", "mean"))
    }
    mean, sd = plan.reduction[position], plan.reduction_sd[position]
    change, percent = found["change"], found["percent_change"]
    if percent is not None:
        mean = abs(percent.centre) / 100
    elif change is not None:
        mean = -change.centre / float(baseline.mean())
    spread = setting.targets.get(f"percent_change.{outcome}.{visit}.observed.{group}.sd")
    absolute = setting.targets.get(f"change.{outcome}.{visit}.observed.{group}.sd")
    if spread is not None:
        sd = spread.centre / 100
    elif absolute is not None and change is not None:
        second = (absolute.centre**2 + change.centre**2) / float(np.mean(baseline**2))
        sd = float(np.sqrt(max(second - mean**2, 0.05**2)))
    return mean, sd


def _desired(
    setting: Setting, outcome: str, visit: str, baseline: FloatArray, members: BoolArray
) -> FloatArray:
    """Return the follow-up scores that the latent responses suggest, shape (members,)."""
    response = setting.latent.at(outcome, visit)[members]
    by_arm = setting.targets.get(f"change.{outcome}.{visit}.observed.control.mean") is not None
    groups = setting.groups(members)
    parts = {arm: groups[arm] for arm in setting.design.arms} if by_arm else {"all": groups["all"]}
    ratios = np.empty(len(response))
    ceiling = setting.design.largest_ratio[OUTCOMES.index(outcome)]
    for group, inside in parts.items():
        mean, sd = shape_of(setting, outcome, visit, baseline[inside], group)
        n = int(inside.sum())
        cuts = (
            cut_counts(setting.targets, visit, n, VAS_RESPONDERS)
            if outcome == "vas" and group == "all"
            else ()
        )
        ratios[inside] = residual_ratio(response[inside], 1 - mean, sd, cuts, ceiling)
    return np.asarray(baseline * ratios)


def calibrate_vas(setting: Setting) -> dict[str, FloatArray]:
    """Calibrate VAS at every visit.

    Returns
    -------
    dict
        Visit to VAS in mm, shape (persons,), NaN where unanswered.
    """
    design, targets, n = setting.design, setting.targets, len(setting.enrolment)
    low, high = design.vas_range_mm
    grid = np.arange(low, high + 1) / 10
    mean = targets.get("baseline.vas.baseline.itt.all.mean")
    sd = targets.get("baseline.vas.baseline.itt.all.sd")
    middle = mean.centre if mean else float(grid.mean())
    spread = sd.centre if sd else float(grid.std()) * 0.8
    desired = truncated_normal(setting.latent.severity[:, 0], middle, spread, (low / 10, high / 10))
    values = np.broadcast_to(grid, (n, len(grid)))
    cost = ((values - desired[:, None]) / spread) ** 2
    problem = Problem(values, cost, np.ones_like(cost, dtype=bool))
    add_baseline_goals(problem, setting, "vas")
    baseline = grid[setting.solve(problem, "vas at baseline", "vas")]
    scores = {BASELINE: np.rint(10 * baseline)}
    for visit in FOLLOW_UPS:
        scores[visit] = _vas_follow_up(setting, visit, baseline)
    return scores


def _vas_follow_up(setting: Setting, visit: str, baseline: FloatArray) -> FloatArray:
    members = setting.flow.answered("vas", visit)
    before = baseline[members]
    desired = _desired(setting, "vas", visit, before, members)
    start = np.clip(np.rint(10 * desired), 0, 100)
    mm = start[:, None] + np.array(_STEPS)
    cost = 0.02 * (mm / 10 - desired[:, None]) ** 2
    # Exactly on a per cent cut, binary fractions would decide who responds.
    on_cut = np.any([np.abs(mm - 10 * before[:, None] * r) < _TIE for r in (0.7, 0.5, 0.3)], axis=0)
    allowed = (mm >= 0) & (mm <= FULL_SCALE) & ~on_cut
    responds = pain_responders(setting, visit)
    if responds is not None:
        right = (10 * before[:, None] >= 2 * mm) == responds[members][:, None]
        allowed &= right | ~(allowed & right).any(axis=1, keepdims=True)
    problem = Problem(np.clip(mm, 0, 100) / 10, cost, allowed)
    at = VisitScores("vas", visit, problem.values, before, setting.groups(members))
    add_level_goals(problem, setting.targets, at)
    add_responder_goals(problem, setting.targets, at, VAS_RESPONDERS)
    _add_primary_goals(problem, setting, at)
    chosen = setting.solve(problem, f"vas at {visit}", "vas")
    mm_all = np.full(len(members), np.nan)
    mm_all[members] = np.rint(10 * problem.values[np.arange(len(chosen)), chosen])
    return mm_all


def _add_primary_goals(problem: Problem, setting: Setting, at: VisitScores) -> None:
    """Leave room for the primary endpoint: a few responders lose it to more analgesics."""
    for arm in setting.design.arms:
        members = at.groups[arm]
        stem = f"responder.primary.{at.visit}.observed.{arm}"
        allowed = setting.targets.counts_that_print(stem, int(members.sum()))
        flags = responder_flags("vas_ge30", at.scores, at.baseline[:, None])
        if allowed and flags is not None:
            room = tuple(allowed[0] + extra for extra in _PRIMARY_RANGE)
            problem.add_count(f"{stem} (pain alone)", room, flags & members[:, None])


def pain_responders(setting: Setting, visit: str) -> BoolArray | None:
    """Return who responds in pain at a visit, best trajectories first; none where it is open.

    Decided before the answers, where shares of "pain or disability" and "both" were published, so
    that VAS and ODI each meet their part of them without a look at the other's answers.

    Parameters
    ----------
    setting
        The cohort's setting.
    visit
        A follow-up visit.

    Returns
    -------
    ndarray of bool, optional
        Shape (persons,), false for those without an answer.
    """
    targets, answered = setting.targets, setting.flow.answered("vas", visit)
    stems = [f"responder.{name}.{visit}.observed.all" for name in (EITHER, BOTH)]
    n = int(answered.sum())
    if not any(targets.counts_that_print(stem, n) for stem in stems):
        return None
    allowed = allowed_counts(targets, PAIN, visit, "all", n)
    if not allowed:
        return None
    response = np.where(answered, setting.latent.at("vas", visit), -np.inf)
    responds = np.zeros(len(answered), dtype=bool)
    responds[np.argsort(-response, kind="stable")[: allowed[len(allowed) // 2]]] = True
    return responds


def calibrate_odi(setting: Setting) -> dict[str, tuple[IntArray, IntArray]]:
    """Calibrate the sum and the number of answered ODI sections at every visit.

    Returns
    -------
    dict
        Visit to (sum over answered sections, sections answered), shape (persons,) each; zero
        sections where the questionnaire was not scorable.
    """
    n = len(setting.enrolment)
    answered = _sections_answered(setting)
    low, high = setting.design.odi_range
    sums = np.arange(TOP_LEVEL * SECTIONS + 1)
    values = 100 * sums / (TOP_LEVEL * answered[BASELINE][:, None])
    targets = setting.targets
    mean = targets.get("baseline.odi.baseline.itt.all.mean")
    sd = targets.get("baseline.odi.baseline.itt.all.sd")
    middle = mean.centre if mean else 0.5 * (low + high)
    spread = sd.centre if sd else 0.2 * (high - low)
    desired = truncated_normal(setting.latent.severity[:, 1], middle, spread, (low, high))
    cost = ((values - desired[:, None]) / spread) ** 2
    problem = Problem(values, cost, (values >= low) & (values <= high))
    add_baseline_goals(problem, setting, "odi")
    chosen = setting.solve(problem, "odi at baseline", "odi")
    baseline = values[np.arange(n), chosen]
    result = {BASELINE: (chosen, answered[BASELINE])}
    for visit in FOLLOW_UPS:
        result[visit] = _odi_follow_up(setting, visit, baseline, answered[visit])
    return result


def _sections_answered(setting: Setting) -> dict[str, IntArray]:
    """Draw who left out one section; everybody else with a scorable form answered all."""
    n = len(setting.enrolment)
    answered = {}
    for visit in (BASELINE, *FOLLOW_UPS):
        one_missing = setting.streams.of("odi").random(n) < setting.design.odi_one_missing_share
        answered[visit] = np.where(one_missing, SECTIONS - 1, SECTIONS)
    return answered


def _odi_follow_up(
    setting: Setting,
    visit: str,
    baseline: FloatArray,
    answered: IntArray,
) -> tuple[IntArray, IntArray]:
    members = setting.flow.answered("odi", visit)
    before, points = baseline[members], 100 / (TOP_LEVEL * answered[members])
    desired = _desired(setting, "odi", visit, before, members)
    start = np.rint(np.minimum(desired, 100) / points).astype(np.int64)
    sums = start[:, None] + np.array(_STEPS[:_ODI_STEPS])
    scores = sums * points[:, None]
    cost = 0.03 * ((scores - desired[:, None]) / 4) ** 2
    on_cut = (answered[members] < SECTIONS)[:, None] & (
        np.abs(before[:, None] - scores - 20) < _TIE
    )
    allowed = (sums >= 0) & (scores <= FULL_SCALE) & ~on_cut
    problem = Problem(np.clip(scores, 0, 100), cost, allowed)
    at = VisitScores("odi", visit, problem.values, before, setting.groups(members))
    add_level_goals(problem, setting.targets, at)
    add_responder_goals(problem, setting.targets, at, ODI_RESPONDERS)
    _add_composite_goals(problem, setting, at, members)
    chosen = setting.solve(problem, f"odi at {visit}", "odi")
    total = np.zeros(len(members), dtype=np.int64)
    total[members] = np.clip(sums, 0, None)[np.arange(len(chosen)), chosen]
    return total, np.where(members, answered, 0)


def _add_composite_goals(
    problem: Problem,
    setting: Setting,
    at: VisitScores,
    members: BoolArray,
) -> None:
    """Add the goals for responders in pain or disability, and in both."""
    n, known = int(members.sum()), setting.flow.answered("vas", at.visit)[members]
    stems = [f"responder.{name}.{at.visit}.observed.all" for name in (EITHER, BOTH)]
    either = setting.targets.counts_that_print(stems[0], n)
    both = setting.targets.counts_that_print(stems[1], int(known.sum()))
    responds = pain_responders(setting, at.visit)
    disability = responder_flags(DISABILITY, at.scores, at.baseline[:, None])
    if responds is None or disability is None or not (either or both):
        return
    pain = responds[members]
    if either:
        problem.add_count(f"{stems[0]}.count", either, pain[:, None] | disability)
    if both:
        problem.add_count(f"{stems[1]}.count", both, pain[:, None] & disability)
    # Without a VAS answer "or" is decided by the ODI alone, so that both readings of the
    # denominator give the published share.
    unknown = int((~known).sum())
    if unknown:
        problem.add_count(f"{at.visit}: ODI decides", (unknown,), disability & ~known[:, None])
