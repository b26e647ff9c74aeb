"""What a reader can add up or subtract: the margins that every analysis shares, and the flow."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from multifidus.results.disclosure.margins_outcomes import link_opioids, link_outcomes
from multifidus.results.disclosure.margins_safety import link_safety

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from multifidus.results.disclosure.cells import Cells, Key

__all__ = ["link_margins", "timed"]

ALL = "all"
_CLOCK = re.compile(r"^(month|year)(\d+)$")
_MONTHS = {"month": 1, "year": 12}
"""Months that a step of a visit's number takes."""
_FLOW_OF = {"completers": "set_completers", "lost": "outside_completers"}
"""Groups compared to their count in the flow."""
_ABSORBING = ("died", "explanted", "withdrew", "lost_to_follow_up")
"""Reasons of a missed visit that no later visit ends."""


def link_margins(cells: Cells, frame: pd.DataFrame) -> None:
    """Declare every margin of a results table.

    Relations of meaning that the data contradict (a total over categories that overlap, a part
    larger than its whole) are left out: a reader cannot use them either.

    Parameters
    ----------
    cells
        The cells of the table; margins are added to it.
    frame
        The table; the labels of terms name their class.
    """
    arms = _arms(cells)
    _sizes(cells, arms)
    link_outcomes(cells, [ALL, *arms])
    link_opioids(cells)
    link_safety(cells, frame, [ALL, *arms])
    _by_arm(cells, arms)
    _flow(cells, [ALL, *arms])
    _people(cells, arms)
    _device_use(cells)
    _over_time(cells)
    _parts(cells)


def _arms(cells: Cells) -> list[str]:
    """Return the arms: the groups beside all of the analyses that report every arm."""
    found: dict[str, None] = {}
    for key in cells.keys():  # noqa: SIM118 - a method of cells, which is no mapping
        if key.analysis in ("flow", "adverse_events", "baseline") and key.group != ALL:
            found[key.group] = None
    return list(found)


def _sizes(cells: Cells, arms: list[str]) -> None:
    """Join equal denominators of a group; who is not in a denominator is a number of people too."""
    sizes: dict[tuple[str, int], int] = {}
    largest: dict[str, int] = {}
    keys = [key for key in cells.keys() if key.what == "N"]  # noqa: SIM118
    for key in keys:
        place = cells.find(*key)
        if place is None:
            continue
        group = key.group if key.group in arms else ALL
        whole = key.analysis in ("flow", "adverse_events", "baseline", "narratives")
        if whole:
            cells.join(sizes.setdefault((group, cells.value(place)), place), place)
            if cells.value(place) >= cells.value(largest.setdefault(group, place)):
                largest[group] = place
    seen: set[tuple[int, int]] = set()
    for key in keys:
        group = key.group if key.group in arms else ALL
        place, size = cells.find(*key), largest.get(group)
        if place is None or size is None:
            continue
        cells.join(size, place)
        pair = (cells.root(size), cells.root(place))
        if pair not in seen:
            seen.add(pair)
            cells.gap(*pair)


def _by_arm(cells: Cells, arms: list[str]) -> None:
    """All is the sum of the arms, for every number that both are given for."""
    for key in list(cells.keys()):
        if key.group == ALL and arms:
            cells.total(cells.find(*key), [cells.find(*key._replace(group=arm)) for arm in arms])


def _parts(cells: Cells) -> None:
    """Declare that people counted are among the denominator and no more than their events."""
    seen: set[tuple[int, int, str]] = set()
    for key in list(cells.keys()):
        own = cells.find(*key)
        other = "N" if key.what == "n" or key.what.startswith("n_") else "n"
        if own is None or key.what == "N":
            continue
        place = cells.find(*key._replace(what=other))
        if place is None or (pair := (own, place, other)) in seen:
            continue
        seen.add(pair)
        if other == "N":
            cells.gap(place, own)
        else:
            cells.gap(own, place, sensitive=False)


def _flow(cells: Cells, groups: list[str]) -> None:
    """Reasons add to their total, and what happened and what did not add to everybody."""
    stages: dict[tuple[str, str, str], dict[str, Key]] = defaultdict(dict)
    for key in list(cells.keys()):
        if key.analysis == "flow" and key.what == "n":
            stages[key.visit, key.population, key.group][key.outcome] = key
    for (visit, population, group), own in stages.items():
        place = {name: cells.find(*key) for name, key in own.items()}
        everyone = place.get("randomised") or cells.find(
            "flow", "randomised", "overall", population, group
        )
        for head in ("missed", "discontinued", "not_treated", "screen_failure"):
            reasons = [at for name, at in place.items() if name.startswith(f"{head}_")]
            cells.total(place.get(head), reasons)
        cells.total(everyone, [place.get("attended"), place.get("missed")])
        cells.total(everyone, [place.get("completed"), place.get("discontinued")])
        cells.total(everyone, [place.get("treated"), place.get("not_treated")])
        cells.total(place.get("screened"), [everyone, place.get("screen_failure")])
        for name in list(place):
            if name.startswith("set_"):
                outside = place.get(name.replace("set_", "outside_", 1))
                cells.total(everyone, [place[name], outside])
        if visit != "overall":
            continue
        cells.join(place.get("died"), place.get("discontinued_died"))
        cells.gap(place.get("died"), place.get("discontinued_died"))
        for ended in ("treatment_ended", "discontinued_explanted"):
            cells.gap(everyone, place.get(ended))
        cells.join(place.get("treatment_ended"), place.get("discontinued_explanted"))
    _absorbing(cells, groups)


def _absorbing(cells: Cells, groups: list[str]) -> None:
    """Who died or left for good by one visit is among those who had by the next."""
    visits = list(
        dict.fromkeys(key.visit for key in cells.keys() if key.outcome == "attended")  # noqa: SIM118
    )
    visits.sort(key=_rank)
    population = next((key.population for key in cells.keys() if key.analysis == "flow"), "")  # noqa: SIM118
    for group in groups:
        for reason in _ABSORBING:
            places = [
                cells.find("flow", f"missed_{reason}", visit, population, group) for visit in visits
            ]
            known = [place for place in places if place is not None]
            for earlier, later in pairwise(known):
                cells.join(earlier, later)
                cells.gap(later, earlier)
            if known:
                end = cells.find("flow", f"discontinued_{reason}", "overall", population, group)
                cells.join(end, known[-1])
                cells.gap(end, known[-1])


def _rank(visit: str) -> tuple[float, str]:
    """Order visits by the time that their ids name."""
    found = re.match(r"^([a-z]+)(\d+)$", visit)
    days = {"d": 1, "w": 7, "m": 30, "y": 365}
    return (days.get(found[1][:1], 1000) * int(found[2]), visit) if found else (-1.0, visit)


def _people(cells: Cells, arms: list[str]) -> None:
    """Parts that make up a whole under other groups: sexes, completers, subgroups, thirds."""
    for key in list(cells.keys()):
        own = cells.find(*key)
        if key.analysis == "baseline" and key.outcome == "participants" and key.what == "n":
            sexes = [
                one
                for one in ("sex_female", "sex_male", "sex_unknown")
                if key._replace(outcome=one) in cells
            ]
            cells.total(own, [cells.find(*key._replace(outcome=one)) for one in sexes])
        if key.group == "completers_vs_lost":
            parts = ("completers", "lost")
            cells.total(own, [cells.find(*key._replace(group=one)) for one in parts])
        if key.group in ("slope", "spearman"):
            thirds = ("third1", "third2", "third3")
            cells.total(own, [cells.find(*key._replace(group=one)) for one in thirds])
    _completers(cells, arms)
    _subgroups(cells)


def _completers(cells: Cells, arms: list[str]) -> None:
    """Completers are an analysis set of the flow; what they share with baseline is joined."""
    inside = next((key for key in cells.keys() if key.group == "completers"), None)  # noqa: SIM118
    if inside is None:
        return
    for key in [key for key in cells.keys() if key.analysis == "completers"]:  # noqa: SIM118
        own = cells.find(*key)
        if key.what == "N" and key.group in ("completers", "lost"):
            flow = "set_completers" if key.group == "completers" else "outside_completers"
            cells.join(cells.find("flow", flow, "overall", key.population, ALL), own)
            attended = "attended" if key.group == "completers" else "missed"
            cells.join(cells.find("flow", attended, key.visit, key.population, ALL), own)
        if key.group == "completers_vs_lost" and key.what == "n":
            for analysis, outcome in (("baseline", key.outcome), ("opioids", "users")):
                cells.join(cells.find(analysis, outcome, "baseline", key.population, ALL), own)
        for arm in arms:
            if key.outcome == f"arm_{arm}" and key.what == "n":
                name = _FLOW_OF.get(key.group, "randomised")
                cells.join(cells.find("flow", name, "overall", key.population, arm), own)


def _subgroups(cells: Cells) -> None:
    """Declare that the two sides of a comparison are everybody with the value."""
    pairs = {
        "age": ("younger", "older"),
        "sex": ("female", "male"),
        "opioids": ("opioid_users", "no_opioids"),
        "arm": ("control", "treatment"),
    }
    for key in [key for key in cells.keys() if key.analysis == "subgroup"]:  # noqa: SIM118
        name, _, rest = key.group.partition("_")
        if rest == "interaction" and name in pairs:
            sides = [cells.find(*key._replace(group=side)) for side in pairs[name]]
            cells.total(cells.find(*key), sides)


def _device_use(cells: Cells) -> None:
    """Continuers are among the exposed, and the bounds of a count enclose it."""
    for key in [key for key in cells.keys() if key.analysis == "device_use"]:  # noqa: SIM118
        own = cells.find(*key)
        if key.population == "continuers" and key.what in ("n", "N"):
            cells.gap(cells.find(*key._replace(population="exposed")), own)
            if key.what == "N":
                part = cells.find("device_use", "continued", key.visit, "exposed", ALL)
                cells.join(part, own)
        if key.outcome.endswith("_lower") and key.what == "n":
            upper = cells.find(*key._replace(outcome=key.outcome.replace("_lower", "_upper")))
            middle = cells.find(*key._replace(outcome=key.outcome.removesuffix("_lower")))
            cells.gap(middle, own)
            cells.gap(upper, middle)
        if key.outcome == "observed" and key.what == "n":
            month = cells.find("device_use", "utilisation", key.visit, "exposed", ALL, "N")
            cells.gap(month, own)


def timed(visits: Iterator[str]) -> list[str]:
    """Return the visits that are months or years since the start, in order."""
    found = {}
    for visit in visits:
        if match := _CLOCK.match(visit):
            found[visit] = _MONTHS[match[1]] * int(match[2])
    return sorted(found, key=lambda visit: (found[visit], visit))


def _over_time(cells: Cells) -> None:
    """Join equal numbers of a period; chain people at risk: who is there later was before."""
    at_risk: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    for key in list(cells.keys()):
        place = cells.find(*key)
        if place is None or not _CLOCK.match(key.visit):
            continue
        curve = key.outcome.startswith("persistence")
        if key.analysis == "device_use" and not curve:
            if key.outcome == "observed" or (key.outcome.startswith("continued")):
                continue
            first = at_risk["use", key.population].setdefault(key.visit, place)
            cells.join(first, place)
            cells.gap(first, place)
        elif key.what == "n":
            analysis = "kaplan_meier" if key.analysis == "incidence" else key.analysis
            name = (analysis, key.outcome, key.population, key.group)
            cells.join(at_risk[name].setdefault(key.visit, place), place)
    at_risk.pop(("use", "continuers"), None)
    for own in at_risk.values():
        for earlier, later in pairwise(timed(iter(own))):
            cells.join(own[earlier], own[later])
            cells.gap(own[earlier], own[later])
