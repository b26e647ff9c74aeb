"""Whether the numbers of a study file can be meant: windows, years, thresholds, printed labels."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from multifidus.config.base import Fault
from multifidus.config.instruments import INSTRUMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.config.base import Place
    from multifidus.config.study import Outcome, Responder, StudyConfig, Visit

__all__ = ["check_plausibility"]

_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
_FIRST_DAY = 1  # a baseline may be assessed on the first day of treatment
_ROUNDING_YEARS = 0.05  # years are written to one or two decimals
_TIME = re.compile(r"(?:^|[^\w.-])(\d+(?:\.\d+)?)[ -](day|week|month|year)s?\b", re.IGNORECASE)
_TIME_AFTER = re.compile(r"\b(day|week|month|year) (\d+(?:\.\d+)?)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w]|\.\d)")
_PERCENT = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)\s?(?:%|per\s?cent)")


def check_plausibility(study: StudyConfig) -> None:
    """Check windows, times and thresholds, and what labels say about them.

    Raises
    ------
    Fault
        With the place of the first value that cannot be meant.
    """
    for n, visit in enumerate(study.visits):
        _check_years(visit, n)
        _check_label_of_visit(visit, n)
    _check_windows(study)
    _check_responders(study)


def _check_years(visit: Visit, n: int) -> None:
    """Check the place on the time axis against the window, both counted from the anchor."""
    if visit.years is None:
        return
    margin = _ROUNDING_YEARS * _DAYS["year"]
    day = visit.years * _DAYS["year"]
    if not visit.window[0] - margin <= day <= visit.window[1] + margin:
        raise Fault(
            ("visits", n, "years"),
            f"visit '{visit.id}': {visit.years:g} years are day {day:.0f}, which lies outside the"
            f" window {list(visit.window)}",
        )


def _check_label_of_visit(visit: Visit, n: int) -> None:
    """Check a time that the label names (``2 years``, ``month 6``) against the window."""
    times = [(float(n), unit) for n, unit in _TIME.findall(visit.label)]
    times += [(float(n), unit) for unit, n in _TIME_AFTER.findall(visit.label)]
    for number, unit in times:
        length = _DAYS[unit.lower()]
        day, margin = number * length, length / 2
        if not visit.window[0] - margin <= day <= visit.window[1] + margin:
            raise Fault(
                ("visits", n, "label"),
                f"visit '{visit.id}': the label says {number:g} {unit}s, day {day:.0f}, which lies"
                f" outside the window {list(visit.window)}",
            )


def _check_windows(study: StudyConfig) -> None:
    """Check that visits counted from the same date are in order and share no day."""
    last_years: float | None = None
    if len(study.visits) > 1 and study.visits[0].window[0] > _FIRST_DAY:
        raise Fault(
            ("visits", 0, "window"),
            f"visit '{study.visits[0].id}': the first visit is the baseline, from which change is"
            f" measured, and its window begins after day {_FIRST_DAY}",
        )
    for n, visit in enumerate(study.visits):
        if visit.years is not None:
            if last_years is not None and visit.years <= last_years:
                raise Fault(("visits", n, "years"), f"visit '{visit.id}': not after the one before")
            last_years = visit.years
        if visit.not_after == visit.anchor and visit.target_day > 0:
            raise Fault(
                ("visits", n, "not_after"),
                f"visit '{visit.id}': no day after '{visit.anchor}' can also be before it",
            )
    arms = [arm.id for arm in study.arms]
    for (_, one), (second, other) in itertools.combinations(enumerate(study.visits), 2):
        shared = any(_anchor(one, arm) == _anchor(other, arm) for arm in arms)
        if not shared:
            continue
        if other.target_day <= one.target_day:
            raise Fault(
                ("visits", second, "target_day"),
                f"visit '{other.id}' (day {other.target_day}) does not come after visit"
                f" '{one.id}' (day {one.target_day}): list visits in the order of time",
            )
        if other.window[0] <= one.window[1]:
            raise Fault(
                ("visits", second, "window"),
                f"visit '{other.id}': the window {list(other.window)} overlaps with"
                f" {list(one.window)} of visit '{one.id}'",
            )


def _anchor(visit: Visit, arm: str) -> str:
    return visit.anchor_by_arm.get(arm, visit.anchor)


def _check_responders(study: StudyConfig) -> None:
    """Check thresholds against the scale of their outcome, and labels against thresholds."""
    outcomes = {item.id: item for item in study.outcomes}
    by_id = {item.id: item for item in study.responders}
    for n, item in enumerate(study.responders):
        at: Place = ("responders", n)
        if item.outcome is not None:
            _check_threshold(at, item, outcomes[item.outcome])
        for m, rule in enumerate(item.without_worsening):
            scale = INSTRUMENTS[outcomes[rule.outcome].instrument]
            if rule.more_than >= scale.score_length:
                raise Fault(
                    (*at, "without_worsening", m, "more_than"),
                    f"responder '{item.id}': no change of {rule.outcome} can be that large",
                )
        _check_label(at, item, by_id)


def _check_threshold(at: Place, item: Responder, outcome: Outcome) -> None:
    scale = INSTRUMENTS[outcome.instrument]
    assert item.threshold is not None  # noqa: S101 - the model asks for it with the outcome
    low, high = {
        "percent_reduction": (0.0, 100.0),
        "absolute_reduction": (0.0, scale.score_length),
        "level_at_most": (scale.score_range[0], scale.score_range[1]),
    }[item.kind]
    level = item.kind == "level_at_most"
    inside = low <= item.threshold < high if level else low < item.threshold <= high
    if not inside:
        unit = "%" if item.kind == "percent_reduction" else scale.unit
        bounds = (
            f"at least {low:g} and below {high:g}" if level else f"above 0 and at most {high:g}"
        )
        raise Fault((*at, "threshold"), f"responder '{item.id}': it must be {bounds} {unit}")
    if outcome.better == "higher":
        raise Fault(
            (*at, "kind"),
            f"responder '{item.id}': a reduction or a low level of '{outcome.id}' is no benefit,"
            " because higher is better",
        )


def _check_label(at: Place, item: Responder, by_id: Mapping[str, Responder]) -> None:
    """Check the numbers that a label prints: the thresholds of its definition, no other share."""
    numbers = {float(text) for text in _NUMBER.findall(item.label)}
    if not numbers:
        return
    parts = _parts(item, by_id)
    for part in parts:
        if part.threshold is not None and part.threshold not in numbers:
            raise Fault(
                (*at, "label"),
                f"responder '{item.id}': the label does not print the threshold"
                f" {part.threshold:g}{f' of {part.id!r}' if part is not item else ''}; correct one"
                " of the two",
            )
    shares = {part.threshold for part in parts if part.kind == "percent_reduction"}
    for text in _PERCENT.findall(item.label):
        if float(text) not in shares:
            raise Fault(
                (*at, "label"),
                f"responder '{item.id}': the label says {text} %, and no reduction in per cent by"
                " that threshold is defined",
            )


def _parts(item: Responder, by_id: Mapping[str, Responder]) -> list[Responder]:
    """Return a definition and all those it is joined from."""
    found = [item]
    for name in item.of:
        found += _parts(by_id[name], by_id)
    return found
