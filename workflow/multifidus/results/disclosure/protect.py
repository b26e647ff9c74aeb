"""Which cells to hide so that no small count can be found out: secondary suppression.

A hidden count is safe when at least three values of it fit everything that is shown. Three values
are proved by three whole tables that a reader cannot tell apart: the true one and two others that
obey every margin and agree in every shown cell. For each count that lacks them an integer programme
looks for another table at the least cost, where a shown cell that has to change costs what hiding
it would lose; the cells that changed are hidden. This is the classical search for a protection flow
(Kelly, Golden & Assad 1990; Fischetti & Salazar 1999), with whole numbers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from multifidus.base.errors import MultifidusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NEEDED_VALUES", "DisclosureError", "Problem", "hide_cells"]

NEEDED_VALUES = 3
"""Values of a hidden count that must fit what is shown."""
_REACHES = ((9, 200, True), (2, 30, False), (5, 60, False), (8, 200, False), (50, 10_000, False))
"""Where a table is looked for, in turn: steps over margins; the most margins of a cell that a path
goes through, since the number of all participants touches thousands; whether only hidden cells may
change."""
_FAR = 5
"""Steps after which any table is good enough."""
_CHEAP = 4.0
"""A table at this cost is taken without looking farther for a cheaper one."""
_MOST = 12
"""Largest difference of a cell between the tables that are looked for."""
_IDLE = 1e-3
"""Cost of changing a cell that is hidden already: enough to prefer small changes."""
_NODES = 5000
"""Nodes after which a search ends: a limit in seconds would let a slow machine hide other cells."""
_LOOSE = 1e6
"""Upper limit of a cell whose mark gives none."""


class DisclosureError(MultifidusError):
    """A small count cannot be protected (``RES-002``)."""


@dataclass(slots=True)
class Problem:
    """A table to protect.

    Parameters
    ----------
    values
        The true counts.
    margins
        Sums that are zero: cell to coefficient.
    costs
        What is lost by hiding each cell.
    fixed
        Cells that stay as they are: shown zeros, which disclose nobody.
    lowest
        The least value that a reader must reckon with, should the cell be hidden.
    highest
        The greatest one.
    hidden
        Cells that are hidden or never shown; :func:`hide_cells` adds to it.
    guarded
        Cells whose value must not be found out, beside all printed cells that become hidden.
    printed
        Cells that rows print.
    carried
        Cells that are hidden with a cell, since the same rows print them.
    """

    values: list[int]
    margins: Sequence[dict[int, int]]
    costs: list[float]
    fixed: set[int]
    lowest: list[int]
    highest: list[float]
    hidden: set[int]
    guarded: set[int]
    printed: set[int]
    carried: dict[int, set[int]] = field(default_factory=dict)
    known: dict[int, set[int]] = field(default_factory=dict)
    _touching: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        touching: dict[int, list[int]] = defaultdict(list)
        for place, margin in enumerate(self.margins):
            for cell in margin:
                touching[cell].append(place)
        self._touching = dict(touching)

    def reach(self, start: int, steps: int, most: int, *, free: bool = False) -> list[int]:
        """Return the cells within some steps over margins, nearest first.

        Cells of more than ``most`` margins are left out, with ``free`` all that are shown, too.
        """
        found = {start: None}
        edge = [start]
        for _ in range(steps):
            edge = [
                cell
                for at in edge
                for margin in self._touching.get(at, ())
                for cell in self.margins[margin]
                if cell not in found
                and cell not in self.fixed
                and len(self._touching[cell]) <= most
                and (not free or cell in self.hidden)
                and not found.update({cell: None})
            ]
            if not edge:
                break
        return list(found)

    def hide(self, cell: int) -> None:
        """Hide a printed cell, and those that its rows print."""
        self.hidden.add(cell)
        self.hidden |= self.carried.get(cell, set()) - self.fixed

    def loosen(self, cell: int) -> bool:
        """Let the marks of a cell and those within two steps of it say no more than "not none"."""
        near = [at for at in self.reach(cell, 2, 100) if at in self.printed]
        tight = [at for at in near if self.highest[at] < _LOOSE and self.lowest[at] <= 1]
        for at in tight:
            self.highest[at] = _LOOSE
        return bool(tight)

    def over(self, cells: Iterable[int]) -> list[dict[int, int]]:
        """Return the margins that touch any of some cells."""
        places = sorted({margin for cell in cells for margin in self._touching.get(cell, ())})
        return [self.margins[place] for place in places]


def hide_cells(problem: Problem) -> None:
    """Hide cells until every guarded or hidden printed cell has enough possible values.

    Parameters
    ----------
    problem
        The table; its ``hidden`` grows, and ``known`` holds the values that were proved possible.

    Raises
    ------
    DisclosureError
        ``RES-002`` when a count has fewer possible values whatever is hidden.
    """
    done: set[int] = set()
    while waiting := sorted((problem.guarded | (problem.hidden & problem.printed)) - done):
        for cell in waiting:
            done.add(cell)
            values = problem.known.setdefault(cell, {problem.values[cell]})
            while len(values) < NEEDED_VALUES:
                if not _add_table(problem, cell) and not problem.loosen(cell):
                    raise DisclosureError(
                        "RES-002",
                        "A small count cannot be hidden behind others, since too few others are "
                        "printed: report fewer groups, or give a smaller "
                        "disclosure.minimum_count.",
                    )


def _add_table(problem: Problem, cell: int) -> bool:
    """Find the cheapest further table in which a cell has a new value, and hide what it needs.

    Returns whether there is one.
    """
    values = problem.known[cell]
    best: tuple[float, dict[int, int]] | None = None
    for steps, most, free in _REACHES:
        near = problem.reach(cell, steps, most, free=free)
        for low, high in _between(values):
            found = _search(problem, near, lowest=low, highest=high)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
            if best is not None and free:
                break
        if best is not None and (best[0] <= _CHEAP or steps >= _FAR):
            break
    if best is None:
        return False
    for at, change in best[1].items():
        if at in problem.printed:
            problem.hide(at)
        known = problem.known.setdefault(at, {problem.values[at]})
        known.add(problem.values[at] + change)
    return True


def _between(values: set[int]) -> list[tuple[float, float]]:
    """Return the ranges of whole numbers that some values leave."""
    ordered = sorted(values)
    ranges = [(before + 1.0, after - 1.0) for before, after in pairwise(ordered)]
    ranges = [(ordered[-1] + 1.0, np.inf), (-np.inf, ordered[0] - 1.0), *ranges]
    return [(low, high) for low, high in ranges if low <= high]


def _search(
    problem: Problem, near: list[int], *, lowest: float, highest: float
) -> tuple[float, dict[int, int]] | None:
    """Solve for the cheapest changes of the near cells that give the first a value in a range."""
    place = {at: number for number, at in enumerate(near)}
    size = len(near)
    true = np.array([problem.values[at] for at in near], dtype=float)
    low = np.maximum([problem.lowest[at] for at in near] - true, -_MOST)
    high = np.minimum([problem.highest[at] for at in near] - true, _MOST)
    low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    low[0], high[0] = max(low[0], lowest - true[0]), min(high[0], highest - true[0])
    if low[0] > high[0]:
        return None
    costs = np.array([_IDLE if at in problem.hidden else problem.costs[at] for at in near])
    paid = np.flatnonzero([at not in problem.hidden for at in near])
    margins = _matrix(problem.over(near), place)
    # The size of a change that costs something is a variable of its own, at least +change, -change.
    unit = sparse.eye_array(size, format="csr")[paid]
    sizes = sparse.eye_array(len(paid), format="csr")
    none = sparse.csr_array((margins.shape[0], len(paid)))
    constraints = [LinearConstraint(sparse.hstack([margins, none]), 0, 0)]
    if len(paid):
        constraints += [
            LinearConstraint(sparse.hstack([unit, -sizes]), -np.inf, 0),
            LinearConstraint(sparse.hstack([unit, sizes]), 0, np.inf),
        ]
    found = milp(
        np.concatenate([np.zeros(size), costs[paid]]),
        constraints=constraints,
        bounds=Bounds(
            np.concatenate([low, np.zeros(len(paid))]),
            np.concatenate([high, np.full(len(paid), _MOST)]),
        ),
        integrality=np.concatenate([np.ones(size), np.zeros(len(paid))]),
        options={"node_limit": _NODES, "mip_rel_gap": 0.05},
    )
    if found.x is None:
        return None
    changes = np.rint(found.x[:size]).astype(int)
    if np.any(margins @ changes):
        return None
    changed = {at: int(by) for at, by in zip(near, changes, strict=True) if by}
    price = sum(costs[place[at]] for at in changed)
    return float(price), changed


def _matrix(margins: Sequence[dict[int, int]], place: dict[int, int]) -> sparse.csr_array:
    """Return the coefficients of the placed cells, margins x cells."""
    terms = [
        (row, place[at], factor)
        for row, margin in enumerate(margins)
        for at, factor in margin.items()
        if at in place
    ]
    shape = (len(margins), len(place))
    if not terms:
        return sparse.csr_array(shape)
    row, column, factor = (np.array(part) for part in zip(*terms, strict=True))
    return sparse.csr_array((factor, (row, column)), shape=shape)
