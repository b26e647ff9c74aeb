"""Margins of the outcomes: who was seen, responded, moved between states and took opioids."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multifidus.results.disclosure.cells import Cells, Key

__all__ = ["link_opioids", "link_outcomes"]

_ALL = "all"
_STEP = re.compile(r"^(?P<head>.*_ge)(?P<step>\d+)$")
_BOTH = re.compile(r"^(?P<a>[a-z]+)(?P<x>\d+)_(?P<how>and|or)_(?P<b>[a-z]+)(?P<y>\d+)(?P<rest>.*)$")
_OF_VALUES = frozenset(
    {"change", "level", "percent_change", "signed_rank", "mmrm", "responder_mi", "tipping_point"}
    | {f"change_{how}" for how in ("bocf", "j2b", "j2r", "locf", "mi", "worst_case")}
    | {"difference_ancova", "exposure_response"}
)
"""Analyses whose n is the people with a value at the visit."""
_OF_PEOPLE = frozenset({"responder", "responder_wald", "cumulative", "pareto", "profile"})
"""Analyses whose N is the people with a value at the visit."""
_RESPONSES = ("responder", "responder_wald", "responder_nri", "cumulative")
_STATES = ("responder", "non_responder", "not_seen")
_CATEGORIES = ("decreased", "discontinued", "increased", "unchanged")
_USES = ("user", "non_user", "not_seen")


def link_outcomes(cells: Cells, groups: list[str]) -> None:
    """Declare the margins of outcomes, responder definitions and their states.

    Parameters
    ----------
    cells
        The cells of the table; margins are added to it.
    groups
        All together and the arms.
    """
    _seen(cells, groups)
    _values(cells)
    _responses(cells)
    _transitions(cells)
    _durability(cells)
    _classes(cells)


def _group_of(key: Key, groups: list[str]) -> str | None:
    """Return the group of people that a cell rests on; none for a part of a group."""
    if key.group in groups:
        return key.group
    whole = key.group in ("slope", "spearman") or key.group.endswith(
        ("_interaction", "_vs_control")
    )
    return _ALL if whole else None


def _seen(cells: Cells, groups: list[str]) -> None:
    """Join equal numbers of people with a value; the others were seen and did not answer."""
    families: dict[tuple[str, str, str, str], dict[int, int]] = defaultdict(dict)
    attended: dict[tuple[str, str], int] = {}
    outcomes = {key.outcome for key in cells.keys() if key.analysis == "level"}  # noqa: SIM118
    for key in list(cells.keys()):
        group = _group_of(key, groups)
        place = cells.find(*key)
        if group is None or place is None:
            continue
        if key.analysis == "flow" and key.outcome == "attended" and key.what == "n":
            attended[key.visit, group] = place
        if not _counts_values(key):
            continue
        outcome = re.split(r"[_0-9]", key.outcome, maxsplit=1)[0]
        outcome = outcome if outcome in outcomes and not _BOTH.match(key.outcome) else key.outcome
        if key.analysis in ("pareto", "profile"):
            outcome = "eq5d"
        people = key.population if key.population == "completers" else ""
        own = families[key.visit, group, people, outcome]
        cells.join(own.setdefault(cells.value(place), place), place)
    for (visit, group, people, outcome), own in families.items():
        everybody = families.get((visit, group, "", outcome), {})
        for place in own.values():
            cells.gap(attended.get((visit, group)), place)
            if people:
                cells.join(everybody.get(cells.value(place)), place)


def _counts_values(key: Key) -> bool:
    """Say whether a cell is the number of people with a value of an outcome at a visit."""
    if key.what == "n":
        return (
            key.analysis in _OF_VALUES
            or key.analysis == "subgroup"
            or (key.analysis == "profile" and key.outcome == "level_sum")
            or (key.analysis == "flow" and key.outcome.endswith("_answered"))
        )
    return key.what == "N" and key.analysis in (*_OF_PEOPLE, "exposure_response")


def _values(cells: Cells) -> None:
    """Declare that a change needs a value, and that completers are some of all."""
    for key in list(cells.keys()):
        if key.what != "n" or key.analysis not in _OF_VALUES:
            continue
        own = cells.find(*key)
        cells.gap(cells.find(*key._replace(analysis="level")), own)
        if key.population == "completers":
            cells.gap(cells.find(*key._replace(population="observed")), own)


def _responses(cells: Cells) -> None:
    """One definition gives one count; a higher cut is met by some of those who meet a lower one."""
    chains: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for key in list(cells.keys()):
        if key.analysis not in (*_RESPONSES, "profile") or key.what != "n":
            continue
        own = cells.find(*key)
        if own is None:
            continue
        _same_responses(cells, key, own)
        if key.population == "completers":
            cells.gap(cells.find(*key._replace(population="observed")), own)
        if found := _STEP.match(key.outcome):
            stem = (key.analysis, found["head"], key.visit, key.population, key.group)
            chains[stem].append((int(found["step"]), own))
        if found := _BOTH.match(key.outcome):
            _both(cells, key, found)
        if key.outcome.endswith("_severe"):
            milder = key._replace(outcome=key.outcome.replace("_severe", "_any"))
            cells.gap(cells.find(*milder), own)
    for chain in chains.values():
        for (_, lower), (_, higher) in pairwise(sorted(chain)):
            cells.join(lower, higher)
            cells.gap(lower, higher)


def _same_responses(cells: Cells, key: Key, own: int) -> None:
    """Join a count of responders to its twins of other methods and populations."""
    if key.population not in ("observed", "itt"):
        return
    for other in _RESPONSES:
        for population in ("observed", "itt"):
            twin = key._replace(analysis=other, population=population)
            cells.join(cells.find(*twin), own)


def _both(cells: Cells, key: Key, found: re.Match[str]) -> None:
    """Link "both" and "either" to each other and to the two single definitions."""
    own = cells.find(*key)
    parts = [
        cells.find(*key._replace(outcome=f"{found[name]}_ge{found[step]}"))
        for name, step in (("a", "x"), ("b", "y"))
    ]
    both = cells.find(*key._replace(outcome=key.outcome.replace("_or_", "_and_", 1)))
    if found["how"] == "and":
        for part in parts:
            cells.gap(part, own)
        return
    if found["rest"]:
        plain = key.outcome.removesuffix(found["rest"])
        cells.gap(cells.find(*key._replace(outcome=plain)), own)
        return
    for part in parts:
        cells.gap(own, part)
    cells.gap(own, both)
    cells.balance([own, both], parts)


def _transitions(cells: Cells) -> None:
    """Every state is reached from, and left for, the three states."""
    links: dict[tuple[str, str], dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for key in list(cells.keys()):
        if key.analysis == "transition" and key.what == "n":
            place = cells.find(*key)
            if place is not None:
                links[key.outcome, key.population][key.visit][key.group] = place
    for (outcome, population), visits in links.items():
        order = sorted(visits)
        for visit in order:
            own = visits[visit]
            everyone = cells.find("transition", outcome, visit, population, next(iter(own)), "N")
            cells.total(everyone, own.values())
            here = ("responder", outcome, visit, "observed", _ALL)
            cells.total(cells.find(*here), _to(own, "responder"))
            cells.total(
                cells.find(*here, "N"), [*_to(own, "responder"), *_to(own, "non_responder")]
            )
        index = ("responder", outcome, _before(order[0]), "observed", _ALL)
        cells.total(cells.find(*index), _from(visits[order[0]], "responder"))
        for earlier, later in pairwise(order):
            for state in _STATES:
                cells.balance(_to(visits[earlier], state), _from(visits[later], state))
        first = visits[order[0]]
        kept = ("durability", outcome, order[0], "observed", _ALL)
        cells.join(cells.find(*kept), first.get("responder_to_responder"))
        cells.total(
            cells.find(*kept, "N"),
            [first.get("responder_to_responder"), first.get("responder_to_non_responder")],
        )


def _before(visit: str) -> str:
    """Return the id of the yearly visit before one."""
    return f"y{int(visit[1:]) - 1}" if re.match(r"^y\d+$", visit) else ""


def _to(links: dict[str, int], state: str) -> list[int]:
    return [place for name, place in links.items() if name.endswith(f"_to_{state}")]


def _from(links: dict[str, int], state: str) -> list[int]:
    return [place for name, place in links.items() if name.startswith(f"{state}_to_")]


def _durability(cells: Cells) -> None:
    """Responders of the first year are followed: some are seen, some of these still respond."""
    for key in list(cells.keys()):
        if key.analysis not in ("durability", "durability_difference"):
            continue
        own = cells.find(*key)
        if key.analysis == "durability" and key.what == "n":
            cells.join(cells.find(*key._replace(analysis="durability_nri", population="itt")), own)
            cells.gap(cells.find(*key._replace(analysis="responder")), own)
        if key.analysis == "durability" and key.what == "N":
            started = key._replace(analysis="durability_nri", population="itt")
            cells.gap(cells.find(*started), own)
            index = cells.find("responder", key.outcome, "y1", "observed", _ALL)
            cells.join(index, cells.find(*started))
            cells.gap(cells.find(*key._replace(analysis="durability_difference", what="n")), own)
            if key.visit != "overall":
                ever = key._replace(visit="overall")
                cells.gap(own, cells.find(*ever))
                cells.gap(cells.find(*key._replace(what="n")), cells.find(*ever._replace(what="n")))
        if key.analysis == "durability_difference" and key.what == "n":
            cells.gap(cells.find(*key._replace(analysis="responder", what="N")), own)
            cells.join(cells.find(*key._replace(analysis="durability_exact")), own)


def _classes(cells: Cells) -> None:
    """Declare that the five classes of a change of the profile are everybody classified."""
    names = ("improved", "mixed", "no_change", "no_problems", "worsened")
    for key in list(cells.keys()):
        if key.analysis == "pareto" and key.what == "N" and key.outcome == names[0]:
            parts = [cells.find(*key._replace(outcome=one, what="n")) for one in names]
            cells.total(cells.find(*key), parts)


def link_opioids(cells: Cells) -> None:
    """Declare the margins of opioid use: its links, its categories and its courses."""
    links: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    population = ""
    for key in list(cells.keys()):
        if key.analysis == "opioid_transition" and key.what == "n":
            population = key.population
            place = cells.find(*key)
            if place is not None:
                links[key.outcome, key.visit][key.group] = place
    for (outcome, visit), own in links.items():
        everyone = cells.find("opioid_transition", outcome, visit, population, next(iter(own)), "N")
        cells.total(everyone, own.values())
        if outcome not in ("category", "use"):
            _from_baseline(cells, visit, own, population)
            continue
        before = links.get((outcome, _before(visit)), {})
        first = links.get(("use_from_baseline", visit), {}) if outcome == "use" else {}
        for state in _USES if outcome == "use" else (*_CATEGORIES, "not_seen"):
            cells.balance(_to(before, state), _from(own, state))
            cells.balance(_to(own, state), _to(first, state))
            if outcome == "category":
                here = cells.find("opioids", state, visit, "observed", _ALL)
                cells.total(here, _to(own, state))
    _categories(cells)
    _courses(cells, links)


def _from_baseline(cells: Cells, visit: str, own: dict[str, int], population: str) -> None:
    """Link use at a visit, by use at baseline, to the counts of users."""
    users = cells.find("opioids", "users", "baseline", population, _ALL)
    cells.total(users, _from(own, "user"))
    seen = [own.get("user_to_user"), own.get("user_to_non_user")]
    cells.total(cells.find("opioids", "users", visit, "observed", _ALL), seen)
    cells.join(
        cells.find("opioids", "discontinued", visit, "observed", _ALL), own.get("user_to_non_user")
    )
    started = ("opioids", "started", visit, "observed", _ALL)
    cells.join(cells.find(*started), own.get("non_user_to_user"))
    cells.total(
        cells.find(*started, "N"), [own.get("non_user_to_user"), own.get("non_user_to_non_user")]
    )


def _categories(cells: Cells) -> None:
    """Declare that four categories are the users seen, two of them those with less."""
    parts = _CATEGORIES
    for key in list(cells.keys()):
        if key.analysis not in ("opioids", "mmrm") or key.what not in ("n", "N"):
            continue
        own = cells.find(*key)
        users = cells.find("opioids", "users", key.visit, "observed", _ALL)
        if key.outcome == "users" and key.what == "n":
            cells.total(own, [cells.find(*key._replace(outcome=one)) for one in parts])
        if key.outcome == "eliminated_or_reduced" and key.what == "n":
            cells.total(own, [cells.find(*key._replace(outcome=one)) for one in parts[:2]])
        if key.outcome.startswith("mme") and key.what == "n":
            cells.join(users, own)
            cells.gap(users, own)
        if key.outcome.startswith("mme") and key.what == "N":
            before = cells.find("opioids", "users", "baseline", "itt", _ALL)
            cells.join(before, own)
            cells.gap(before, own)
        if key.what == "N" and key.outcome in (*parts, "eliminated_or_reduced", "users"):
            cells.join(users, own)


def _courses(cells: Cells, links: dict[tuple[str, str], dict[str, int]]) -> None:
    """Everybody seen at a visit was at risk of one thing; the first visit repeats the links."""
    names = ("stopped", "restarted", "started")
    visits = sorted({visit for outcome, visit in links if outcome == "use"})
    for visit in visits:
        stem = {name: ("opioid_course", name, visit, "observed", _ALL) for name in names}
        own = links["use", visit]
        users = _to(own, "user")
        seen = [*users, *_to(own, "non_user")]
        cells.balance([cells.find(*stem[name], "N") for name in names], seen)
        here = {name: cells.find(*stem[name]) for name in names}
        stayed = cells.find(*stem["stopped"], "N")
        # Users are who did not stop, who restarted and who started.
        cells.balance([stayed, here["restarted"], here["started"]], [here["stopped"], *users])
        if visit == visits[0]:
            cells.join(here["stopped"], own.get("user_to_non_user"))
            cells.join(here["started"], own.get("non_user_to_user"))
        else:
            cells.gap(here["stopped"], own.get("user_to_non_user"))
    for name in names:
        places = [cells.find("opioid_course", name, one, "observed", _ALL) for one in visits]
        ever = cells.find("opioid_course", name, "overall", "observed", _ALL)
        for place in places:
            cells.gap(ever, place)
    for first, second in combinations(visits, 2):
        earlier = cells.find("opioid_course", "started", first, "observed", _ALL, "N")
        cells.gap(
            earlier,
            cells.find("opioid_course", "started", second, "observed", _ALL, "N"),
            sensitive=False,
        )
