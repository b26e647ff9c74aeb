"""What the published record does not settle: every free choice of the synthetic cohort.

Nothing here is a published figure of the trial. Published figures arrive as windows
(:mod:`multifidus.cohort.calibration.targets`); a field here is used only where no window answers.
All values are assumptions, chosen for plausibility, and none is a target of the scorecard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BASELINE", "FOLLOW_UPS", "VISITS", "CohortDesign", "ScheduledVisit"]

BASELINE = "baseline"
FOLLOW_UPS = ("d120", "m6", "y1", "y2", "y3", "y4", "y5")
VISITS = (BASELINE, *FOLLOW_UPS)


@dataclass(frozen=True, slots=True)
class ScheduledVisit:
    """A follow-up visit: days after activation, and the assumed flow at it.

    Parameters
    ----------
    day
        Target day after activation.
    half_window
        Largest distance of a simulated visit from the target day.
    spread
        Standard deviation of the visit day, before cutting at the half window.
    in_follow_up
        Participants whose follow-up has not ended at the visit.
    attended
        Attendance, used where none was published.
    vas_unanswered
        Attenders without a VAS answer.
    odi_unscorable
        Questionnaires with two or more missing sections.
    eq5d_incomplete
        Questionnaires with a missing dimension.
    reduction
        Mean share of baseline VAS and ODI that is gone, where none was published.
    reduction_sd
        Its standard deviation, where none was published.
    eq5d_gain
        Mean gain of the index, where none was published.
    """

    day: int
    half_window: int
    spread: float
    in_follow_up: int
    attended: int
    vas_unanswered: int = 0
    odi_unscorable: int = 0
    eq5d_incomplete: int = 0
    reduction: tuple[float, float] = (0.65, 0.55)
    reduction_sd: tuple[float, float] = (0.33, 0.39)
    eq5d_gain: float = 0.21


def _schedule() -> Mapping[str, ScheduledVisit]:
    # One VAS at two years and two at five are unanswered: the printed shares (of 155 and, by the
    # only count that fits, of 124) imply it. All other cells are assumptions.
    return MappingProxyType(
        {
            "d120": ScheduledVisit(120, 12, 5, 204, 204, 0, 2, 1, (0.39, 0.33), (0.38, 0.38), 0.14),
            "m6": ScheduledVisit(183, 28, 9, 200, 194, 2, 2, 2, (0.50, 0.42), (0.37, 0.39), 0.165),
            "y1": ScheduledVisit(365, 50, 14, 190, 180, 2, 2, 2, (0.60, 0.50), (0.34, 0.39), 0.20),
            "y2": ScheduledVisit(731, 50, 18, 170, 156, 1),
            "y3": ScheduledVisit(1096, 80, 24, 157, 133),
            "y4": ScheduledVisit(1461, 80, 26, 146, 105),
            "y5": ScheduledVisit(1826, 80, 24, 132, 126, 2),
        }
    )


@dataclass(frozen=True)
class CohortDesign:
    """Free choices of the generator (assumptions, see the module's first paragraph).

    Parameters
    ----------
    eq5d_decrements
        Value set: five rows (MO, SC, UA, PD, AD) of the decrements of levels 1 to 5; index = 1
        minus their sum. The trial's own value set is unknown; the study file declares one.
    arms
        Treatment and sham arm, with the sizes used where none were published.
    """

    eq5d_decrements: tuple[tuple[float, ...], ...]
    arms: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"treatment": 102, "control": 102})
    )
    control_arm: str = "control"
    sites: int = 26  # seen: 26 centres; how participants spread over them is assumed
    schedule: Mapping[str, ScheduledVisit] = field(default_factory=_schedule)

    # Calendar. The seen start is August 2016 and the last 120-day visit November 2018.
    first_implant: str = "2016-09-12"
    last_implant: str = "2018-07-02"
    activation_days: int = 14
    baseline_days: tuple[int, int] = (-30, -1)
    crossover_days: tuple[int, int] = (1, 12)  # from the 120-day visit to the switch
    pandemic: tuple[str, str] = ("2020-03-16", "2021-06-30")

    # People.
    age_range: tuple[int, int] = (22, 75)
    age: tuple[float, float] = (48.0, 10.0)  # mean and SD where none were published, as below
    pain_duration_years: tuple[float, float] = (12.0, 9.0)
    pain_days_percent: tuple[float, float] = (95.0, 10.0)
    share_female: float = 0.54
    bmi: tuple[float, float, float] = (28.0, 4.3, 35.0)  # mean, SD, ceiling of the entry criteria
    vas_range_mm: tuple[int, int] = (60, 90)
    largest_ratio: tuple[float, float] = (1.3, 1.6)  # follow-up over baseline, VAS and ODI
    odi_range: tuple[int, int] = (22, 70)  # an index of at least 21 is at least 22 in even points

    # Latent trajectories: shares of variance. Their sum is one.
    variance_person: float = 0.47  # one person, all outcomes and visits
    variance_outcome: float = 0.10  # one person, one outcome, all visits
    variance_visit: float = 0.26  # one visit, all outcomes, fading over visits
    variance_noise: float = 0.17
    visit_memory: float = 0.6  # autocorrelation of the visit part from one visit to the next
    sham_dependence: float = 0.35  # how far sham response foretells response to therapy
    arm_shift_d120: float = 0.28  # in latent SD, half added to therapy, half taken from sham

    # End of follow-up. Higher: non-responders leave more selectively.
    dropout_slope: float = 0.75
    missed_slope: float = 0.25
    end_reasons: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"explanted": 0.40, "withdrew": 0.32, "lost_to_follow_up": 0.25, "died": 0.03}
        )
    )
    infection_removals: int = 5
    serious_related: int = 8

    # Questionnaires.
    odi_one_missing_share: float = 0.025
    odi_section_offsets: tuple[float, ...] = (2.4, 1.0, 2.7, 1.1, 2.3, 2.7, 1.5, 1.6, 2.0, 1.7)
    odi_section_person_sd: float = 0.55
    odi_section_visit_sd: float = 0.4
    analgesic_increase_share: tuple[float, float] = (0.06, 0.16)  # responders, non-responders

    # Opioids where nothing was published.
    opioid_users: int = 75
    opioid_increased_share: float = 0.3  # of those neither discontinued nor decreased
    opioid_shares: tuple[float, float] = (0.40, 0.22)  # discontinued, decreased, unpublished visits
    post_surgical_share: float = 0.3
    new_users: int = 3

    # Device use.
    continued_share: float = 0.85  # and the next one: where none were published
    utilisation: float = 0.45
    decline_per_year: float = 0.04
    session_minutes: float = 30.0
    sessions_per_day: int = 2
    completion_share: float = 0.93
    use_slope: float = 0.45
    continuing_after_year2: float = 0.955  # per year, among those who continue
