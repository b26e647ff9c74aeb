"""Whether the sections of a study file agree: every id that one names is defined by another."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from multifidus.config.base import Fault, repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from multifidus.config.base import Place
    from multifidus.config.study import Responder, StudyConfig

__all__ = ["check_consistency", "check_ids", "check_references"]

_LISTS = (
    "arms",
    "analysis_sets",
    "visits",
    "outcomes",
    "responders",
    "characteristics",
    "assumptions",
)
_TAKEN = {
    "arms": {"all", "users"},
    "analysis_sets": {"observed", "exposed", "continuers", "maintained", "imputed"},
    "visits": {"overall"},
    "outcomes": {"mme"},
    "characteristics": {"age", "sex_female"},
}
"""Words that results use in the same part of their ids."""


def check_ids(study: StudyConfig) -> None:
    """Refuse ids that are given twice.

    Raises
    ------
    Fault
        With the place of the second one.
    """
    for name in _LISTS:
        _refuse_repeated((name,), "id", [item.id for item in getattr(study, name)])


def check_consistency(study: StudyConfig) -> None:
    """Check what sections say together: nothing twice, no result with two meanings, real contrasts.

    Raises
    ------
    Fault
        With the place of an id that results need for something else, of a label or list entry that
        is given twice, of a visit at which change cannot be measured, or of a comparison of an arm
        with itself.
    """
    for name in _LISTS:
        items = getattr(study, name)
        if name != "assumptions":
            _refuse_repeated((name,), "label", [item.label for item in items])
        for position, item in enumerate(items):
            if item.id in _TAKEN.get(name, ()):
                raise Fault((name, position, "id"), f"'{item.id}' is a word of results; rename it")
    for place, values in _plain_lists(study):
        if (again := repeated(values)) is not None:
            raise Fault((*place, again[0]), f"'{again[1]}' is given twice; remove one")
    _refuse_shared_ids(study)
    if study.outcomes and not study.visits:
        raise Fault(("visits",), "outcomes are scored at visits, and none is listed")
    if study.device_use is not None and not study.device_use.exposure_start:
        raise Fault(("device_use", "exposure_start"), "name the date for at least one arm")
    _check_visits_after_baseline(study, [item.id for item in study.visits])
    _check_randomised(study)


def _refuse_repeated(place: Place, key: str, values: list[str]) -> None:
    if (again := repeated(values)) is not None:
        position, value = again
        raise Fault((*place, position, key), f"the {key} '{value}' is given twice; change one")


def _refuse_shared_ids(study: StudyConfig) -> None:
    """Ids of outcomes, responders and characteristics share one part of the ids of results."""
    outcomes = {item.id for item in study.outcomes}
    for name in ("responders", "characteristics"):
        for position, item in enumerate(getattr(study, name)):
            if item.id in outcomes:
                raise Fault((name, position, "id"), f"'{item.id}' is the id of an outcome too")


def _plain_lists(study: StudyConfig) -> Iterator[tuple[Place, Sequence[str]]]:
    """Give every list of words with its place."""
    for position, one in enumerate(study.analysis_sets):
        yield ("analysis_sets", position, "requires"), one.requires
    for position, item in enumerate(study.responders):
        yield ("responders", position, "of"), item.of
        yield ("responders", position, "visits"), item.visits or ()
        watched = [rule.outcome for rule in item.without_worsening]
        yield ("responders", position, "without_worsening"), watched
    events = study.adverse_events
    yield ("adverse_events", "related_values"), events.related_values
    yield ("adverse_events", "device_event_types"), events.device_event_types
    for name, terms in events.comparator_terms.items():
        yield ("adverse_events", "comparator_terms", name), terms
    if study.opioids is not None:
        yield ("opioids", "visits"), study.opioids.visits
    for section in ("mixed_model", "randomised"):
        rules = getattr(study, section)
        for key in ("outcomes", "visits"):
            yield (section, key), getattr(rules, key, ())


def check_references(study: StudyConfig) -> None:
    """Check the ids that sections name against the sections that define them.

    Parameters
    ----------
    study
        The whole study.

    Raises
    ------
    Fault
        With the place of the first id that is not defined, of responder definitions joined in a
        circle, or of a main analysis set that asks for a visit or for nothing.
    """
    known = {
        "arm": [item.id for item in study.arms],
        "visit": [item.id for item in study.visits],
        "outcome": [item.id for item in study.outcomes],
        "responder": [item.id for item in study.responders],
    }
    for place, kind, name in (*_named_by_lists(study), *_named_by_rules(study)):
        if name not in known[kind]:
            near = difflib.get_close_matches(name, known[kind], n=1, cutoff=0.6)
            some = ", ".join(known[kind]) or "none"
            hint = f"did you mean '{near[0]}'?" if near else f"defined are: {some}"
            raise Fault(place, f"{_owner(study, place)}no {kind} '{name}'; {hint}")
    _refuse_circles(study.responders)
    _check_sets(study)


def _owner(study: StudyConfig, place: Place) -> str:
    """Name the entry of a list that a place lies in."""
    words = {"analysis_sets": "analysis set", "visits": "visit", "responders": "responder"}
    section, position = place[0], place[1]
    if section not in words or not isinstance(position, int):
        return ""
    return f"{words[str(section)]} '{getattr(study, str(section))[position].id}': "


def _named_by_lists(study: StudyConfig) -> Iterator[tuple[Place, str, str]]:
    """Give place, kind and id of everything that the entries of lists name."""
    for n, one in enumerate(study.analysis_sets):
        if one.attended_visit is not None:
            yield ("analysis_sets", n, "attended_visit"), "visit", one.attended_visit
    for n, visit in enumerate(study.visits):
        for arm in visit.anchor_by_arm:
            yield ("visits", n, "anchor_by_arm", arm), "arm", arm
    for n, item in enumerate(study.responders):
        at: Place = ("responders", n)
        if item.outcome is not None:
            yield (*at, "outcome"), "outcome", item.outcome
        yield from _each((*at, "of"), "responder", item.of)
        yield from _each((*at, "visits"), "visit", item.visits or ())
        for m, rule in enumerate(item.without_worsening):
            yield (*at, "without_worsening", m, "outcome"), "outcome", rule.outcome


def _each(place: Place, kind: str, names: Iterable[str]) -> Iterator[tuple[Place, str, str]]:
    for position, name in enumerate(names):
        yield (*place, position), kind, name


def _named_by_rules(study: StudyConfig) -> Iterator[tuple[Place, str, str]]:
    if (pair := study.randomised) is not None:
        yield ("randomised", "visit"), "visit", pair.visit
        yield ("randomised", "treatment"), "arm", pair.treatment
        yield ("randomised", "control"), "arm", pair.control
        yield from _each(("randomised", "outcomes"), "outcome", pair.outcomes)
        yield ("randomised", "responder"), "responder", pair.responder
    if (model := study.mixed_model) is not None:
        yield from _each(("mixed_model", "outcomes"), "outcome", model.outcomes)
        yield from _each(("mixed_model", "visits"), "visit", model.visits)
    if (opioids := study.opioids) is not None:
        yield ("opioids", "baseline_visit"), "visit", opioids.baseline_visit
        yield from _each(("opioids", "visits"), "visit", opioids.visits)
    if (use := study.device_use) is not None:
        for arm in use.exposure_start:
            yield ("device_use", "exposure_start", arm), "arm", arm


def _refuse_circles(responders: Iterable[Responder]) -> None:
    """Take away definitions whose parts are settled until none is left or none can be taken."""
    order = [item.id for item in responders]
    open_parts = {item.id: set(item.of) for item in responders}
    while open_parts:
        settled = [name for name, parts in open_parts.items() if not parts & set(open_parts)]
        if not settled:
            name = min(open_parts)
            raise Fault(
                ("responders", order.index(name), "of"),
                f"responder '{name}': definitions are joined in a circle",
            )
        for name in settled:
            del open_parts[name]


def _check_sets(study: StudyConfig) -> None:
    ids = [item.id for item in study.analysis_sets]
    if "safety" not in ids:
        raise Fault(("analysis_sets",), "a set with the id 'safety' is required")
    safety = ids.index("safety")
    for position in {safety, ids.index("itt") if "itt" in ids else 0}:
        if study.analysis_sets[position].attended_visit is not None:
            # Who was lost must stay in the denominators.
            raise Fault(
                ("analysis_sets", position, "attended_visit"),
                f"analysis set '{ids[position]}': the main sets must not ask for a visit",
            )
    if not study.analysis_sets[safety].requires:
        raise Fault(
            ("analysis_sets", safety, "requires"),
            "analysis set 'safety': name the date of first treatment; without one it would hold"
            " people who were never treated",
        )


def _check_visits_after_baseline(study: StudyConfig, order: list[str]) -> None:
    """Check lists of visits: in order, and without the baseline where change is measured."""
    lists: list[tuple[Place, Sequence[str]]] = [
        (("responders", n, "visits"), item.visits or ()) for n, item in enumerate(study.responders)
    ]
    baseline = order[0] if order else ""
    if study.mixed_model is not None:
        lists.append((("mixed_model", "visits"), study.mixed_model.visits))
    if study.opioids is not None:
        lists.append((("opioids", "visits"), study.opioids.visits))
        if study.opioids.baseline_visit in study.opioids.visits:
            position = study.opioids.visits.index(study.opioids.baseline_visit)
            raise Fault(("opioids", "visits", position), "the baseline visit is no later visit")
    if study.randomised is not None:
        lists.append((("randomised", "visit"), (study.randomised.visit,)))
    for place, names in lists:
        if len(order) > 1 and baseline in names:
            at = place if place[-1] == "visit" else (*place, list(names).index(baseline))
            raise Fault(at, f"'{baseline}' is the baseline, from which change is measured")
        if sorted(names, key=order.index) != list(names):
            raise Fault(place, "the visits are not in the order of the section visits")


def _check_randomised(study: StudyConfig) -> None:
    pair = study.randomised
    if pair is None:
        return
    if pair.treatment == pair.control:
        raise Fault(
            ("randomised", "control"),
            f"'{pair.control}' is the treatment arm too; name another arm",
        )
    responder = next(item for item in study.responders if item.id == pair.responder)
    if responder.visits is not None and pair.visit not in responder.visits:
        raise Fault(
            ("randomised", "responder"),
            f"'{pair.responder}' is not reported at the visit '{pair.visit}'; add it to its visits",
        )
