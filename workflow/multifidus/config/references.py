"""Whether every id that a section of a study file names stands in the section it points to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from multifidus.config.study import Responder, StudyConfig

__all__ = ["check_references"]


def check_references(study: StudyConfig) -> None:
    """Hold the ids that sections name against the sections that define them.

    Parameters
    ----------
    study
        The whole study.

    Raises
    ------
    ValueError
        With the section, the kind and the first id that is not defined; when responder
        definitions are joined in a circle; when there is no set ``safety`` or a main set asks for
        a visit.
    """
    known = {
        "arm": {item.id for item in study.arms},
        "visit": {item.id for item in study.visits},
        "outcome": {item.id for item in study.outcomes},
        "responder": {item.id for item in study.responders},
    }
    for who, kind, ids in (*_named_by_lists(study), *_named_by_rules(study)):
        if missing := sorted(set(ids) - known[kind]):
            raise ValueError(f"{who}: no {kind} '{missing[0]}'")
    _refuse_circles(study.responders)
    sets = {item.id: item for item in study.analysis_sets}
    if "safety" not in sets:
        raise ValueError("analysis_sets: a set with the id 'safety' is required")
    for item in (sets["safety"], sets.get("itt", study.analysis_sets[0])):
        if item.attended_visit is not None:  # who was lost must stay in the denominators
            raise ValueError(f"analysis set '{item.id}': the main sets must not ask for a visit")


def _named_by_lists(study: StudyConfig) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Yield who names, what kind of thing, and which ids."""
    for one in study.analysis_sets:
        if one.attended_visit is not None:
            yield f"analysis set '{one.id}'", "visit", [one.attended_visit]
    for visit in study.visits:
        yield f"visit '{visit.id}'", "arm", visit.anchor_by_arm
    for item in study.responders:
        who = f"responder '{item.id}'"
        if item.outcome is not None:
            yield who, "outcome", [item.outcome]
        yield who, "responder", item.of
        yield who, "visit", item.visits or ()
        yield who, "outcome", [rule.outcome for rule in item.without_worsening]


def _named_by_rules(study: StudyConfig) -> Iterator[tuple[str, str, Iterable[str]]]:
    if (pair := study.randomised) is not None:
        yield "randomised", "visit", [pair.visit]
        yield "randomised", "arm", [pair.treatment, pair.control]
        yield "randomised", "outcome", pair.outcomes
        yield "randomised", "responder", [pair.responder]
    if (model := study.mixed_model) is not None:
        yield "mixed_model", "outcome", model.outcomes
        yield "mixed_model", "visit", model.visits
    if (opioids := study.opioids) is not None:
        yield "opioids", "visit", [opioids.baseline_visit, *opioids.visits]
    if (use := study.device_use) is not None:
        yield "device_use", "arm", use.exposure_start


def _refuse_circles(responders: Iterable[Responder]) -> None:
    """Take away definitions whose parts are settled until none is left or none can be taken."""
    open_parts = {item.id: set(item.of) for item in responders}
    while open_parts:
        settled = [name for name, parts in open_parts.items() if not parts & set(open_parts)]
        if not settled:
            raise ValueError(f"responder '{min(open_parts)}': definitions are joined in a circle")
        for name in settled:
            del open_parts[name]
