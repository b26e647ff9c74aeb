"""Counts of people and events as cells, and which rows of the results print each of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Cell", "Cells", "Key", "cells_of"]

_EXTERNAL = "published"
"""Population of figures that others have printed: nothing of this run is in them."""


class Key(NamedTuple):
    """Where a cell is printed: five parts of a result's id, and which number of its row it is.

    ``what`` is ``n`` (people), ``N`` (their denominator), ``events``, or ``n_<statistic>`` where a
    statistic counts other people than its neighbours.
    """

    analysis: str
    outcome: str
    visit: str
    population: str
    group: str
    what: str = "n"


@dataclass(slots=True)
class Cell:
    """One number that rows print, or that a reader gets by subtraction when ``rows`` is empty.

    Parameters
    ----------
    value
        The true count.
    rows
        Positions of the rows that print it or rest on it.
    sensitive
        Whether a value from 1 to one below the minimum count must not be found out.
    """

    value: int
    rows: set[int] = field(default_factory=set)
    sensitive: bool = True


class Cells:
    """All cells of a results table, with the margins that link them.

    Cells that are one number by their meaning are joined. A margin is a sum of cells with whole
    coefficients that is zero in the data.
    """

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.margins: list[dict[int, int]] = []
        self._place: dict[Key, int] = {}
        self._joined: list[int] = []

    def __contains__(self, key: Key) -> bool:
        return key in self._place

    def __len__(self) -> int:
        return len(self.cells)

    def add(self, key: Key, value: int, row: int) -> int:
        """Note that a row prints a cell; return the cell's place."""
        place = self._place.get(key)
        if place is None:
            place = self._place[key] = self._new(Cell(value))
        self.cells[place].rows.add(row)
        return place

    def _new(self, cell: Cell) -> int:
        self.cells.append(cell)
        self._joined.append(len(self.cells) - 1)
        return len(self.cells) - 1

    def keys(self) -> Iterator[Key]:
        """Give the keys in the order in which they were added."""
        return iter(self._place)

    def find(self, *parts: str) -> int | None:
        """Return the place of a cell by the parts of its key, or None."""
        place = self._place.get(Key(*parts))
        return None if place is None else self.root(place)

    def root(self, place: int) -> int:
        """Return the place of the cell that a cell was joined to."""
        while self._joined[place] != place:
            place = self._joined[place]
        return place

    def value(self, place: int) -> int:
        """Return the true count of a cell."""
        return self.cells[self.root(place)].value

    def join(self, first: int | None, second: int | None) -> None:
        """Make two cells one where both exist and hold one number."""
        if first is None or second is None:
            return
        first, second = sorted((self.root(first), self.root(second)))
        if first == second or self.cells[first].value != self.cells[second].value:
            return
        self._joined[second] = first
        self.cells[first].rows |= self.cells[second].rows
        self.cells[first].sensitive |= self.cells[second].sensitive
        self.cells[second] = Cell(self.cells[first].value, sensitive=False)

    def total(self, whole: int | None, parts: Iterable[int | None]) -> None:
        """Declare that a cell is the sum of others, where all exist and the data agree."""
        chosen = list(parts)
        if whole is None or not chosen or None in chosen:
            return
        margin = Counter({self.root(whole): 1})
        for part in chosen:
            margin[self.root(int(part or 0))] -= 1
        self._declare(margin)

    def balance(self, ones: Iterable[int | None], others: Iterable[int | None]) -> None:
        """Declare that two sums of cells are equal, where all exist and the data agree."""
        left, right = list(ones), list(others)
        if not left or not right or None in left or None in right:
            return
        margin: Counter[int] = Counter()
        for places, sign in ((left, 1), (right, -1)):
            for place in places:
                margin[self.root(int(place or 0))] += sign
        self._declare(margin)

    def gap(self, whole: int | None, part: int | None, *, sensitive: bool = True) -> None:
        """Declare that the people of one cell are among those of another; the rest are a cell."""
        self.rest(whole, [part], sensitive=sensitive)

    def rest(
        self, whole: int | None, parts: Iterable[int | None], *, sensitive: bool = True
    ) -> None:
        """Declare that cells are parts of a whole that do not overlap; what is left is a cell."""
        chosen = [self.root(part) for part in parts if part is not None]
        if whole is None or not chosen or self.root(whole) in chosen:
            return
        left = self.value(whole) - sum(self.cells[part].value for part in chosen)
        if left < 0:
            return
        margin = Counter({self.root(whole): 1, self._new(Cell(left, sensitive=sensitive)): -1})
        for part in chosen:
            margin[part] -= 1
        self._declare(margin)

    def _declare(self, margin: Counter[int]) -> None:
        terms = {place: factor for place, factor in margin.items() if factor}
        if terms and not sum(self.cells[place].value * by for place, by in terms.items()):
            self.margins.append(terms)

    def settled(self) -> list[dict[int, int]]:
        """Return the margins over joined cells, each once, without those that say nothing."""
        seen: dict[tuple[tuple[int, int], ...], None] = {}
        for margin in self.margins:
            terms: Counter[int] = Counter()
            for place, factor in margin.items():
                terms[self.root(place)] += factor
            kept = tuple(sorted((place, factor) for place, factor in terms.items() if factor))
            if kept:
                seen[kept] = None
        return [dict(terms) for terms in seen]


def cells_of(frame: pd.DataFrame) -> tuple[Cells, list[tuple[int | None, int | None]]]:
    """Read the counts of a results table.

    Parameters
    ----------
    frame
        The results table; its index is 0, 1, 2, ...

    Returns
    -------
    Cells
        One cell for every n, N and number of events, no margins yet.
    list of tuple
        For every row the places of its n and of its N, None where it has none.
    """
    cells = Cells()
    usual = _usual_n(frame)
    places: list[tuple[int | None, int | None]] = []
    columns = ["analysis", "outcome", "visit", "population", "group", "statistic", "n", "N"]
    for row, (*stem, statistic, count, total) in enumerate(
        frame[columns].itertuples(index=False, name=None)
    ):
        analysis, outcome, visit, population, group = parts = tuple(map(str, stem))
        key = Key(analysis, outcome, visit, population, group)
        if population == _EXTERNAL:
            places.append((None, None))
            continue
        own = whole = None
        if not pd.isna(count):
            what = "events" if statistic == "events" else "n"
            if what == "n" and int(count) != usual[parts]:
                what = f"n_{statistic}"
            own = cells.add(key._replace(what=what), int(count), row)
        if not pd.isna(total):
            whole = cells.add(key._replace(what="N"), int(total), row)
        places.append((own, whole))
    return cells, places


def _usual_n(frame: pd.DataFrame) -> dict[tuple[str, ...], int]:
    """Return the n that most statistics of an id's stem have, events aside."""
    known = frame[frame["n"].notna() & (frame["statistic"] != "events")]
    counts: dict[tuple[str, ...], Counter[int]] = defaultdict(Counter)
    stems = known[["analysis", "outcome", "visit", "population", "group", "n"]]
    for *stem, count in stems.itertuples(index=False, name=None):
        counts[tuple(stem)][int(count)] += 1
    return {stem: max(found, key=lambda one: (found[one], one)) for stem, found in counts.items()}
