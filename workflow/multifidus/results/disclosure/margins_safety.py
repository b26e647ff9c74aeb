"""Margins of adverse events, device events and narratives."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from multifidus.results.ids import slug

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.results.disclosure.cells import Cells

__all__ = ["link_safety"]

_ANALYSIS = "adverse_events"
_STEM = ("overall", "safety")
_HEADINGS = (
    "serious", "related", "related_device", "related_procedure", "related_stimulation",
    "serious_related", "mild", "moderate", "severe", "worst_mild", "worst_moderate",
    "anticipated", "unanticipated", "fatal",
)  # fmt: skip
_NESTED = (
    ("serious", "serious_related"), ("related", "serious_related"), ("severe", "fatal"),
    ("related", "related_device"), ("related", "related_procedure"),
    ("related", "related_stimulation"), ("serious", "fatal"), ("mild", "worst_mild"),
    ("moderate", "worst_moderate"),
)  # fmt: skip
_REMOVALS = ("explant", "infection_removal")
_COMPARED = {
    "explant": _REMOVALS,
    "hardware_failure": ("lead_fracture", "device_deficiency"),
}


def link_safety(cells: Cells, frame: pd.DataFrame, groups: list[str]) -> None:
    """Declare the margins of the safety analyses.

    Events add up over grades, classes and the terms of a class. People do not, since one can have
    several events: a part is only within its whole.

    Parameters
    ----------
    cells
        The cells of the table; margins are added to it.
    frame
        The table; the label of a term names its class.
    groups
        All together and the arms.
    """
    terms = _terms(frame)
    for group in groups:
        _headings(cells, group)
        for prefix in ("", "serious_", "related_", "severe_"):
            _by_class(cells, group, prefix, terms[prefix])
        _narratives(cells, group)
        _deaths(cells, group)
    _devices(cells)


def _terms(frame: pd.DataFrame) -> dict[str, dict[str, list[str]]]:
    """Return the terms of every class, for all events and for the headings broken down."""
    own = frame[(frame["analysis"] == _ANALYSIS) & (frame["group"] == "all")]
    found: dict[str, dict[str, list[str]]] = {
        name: defaultdict(list) for name in ("", "serious_", "related_", "severe_")
    }
    for outcome, label in dict(zip(own["outcome"], own["label"], strict=True)).items():
        head, term, _ = outcome.partition("pt_")
        if term and head in found and " / " in label:
            words = label.split(": ", 1)[1] if head and ": " in label else label
            found[head][slug(words.split(" / ")[0])].append(outcome)
    return found


def _headings(cells: Cells, group: str) -> None:
    """Grades, anticipation and worst grades divide what happened."""

    def place(outcome: str, what: str) -> int | None:
        return cells.find(_ANALYSIS, outcome, *_STEM, group, what)

    everything = place("any", "events")
    for parts in (("mild", "moderate", "severe"), ("anticipated", "unanticipated")):
        known = [place(one, "events") for one in parts]
        cells.total(everything, known)
        name = "severity_missing" if "mild" in parts else "anticipation_missing"
        cells.total(everything, [*known, place(name, "events")])
    cells.total(place("recorded", "events"), [everything, place("not_emergent", "events")])
    cells.total(
        place("any", "n"), [place(one, "n") for one in ("worst_mild", "worst_moderate", "severe")]
    )
    for heading in _HEADINGS:
        cells.gap(place("any", "n"), place(heading, "n"))
        cells.gap(everything, place(heading, "events"), sensitive=False)
    for whole, part in _NESTED:
        cells.join(place(whole, "n"), place(part, "n"))
        cells.gap(place(whole, "n"), place(part, "n"))
        cells.gap(place(whole, "events"), place(part, "events"), sensitive=False)


def _by_class(cells: Cells, group: str, prefix: str, terms: dict[str, list[str]]) -> None:
    """Events of a heading add up over classes, those of a class over its terms."""

    def place(outcome: str, what: str) -> int | None:
        return cells.find(_ANALYSIS, outcome, *_STEM, group, what)

    heading = prefix.rstrip("_") or "any"
    classes = [f"{prefix}soc_{name}" for name in terms]
    _add_up(cells, place(heading, "events"), [place(name, "events") for name in classes])
    for name, own in zip(classes, terms.values(), strict=True):
        _add_up(cells, place(name, "events"), [place(term, "events") for term in own])
        cells.gap(place(heading, "n"), place(name, "n"))
        if len(own) == 1:
            cells.join(place(name, "n"), place(own[0], "n"))
        for term in own:
            cells.gap(place(name, "n"), place(term, "n"))
            _within(cells, group, prefix, term)
        _within(cells, group, prefix, name)


def _add_up(cells: Cells, whole: int | None, parts: list[int | None]) -> None:
    """Declare a sum, as if the reader knew whether rare classes or terms were left out of it."""
    cells.total(whole, parts)
    cells.rest(whole, parts)


def _within(cells: Cells, group: str, prefix: str, outcome: str) -> None:
    """Serious, related and severe events of a class or term are among all of it."""
    if not prefix:
        return
    whole = outcome.removeprefix(prefix)
    for what in ("n", "events"):
        own = cells.find(_ANALYSIS, outcome, *_STEM, group, what)
        cells.gap(cells.find(_ANALYSIS, whole, *_STEM, group, what), own, sensitive=what == "n")


def _narratives(cells: Cells, group: str) -> None:
    """Narratives describe the events that are counted, and of those before treatment."""
    for what in ("n", "events"):
        told = {
            name: cells.find("narratives", name, *_STEM, group, what)
            for name in ("any", "serious", "related", "serious_related", "death", "explant")
        }
        for name in ("serious", "related", "serious_related", "death"):
            counted = "fatal" if name == "death" else name
            own = cells.find(_ANALYSIS, counted, *_STEM, group, what)
            cells.join(told[name], own)
            cells.gap(told[name], own, sensitive=what == "n")
            cells.gap(told["any"], told[name], sensitive=what == "n")
        cells.gap(told["any"], told["explant"], sensitive=what == "n")
        for whole in ("serious", "related"):
            cells.gap(told[whole], told["serious_related"], sensitive=what == "n")


def _deaths(cells: Cells, group: str) -> None:
    """Who died by the flow, in the events and in the narratives are the same people."""
    died = next(
        (
            cells.find(*key)
            for key in cells.keys()  # noqa: SIM118 - a method of cells, which is no mapping
            if key.analysis == "flow" and key.outcome == "died" and key.group == group
        ),
        None,
    )
    for analysis, outcome in ((_ANALYSIS, "fatal"), ("narratives", "death")):
        own = cells.find(analysis, outcome, *_STEM, group)
        cells.join(died, own)
        cells.gap(died, own)


def _devices(cells: Cells) -> None:
    """Device events are compared with published ones, narrated, and end treatment."""

    def place(analysis: str, outcome: str, what: str = "n") -> int | None:
        return cells.find(analysis, outcome, *_STEM, "all", what)

    removals = [place("device_events", kind) for kind in _REMOVALS]
    for what in ("n", "events"):
        cells.total(
            place("narratives", "explant", what),
            [place("device_events", kind, what) for kind in _REMOVALS],
        )
    for key in list(cells.keys()):
        if key.what != "n" or key.group != "all" or key.population != _STEM[1]:
            continue
        own = cells.find(*key)
        if key.analysis == "device_event_rates":
            cells.join(place("device_events", key.outcome), own)
        if key.analysis == "comparison":
            _compared(cells, key.outcome, own)
        if key.analysis == "flow" and key.outcome == "treatment_ended" and None not in removals:
            cells.total(own, removals)
    told = (key.group for key in cells.keys() if key.analysis == "narratives")  # noqa: SIM118
    for group in dict.fromkeys(told):
        ended = next(
            (
                cells.find(*key)
                for key in cells.keys()  # noqa: SIM118
                if key.outcome == "treatment_ended" and key.group == group
            ),
            None,
        )
        cells.join(ended, cells.find("narratives", "explant", *_STEM, group))


def _compared(cells: Cells, event: str, own: int | None) -> None:
    """Link what is compared with published counts to the kinds and terms it is made of."""

    def place(analysis: str, outcome: str) -> int | None:
        return cells.find(analysis, outcome, *_STEM, "all", "n")

    kinds = [place("device_events", one) for one in _COMPARED.get(event, ())]
    cells.total(own, kinds)
    for kind in kinds:
        cells.gap(own, kind)
    cells.join(place("device_events", event), own)
    if event == "any_complication":
        cells.join(place(_ANALYSIS, "related"), own)
    words = set(event.split("_")) - {"site", "lead"}
    for key in list(cells.keys()):
        term = key.outcome.startswith("pt_") and words & set(key.outcome.split("_"))
        if term and key.analysis == _ANALYSIS and key.group == "all" and key.what == "n":
            cells.join(own, cells.find(*key))
