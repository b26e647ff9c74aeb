"""Try to find hidden counts from all that a results table shows.

The attack reads the published table alone and knows what ids mean: arms add up to all, reasons to
their total, states to everybody, classes to all events, parts lie within their whole, twins of one
count are one number, and a share gives its count away. It shares no code with the protection. For
every hidden count, and for every small number of people left out of a shown one, it computes the
least and the largest whole number that fit, with HiGHS.

The unprotected rows serve to drop relations that the data contradict and to say which complements
are small; no bound rests on them.

Run it with ``python benchmarks/attack_disclosure.py RESULTS --minimum 5`` on a run's folder.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

STEM = ["analysis", "outcome", "visit", "population", "group"]
WANTED = 3
TWINS = (
    {"responder", "responder_wald", "responder_nri"},
    {"level"},
    {"change"},
    {"durability", "durability_nri"},
    {"kaplan_meier", "incidence"},
)
WITHIN = (("serious", "serious_related"), ("related", "serious_related"), ("serious", "fatal"))
Key = tuple[str, ...]


class Attack:
    """Counts by id, what is shown of them, and the relations that their names imply."""

    def __init__(self, shown: pd.DataFrame, truth: pd.DataFrame) -> None:
        self.low: dict[Key, float] = {}
        self.high: dict[Key, float] = {}
        self.truth: dict[Key, int] = {}
        self.rows: list[tuple[dict[Key, int], bool]] = []
        self.dropped = 0
        self.names: dict[str, dict[str, set[str]]] = {
            name: defaultdict(set) for name in ("shown", "truth")
        }
        self._read(shown, truth.set_index("result_id"))

    def complete(self, prefix: str) -> bool:
        """Say whether all outcomes of a prefix are shown: else their sum is at most the whole."""
        return self.names["shown"][prefix] == self.names["truth"][prefix]

    def _read(self, shown: pd.DataFrame, truth: pd.DataFrame) -> None:
        for name, frame in (("shown", shown), ("truth", truth)):
            for outcome in frame["outcome"].unique():
                head, found, _ = str(outcome).partition("soc_")
                if found:
                    self.names[name][head + found].add(outcome)
        for row in shown[shown["population"] != "published"].itertuples(index=False):
            stem = tuple(str(getattr(row, name)) for name in STEM)
            true = truth.loc[row.result_id]
            kind = "events" if row.statistic == "events" else "n"
            if kind == "n" and pd.notna(true["n"]) and int(true["n"]) != truth_n(truth, stem):
                kind = f"n:{row.statistic}"
            for name, column in ((kind, "n"), ("N", "N")):
                if pd.notna(true[column]):
                    self.truth[*stem, name] = int(true[column])
                    self._see((*stem, name), getattr(row, column), str(row.method))

    def _see(self, key: Key, value: float, method: str) -> None:
        """Note what a row tells of a count: the number, a range, or that it is not none."""
        low, high = 1.0, math.inf
        mark = method.partition("suppressed: ")[2]
        if pd.notna(value):
            low = high = float(value)
        elif key[5] != "N" and " to " in mark:
            low, high = (float(part) for part in mark.split(" to "))
        self.low[key] = max(low, self.low.get(key, 0.0))
        self.high[key] = min(high, self.high.get(key, math.inf))

    def equal(self, *sides: tuple[list[Key], list[Key]]) -> None:
        """Note that two sums are equal."""
        for left, right in sides:
            self.add(left, right, exact=True)

    def within(self, part: Key, whole: Key) -> None:
        """Note that a part is no larger than its whole."""
        self.add([whole], [part], exact=False)

    def add(self, left: list[Key], right: list[Key], *, exact: bool) -> None:
        """Note that a sum equals another, or is at least as large."""
        if not left or not right or any(key not in self.low for key in (*left, *right)):
            return
        terms: dict[Key, int] = defaultdict(int)
        for key in left:
            terms[key] += 1
        for key in right:
            terms[key] -= 1
        rest = sum(self.truth[key] * by for key, by in terms.items())
        if (exact and rest != 0) or rest < 0:
            self.dropped += 1
            return
        self.rows.append(({key: by for key, by in terms.items() if by}, exact))

    def bounds(self, aims: list[dict[Key, int]]) -> list[tuple[float, float]]:
        """Return the least and largest whole value of every aim."""
        keys = sorted(
            {key for terms, _ in self.rows for key in terms} | {k for a in aims for k in a}
        )
        place = {key: number for number, key in enumerate(keys)}
        free = np.array([self.low[key] < self.high[key] for key in keys])
        data = [
            (row, place[key], by) for row, (terms, _) in enumerate(self.rows)
            for key, by in terms.items()
        ]  # fmt: skip
        rows, columns, factors = (np.array(part) for part in zip(*data, strict=True))
        matrix = sparse.csr_array((factors, (rows, columns)), (len(self.rows), len(keys)))
        fixed = np.array([0.0 if f else self.low[k] for k, f in zip(keys, free, strict=True)])
        rest = -(matrix @ fixed)
        upper = np.array([0.0 if exact else np.inf for _, exact in self.rows]) + rest
        open_matrix = matrix[:, free]
        spot = {key: i for i, key in enumerate(k for k, f in zip(keys, free, strict=True) if f)}
        links = open_matrix.T @ open_matrix
        links = abs(links) + _tied(aims, spot, links.shape)
        _, label = connected_components(links, directed=False)
        answers = []
        low = np.array([self.low[key] for key in spot])
        high = np.array([self.high[key] for key in spot])
        for aim in aims:
            known = sum(self.low[key] * by for key, by in aim.items() if key not in spot)
            loose = {spot[key]: by for key, by in aim.items() if key in spot}
            if not loose:
                answers.append((known, known))
                continue
            own = np.flatnonzero(label == label[next(iter(loose))])
            lines = np.flatnonzero(abs(open_matrix[:, own]).sum(axis=1))
            part = open_matrix[lines][:, own]
            cost = np.zeros(len(own))
            for at, by in loose.items():
                cost[np.searchsorted(own, at)] = by
            ends = [
                _optimum(sign * cost, part, (rest[lines], upper[lines]), (low[own], high[own]))
                for sign in (1, -1)
            ]
            answers.append((known + ends[0], known - ends[1]))
        return answers


def truth_n(truth: pd.DataFrame, stem: Key, _cache: dict[Key, int] = {}) -> int:  # noqa: B006
    """Return the n that most statistics of a stem carry."""
    if not _cache:
        own = truth[truth["n"].notna() & (truth["statistic"] != "events")]
        for key, group in own.groupby(STEM, sort=False)["n"]:
            _cache[tuple(map(str, key))] = int(group.mode().max())
    return _cache.get(stem, -1)


def _tied(
    aims: list[dict[Key, int]], spot: dict[Key, int], shape: tuple[int, int]
) -> sparse.csr_array:
    pairs = [
        (spot[a], spot[b]) for aim in aims for a, b in pairwise(aim) if a in spot and b in spot
    ]
    if not pairs:
        return sparse.csr_array(shape)
    first, second = (np.array(part) for part in zip(*pairs, strict=True))
    return sparse.csr_array((np.ones(len(first)), (first, second)), shape)


def _optimum(
    cost: np.ndarray, matrix: sparse.csr_array, sides: tuple[np.ndarray, ...],
    box: tuple[np.ndarray, ...],
) -> float:  # fmt: skip
    """Return the least value of a sum; minus infinity where it has none."""
    found = milp(
        cost,
        constraints=LinearConstraint(matrix, *sides) if matrix.shape[0] else None,
        bounds=Bounds(*box),
        integrality=np.ones(len(cost)),
    )
    if found.status == 2:
        raise SystemExit("the relations contradict what is shown")
    return float(found.fun) if found.x is not None else -math.inf


def relate(attack: Attack) -> None:
    """Add every relation that the names of the ids imply."""
    keys = list(attack.low)
    stems = defaultdict(set)
    for key in keys:
        stems[key[:3] + key[3:4] + key[5:]].add(key[4])
    arms = {key[4] for key in keys if key[0] in ("flow", "adverse_events") and key[4] != "all"}
    for parts, groups in stems.items():
        if "all" in groups and arms <= groups:
            whole = (*parts[:4], "all", *parts[4:])
            attack.equal(([whole], [(*parts[:4], arm, *parts[4:]) for arm in sorted(arms)]))
    for key in keys:
        if key[5] == "n":
            attack.within(key, (*key[:5], "N"))
            attack.within(key, (*key[:5], "events"))
        _twins(attack, key)
    _flow(attack, keys)
    _events(attack, keys)
    _states(attack, keys)
    _time(attack, keys)


def _twins(attack: Attack, key: Key) -> None:
    """Equate what different analyses call one count."""
    for family in (family for family in TWINS if key[0] in family):
        for other in family - {key[0]}:
            for people in ("observed", "itt"):
                twin = (other, *key[1:3], people, *key[4:])
                if attack.truth.get(twin) == attack.truth[key]:
                    attack.equal(([key], [twin]))
    if key[0] == "narratives":
        name = {"death": "fatal"}.get(key[1], key[1])
        attack.within(("adverse_events", name, *key[2:]), key)
    if key[0] == "device_events":
        for other in ("device_event_rates", "comparison"):
            attack.equal(([key], [(other, *key[1:])]))


def _flow(attack: Attack, keys: list[Key]) -> None:
    groups = defaultdict(dict)
    for key in keys:
        if key[0] == "flow" and key[5] == "n":
            groups[key[2:]][key[1]] = key
    for stem, own in groups.items():
        overall = ("flow", "randomised", "overall", *stem[1:])
        everyone = [overall] if overall in attack.low else []
        size = ("flow", next(iter(own)), *stem[:-1], "N")
        for name, key in own.items():
            attack.within(key, size)
            children = [one for other, one in own.items() if other.startswith(f"{name}_")]
            attack.equal(([key], children))
        for first, second in (
            ("attended", "missed"), ("completed", "discontinued"), ("treated", "not_treated"),
        ):  # fmt: skip
            pair = [own[name] for name in (first, second) if name in own]
            if len(pair) == 2:
                attack.equal(([size], pair), (everyone, pair))
        for name in [name for name in own if name.startswith("set_")]:
            pair = [own[name], own.get("outside_" + name[4:], ())]
            attack.equal((everyone, pair), ([size], pair))


def _parts(attack: Attack, own: list[Key]) -> None:
    """Put serious, related and severe events within all of the same name."""
    for key in own:
        for head in ("serious", "related", "severe"):
            if key[1].startswith(f"{head}_"):
                attack.within(key, (key[0], key[1].removeprefix(f"{head}_"), *key[2:]))
                attack.within(key, (key[0], head, *key[2:]))
        if key[1] not in ("any", "not_emergent", "recorded"):
            attack.within(key, (key[0], "any", *key[2:]))
        for whole, part in WITHIN:
            if key[1] == part:
                attack.within(key, (key[0], whole, *key[2:]))


def _events(attack: Attack, keys: list[Key]) -> None:
    """Within every group: classes are all events, terms their class's, parts lie within."""
    own = [key for key in keys if key[0] == "adverse_events"]
    _parts(attack, own)
    for stem in {key[2:] for key in own if key[5] == "events"}:

        def at(name: str, stem: Key = stem) -> Key:
            return ("adverse_events", name, *stem)

        for head in ("", "serious_", "related_", "severe_"):
            classes = [key for key in own if key[2:] == stem and key[1].startswith(f"{head}soc_")]
            whole = at(head.rstrip("_") or "any")
            attack.add([whole], classes, exact=attack.complete(f"{head}soc_"))
        for parts in (("mild", "moderate", "severe"), ("anticipated", "unanticipated")):
            attack.equal(([at("any")], [at(part) for part in parts]))
        attack.equal(([at("recorded")], [at("any"), at("not_emergent")]))
    for stem in {key[2:] for key in own if key[5] == "n"}:
        parts = ("worst_mild", "worst_moderate", "severe")
        ones = [("adverse_events", part, *stem) for part in parts]
        attack.equal(([("adverse_events", "any", *stem)], ones))


def _states(attack: Attack, keys: list[Key]) -> None:
    """Links between states: from and to every state, and everybody."""
    links = defaultdict(dict)
    for key in keys:
        if key[0] in ("transition", "opioid_transition") and key[5] == "n":
            links[key[:4]][key[4]] = key
    order = sorted(links)
    for stem, own in links.items():
        size = (*stem, next(iter(own)), "N")
        attack.equal(([size], list(own.values())))
        if stem[0] == "transition":
            to = [key for name, key in own.items() if name.endswith("_to_responder")]
            attack.equal(([("responder", *stem[1:3], "observed", "all", "n")], to))
    for first, second in pairwise(order):
        if first[:2] == second[:2]:
            for state in {name.rpartition("_to_")[2] for name in links[first]}:
                into = [key for name, key in links[first].items() if name.endswith(f"_to_{state}")]
                out = [key for name, key in links[second].items() if name.startswith(f"{state}_to")]
                attack.equal((into, out))


def _time(attack: Attack, keys: list[Key]) -> None:
    """Who is at risk later was at risk earlier; who has a value was seen."""
    curves = defaultdict(list)
    for key in keys:
        number = "".join(letter for letter in key[2] if letter.isdigit())
        curve = key[0] in ("kaplan_meier", "incidence") or "persistence" in key[1]
        if curve and number and key[5] == "n":
            step = int(number) * (12 if "year" in key[2] else 1)
            curves[key[:2] + key[3:]].append((step, key))
        if key[0] in ("level", "change") and key[5] == "n":
            attack.within(key, ("flow", "attended", key[2], "itt", key[4], "n"))
    for curve in curves.values():
        for (_, earlier), (_, later) in pairwise(sorted(curve)):
            attack.within(later, earlier)


def computed_back(shown: pd.DataFrame) -> int:
    """Count shown statistics that give a hidden count of their stem away."""
    shares = {"percent", "ci_lower", "ci_upper", "p_value", "rate", "se"}
    own = shown[(shown["population"] != "published") & shown["value"].notna()]
    return int((own["statistic"].isin(shares) & own["n"].isna()).sum())


def main() -> int:
    """Attack the results of a run and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--minimum", type=int, default=5)
    parser.add_argument(
        "--naive", action="store_true", help="attack a table that hides small counts alone"
    )
    options = parser.parse_args()
    shown = pd.read_parquet(options.results / "results.parquet")
    rows = [
        pd.read_parquet(path) for path in sorted((options.results / "analyses").glob("*.parquet"))
    ]
    truth = pd.concat(rows, ignore_index=True)
    if options.naive:
        shown = truth.copy()
        few = shown["n"].between(1, options.minimum - 1).fillna(value=False)
        shown.loc[few, "value"] = float("nan")
        shown.loc[few, "n"] = pd.NA
        shown.loc[few, "method"] = f"suppressed: 1 to {options.minimum - 1}"
    attack = Attack(shown, truth)
    relate(attack)
    hidden = [key for key in attack.low if attack.low[key] < attack.high[key]]
    complements = [
        {(*key[:5], "N"): 1, key: -1}
        for key in attack.low
        if key[5] == "n" and 0 < attack.truth.get((*key[:5], "N"), 0) - attack.truth[key]
        < options.minimum
    ]  # fmt: skip
    aims = [{key: 1} for key in hidden] + complements
    found = attack.bounds(aims)
    recovered = sum(low == high for low, high in found)
    narrow = [i for i, (low, high) in enumerate(found) if low < high < low + WANTED - 1]
    small = shown["value"].between(1, options.minimum - 1) & shown["statistic"].isin(
        ["count", "participants", "events", "n"]
    )
    back = computed_back(shown)
    print(f"rows {len(truth)}, left out with a rare term {len(truth) - len(shown)}")
    print(f"rows hidden {int(shown['method'].astype(str).str.startswith('suppressed').sum())}")
    print(f"counts hidden {len(hidden)} of {len(attack.low)}, small complements {len(complements)}")
    print(f"relations {len(attack.rows)}, contradicted by the data {attack.dropped}")
    print(f"small counts shown {int(small.sum())}, given away by a statistic {back}")
    print(f"recovered {recovered}, bounded to fewer than {WANTED} values {len(narrow)}")
    for i, (low, high) in enumerate(found):
        if high < low + WANTED - 1 and not options.naive:
            print("  ", [".".join(key) for key in aims[i]], low, high)
    return int(recovered + len(narrow) + small.sum() + back > 0)


if __name__ == "__main__":
    sys.exit(main())
