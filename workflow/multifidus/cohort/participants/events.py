"""Adverse events, disposition and the question on analgesics.

One fact is published: the number of participants with a serious event related to the device or the
procedure. Everything else (which terms, how many) is an assumption; terms are in generic words of
the MedDRA kind, with their system organ class. An event is anticipated by its term, as a protocol
lists them before the first participant; whether it is related is judged case by case. The two agree
often and not always: surgery makes anticipated back pain that nobody relates to it, and stimulation
makes complaints that no list foresaw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from multifidus.cohort.design import BASELINE, FOLLOW_UPS
from multifidus.cohort.participants.flow import weighted_sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from multifidus.cohort.answers.sums import Setting
    from multifidus.cohort.participants.device_events import LeadFault

    FloatArray = npt.NDArray[np.float64]

__all__ = [
    "draw_adverse_events",
    "draw_analgesics",
    "draw_disposition",
    "infection_removals",
    "observed_until",
]

_DAY = np.timedelta64(1, "D")
_FIRST_YEAR = 365
_PARTIAL_SHARE = 0.04


class _Kind(NamedTuple):
    """A term and how often it is expected in 204 people over the whole follow-up."""

    reported: str
    preferred: str
    organ_class: str
    expected: float
    first_days: tuple[int, int]
    related_to: str


_GENERAL = "General disorders and administration site conditions"
_INJURY = "Injury, poisoning and procedural complications"
_MUSCLE = "Musculoskeletal and connective tissue disorders"
_NERVE = "Nervous system disorders"
_INFECTION = "Infections and infestations"
_PRODUCT = "Product issues"
_HEPATIC = "Hepatobiliary disorders"
_NEOPLASMS = "Neoplasms benign, malignant and unspecified"
_NONE, _DEVICE, _PROCEDURE, _STIMULATION = "none", "device", "procedure", "stimulation"
_KINDS = (
    _Kind("pain over the generator", "Implant site pain", _GENERAL, 34, (3, 900), _DEVICE),
    _Kind("pain when lying", "Medical device site pain", _GENERAL, 14, (20, 1200), _DEVICE),
    _Kind("pain at the incision", "Procedural pain", _INJURY, 18, (0, 30), _PROCEDURE),
    _Kind("seroma at the pocket", "Seroma", _INJURY, 5, (2, 60), _PROCEDURE),
    _Kind("wound redness", "Implant site erythema", _GENERAL, 7, (2, 45), _PROCEDURE),
    _Kind("uncomfortable contractions", "Muscle twitching", _MUSCLE, 16, (16, 700), _STIMULATION),
    _Kind("overstimulation of the leg", "Paraesthesia", _NERVE, 8, (16, 700), _STIMULATION),
    _Kind("flare of low back pain", "Back pain", _MUSCLE, 46, (20, 1900), _NONE),
    _Kind("hip pain", "Arthralgia", _MUSCLE, 24, (30, 1900), _NONE),
    _Kind("neck pain", "Neck pain", _MUSCLE, 13, (30, 1900), _NONE),
    _Kind("leg pain", "Pain in extremity", _MUSCLE, 15, (30, 1900), _NONE),
    _Kind("fall at home", "Fall", _INJURY, 12, (30, 1900), _NONE),
    _Kind("ankle sprain", "Ligament sprain", _INJURY, 8, (30, 1900), _NONE),
    _Kind("common cold", "Nasopharyngitis", _INFECTION, 21, (5, 1900), _NONE),
    _Kind("bladder infection", "Urinary tract infection", _INFECTION, 9, (5, 1900), _NONE),
    _Kind("coronavirus infection", "COVID-19", _INFECTION, 17, (650, 1900), _NONE),
    _Kind("headache", "Headache", _NERVE, 14, (1, 1900), _NONE),
    _Kind("dizziness", "Dizziness", _NERVE, 6, (1, 1900), _NONE),
    _Kind("low mood", "Depression", "Psychiatric disorders", 9, (30, 1900), _NONE),
    _Kind("anxiety", "Anxiety", "Psychiatric disorders", 7, (30, 1900), _NONE),
    _Kind("nausea after anaesthesia", "Procedural nausea", _INJURY, 7, (0, 2), _PROCEDURE),
    _Kind("raised blood pressure", "Hypertension", "Vascular disorders", 8, (30, 1900), _NONE),
    _Kind("itchy rash", "Rash", "Skin and subcutaneous tissue disorders", 6, (5, 1900), _NONE),
)  # fmt: skip
_SERIOUS_RELATED = (
    _Kind("pocket infection", "Implant site infection", _INFECTION, 0, (12, 110), _PROCEDURE),
    _Kind("haematoma of the pocket", "Implant site haematoma", _GENERAL, 0, (0, 10), _PROCEDURE),
    _Kind("airway event, sedation", "Procedural complication", _INJURY, 0, (0, 1), _PROCEDURE),
    _Kind("wound opened, sutured again", "Wound dehiscence", _INJURY, 0, (6, 40), _PROCEDURE),
    _Kind("intense pain at the generator", "Implant site pain", _GENERAL, 0, (5, 100), _DEVICE),
)  # fmt: skip
_SERIOUS_OTHER = (
    _Kind("gall stones, operated", "Cholelithiasis", _HEPATIC, 4, (30, 1900), _NONE),
    _Kind("knee replacement for arthrosis", "Osteoarthritis", _MUSCLE, 6, (60, 1900), _NONE),
    _Kind("pneumonia, admitted", "Pneumonia", _INFECTION, 4, (30, 1900), _NONE),
    _Kind("chest pain, admitted", "Chest pain", _GENERAL, 3, (30, 1900), _NONE),
    _Kind("breast cancer", "Breast cancer", _NEOPLASMS, 2, (200, 1900), _NONE),
)  # fmt: skip
_BREAKAGE = _Kind("lead fracture on X-ray", "Device breakage", _PRODUCT, 0, (0, 0), _DEVICE)
_UNFORESEEN = frozenset({"Paraesthesia", "Procedural nausea", "Procedural complication"})
_ANTICIPATED_UNRELATED = frozenset({"Back pain", "Pain in extremity"})
# Of events of a kind that device, procedure or stimulation cause, the share judged related; and of
# the other kinds, the share judged possibly related all the same (assumptions).
_JUDGED_RELATED, _POSSIBLY_RELATED = 0.85, 0.04
_CAUSES = (_DEVICE, _PROCEDURE, _STIMULATION)


def observed_until(setting: Setting) -> npt.NDArray[np.datetime64]:
    """Return the last day on which each participant was observed."""
    seen, ended = setting.flow.last_seen(), setting.flow.end_date
    lost = setting.flow.end_reason == "lost_to_follow_up"
    return np.asarray(np.where(np.isnat(ended) | lost, seen, np.fmax(seen, ended)))


def infection_removals(setting: Setting) -> npt.NDArray[np.bool_]:
    """Choose the explanted participants whose system was removed for an early infection."""
    explanted = setting.flow.end_reason == "explanted"
    early = explanted & (setting.flow.end_date <= setting.enrolment.activation + _FIRST_YEAR * _DAY)
    size = min(setting.design.infection_removals, int(early.sum()))
    first = -(setting.flow.end_date - setting.enrolment.activation).astype(float)
    chosen = np.zeros(len(early), dtype=bool)
    chosen[np.argsort(np.where(early, -first, np.inf), kind="stable")[:size]] = True
    return chosen


def draw_adverse_events(setting: Setting, lead_faults: Iterable[LeadFault]) -> pd.DataFrame:
    """Draw the table ``adverse_events``; one serious related event for the published number."""
    rows = [*_ordinary(setting), *_serious(setting)]
    for fault in lead_faults:
        row = _event(setting, fault.person, _BREAKAGE, fault.found, "moderate", serious=False)
        rows.append(row | {"start_date": str(fault.found), "related_device": "definite"})
    frame = pd.DataFrame(rows).sort_values(
        ["participant_id", "order", "preferred_term"], kind="stable"
    )
    number = frame.groupby("participant_id").cumcount() + 1
    frame.insert(1, "event_id", [f"AE{k:02d}" for k in number])
    return frame.drop(columns="order").reset_index(drop=True)


def _ordinary(setting: Setting) -> list[dict[str, object]]:
    """Return the events that are not serious, some people having more of them than others."""
    rng, n = setting.streams.of("adverse_events"), len(setting.enrolment)
    frailty = rng.gamma(1.6, 1 / 1.6, n)
    rows = []
    for kind in _KINDS:
        rate = frailty / frailty.sum() * kind.expected * 1.25
        for person in np.repeat(np.arange(n), rng.poisson(rate)):
            day = setting.enrolment.implant[person] + int(rng.integers(*kind.first_days)) * _DAY
            if kind.preferred == "COVID-19" and day < np.datetime64(setting.design.pandemic[0]):
                continue
            severity = str(rng.choice(["mild", "moderate", "severe"], p=[0.58, 0.37, 0.05]))
            rows.append(_event(setting, int(person), kind, day, severity, serious=False))
    for person in rng.choice(n, 4, replace=False):
        # Before the implantation: recorded, not treatment-emergent.
        day = setting.enrolment.implant[person] - int(rng.integers(1, 20)) * _DAY
        rows.append(_event(setting, int(person), _KINDS[17], day, "mild", serious=False))
    return [row for row in rows if row]


def _serious(setting: Setting) -> list[dict[str, object]]:
    """Return serious events: related ones in the published number of people, and unrelated ones."""
    rng, n = setting.streams.of("adverse_events"), len(setting.enrolment)
    allowed = setting.targets.counts_that_print(
        "adverse_events.serious_related.overall.safety.all", n
    )
    wanted = allowed[0] if allowed else setting.design.serious_related
    removed = infection_removals(setting)
    others = weighted_sample(
        rng, ~removed, np.zeros(n), wanted - int(removed.sum()), "serious related events"
    )
    rows = []
    for person in np.flatnonzero(removed):
        day = setting.flow.end_date[person] - int(rng.integers(2, 15)) * _DAY
        row = _event(setting, int(person), _SERIOUS_RELATED[0], day, "severe", serious=True)
        rows.append(row | {"related_procedure": "definite", "outcome": "resolved"})
    for at, person in enumerate(np.flatnonzero(others)):
        kind = _SERIOUS_RELATED[1 + at % (len(_SERIOUS_RELATED) - 1)]
        day = setting.enrolment.implant[person] + int(rng.integers(*kind.first_days)) * _DAY
        row = _event(setting, int(person), kind, day, "severe", serious=True)
        rows.append(row | {f"related_{kind.related_to}": "probable"})
    for kind in _SERIOUS_OTHER:
        for person in rng.choice(n, rng.poisson(kind.expected), replace=False):
            day = setting.enrolment.implant[person] + int(rng.integers(*kind.first_days)) * _DAY
            rows.append(_event(setting, int(person), kind, day, "severe", serious=True))
    fatal = _Kind("heart attack", "Myocardial infarction", "Cardiac disorders", 0, (0, 0), "none")
    for person in np.flatnonzero(setting.flow.end_reason == "died"):
        day = setting.flow.end_date[person]
        row = _event(setting, int(person), fatal, day, "fatal", serious=True)
        rows.append(row | {"end_date": str(day), "outcome": "fatal"})
    return [row for row in rows if row]


def _event(
    setting: Setting, person: int, kind: _Kind, day: np.datetime64, severity: str, *, serious: bool
) -> dict[str, object]:
    """Return one event, or nothing when it would fall after the last observation."""
    rng = setting.streams.of("adverse_events")
    until = observed_until(setting)[person]
    if day > until:
        return {}
    end: np.datetime64 | None = day + int(1 + rng.gamma(1.2, 35)) * _DAY
    if end > until:
        end = None
    relations = dict.fromkeys(_CAUSES, "none")
    cause = _judged_cause(rng, kind, serious=serious)
    if cause != _NONE:
        words, shares = ["possible", "probable", "definite"], [0.4, 0.35, 0.25]
        certain = kind.related_to != _NONE
        relations[cause] = str(rng.choice(words, p=shares)) if certain else words[0]
    start = str(day)
    if (
        not serious
        and day > setting.enrolment.implant[person] + 60 * _DAY
        and rng.random() < _PARTIAL_SHARE
    ):
        start = start[:7]
        end = None
    return {
        "participant_id": str(setting.enrolment.ids[person]),
        "order": day,
        "reported_term": kind.reported,
        "preferred_term": kind.preferred,
        "system_organ_class": kind.organ_class,
        "start_date": start,
        "end_date": None if end is None else str(end),
        "severity": severity,
        "serious": serious,
        "related_device": relations["device"],
        "related_procedure": relations["procedure"],
        "related_stimulation": relations["stimulation"],
        "anticipated": _is_anticipated(kind),
        "outcome": "ongoing" if end is None and start == str(day) else "resolved",
    }


def _judged_cause(rng: np.random.Generator, kind: _Kind, *, serious: bool) -> str:
    """Return what an event is judged to be related to; serious ones follow their kind."""
    if serious:
        return kind.related_to
    if kind.related_to != _NONE:
        return kind.related_to if rng.random() < _JUDGED_RELATED else _NONE
    return str(rng.choice(_CAUSES)) if rng.random() < _POSSIBLY_RELATED else _NONE


def _is_anticipated(kind: _Kind) -> bool:
    """Whether the term is on the list of anticipated events."""
    if kind.preferred in _UNFORESEEN:
        return False
    return kind.related_to != _NONE or kind.preferred in _ANTICIPATED_UNRELATED


def draw_disposition(setting: Setting) -> pd.DataFrame:
    """Return the table ``disposition``: milestones, and completion or the end of follow-up."""
    rows = []
    enrolment, flow = setting.enrolment, setting.flow
    until = observed_until(setting)
    for person, participant in enumerate(enrolment.ids.tolist()):
        milestones = (
            ("informed consent", enrolment.baseline[person]),
            ("implanted", enrolment.implant[person]),
            ("randomised", enrolment.activation[person]),
        )
        rows += [(participant, "protocol milestone", term, str(day)) for term, day in milestones]
        reason = str(flow.end_reason[person])
        term = reason.replace("_", " ").replace("follow up", "follow-up") if reason else "completed"
        rows.append((participant, "disposition event", term, str(until[person])))
    return pd.DataFrame(rows, columns=["participant_id", "category", "term", "date"])


def draw_analgesics(setting: Setting, vas_mm: dict[str, FloatArray]) -> pd.DataFrame:
    """Draw the table ``analgesics`` so that the published numbers meet the primary endpoint."""
    rng, design, targets = setting.streams.of("vas"), setting.design, setting.targets
    visit = FOLLOW_UPS[0]
    before, after = vas_mm[BASELINE], vas_mm[visit]
    relieved = 10 * (before - after) >= 3 * before
    shares = np.where(relieved, *design.analgesic_increase_share)
    increased = rng.random(len(before)) < shares
    for arm, members in setting.arms.items():
        known = members & ~np.isnan(after)
        stem = f"responder.primary.{visit}.observed.{arm}"
        allowed = targets.counts_that_print(stem, int(known.sum()))
        if allowed:
            inside = known & relieved
            size = int(inside.sum()) - allowed[0]
            chosen = weighted_sample(
                rng, inside, np.zeros(len(before)), size, f"analgesics in {arm}"
            )
            increased = np.where(inside, chosen, increased)
    seen = setting.flow.attended(visit)
    return pd.DataFrame(
        {
            "participant_id": setting.enrolment.ids[seen],
            "visit": visit,
            "assessment_date": setting.flow.visit_date[visit][seen].astype(str),
            "analgesic_increase": increased[seen],
        }
    )
