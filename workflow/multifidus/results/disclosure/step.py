"""Disclosure control of the results table: what is hidden, and how each row says so."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.results.disclosure.cells import Cells, cells_of
from multifidus.results.disclosure.margins import link_margins
from multifidus.results.disclosure.protect import Problem, hide_cells
from multifidus.results.formatting import (
    COUNT_STATISTICS,
    HIDDEN,
    SUPPRESSED,
    few_words,
    round_half_away,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["protect_results"]

_NAMED = ("adverse_events",)
"""Analyses whose outcomes name what happened to people: a rare one goes with its name."""
_CURVES = ("kaplan_meier", "incidence")
_QUANTILES = {"min": 0, "max": 0, "q1": 4, "q3": 4, "median": 2}
"""Statistics of rank to the parts that they divide the people into; 0: one person's value."""
_KEPT = ("mean", "sd", "median", "q1", "q3")
_KEPT_ESTIMATES = ("mmrm", "difference_ancova", "subgroup", "exposure_response")
_KEPT_FROM = 20
"""A mean of so many stays where only their number is hidden, in the decimals that are printed: from
fewer, the decimals of a score could tell the number."""
_FAR = 1e6
_NO_ONE = 1e-9


def protect_results(
    frame: pd.DataFrame, minimum_count: int, *, extremes_from: int = 0, rounding: int = 0
) -> pd.DataFrame:
    """Hide small counts, what they can be computed from, and what is computed from them.

    Parameters
    ----------
    frame
        The results table.
    minimum_count
        Smallest count of people or events that is shown; 0 or 1 leaves the table as it is.
    extremes_from
        Smallest number of people whose minimum and maximum are shown.
    rounding
        Base to which shown counts are rounded; 0 leaves them exact. Shares are computed anew from
        rounded counts; their intervals, rates and tests are hidden.

    Returns
    -------
    pandas.DataFrame
        The table without the rows of rare terms. In a hidden row ``value`` and ``n`` are missing
        and the method starts with :data:`~multifidus.results.formatting.SUPPRESSED`.

    Raises
    ------
    DisclosureError
        ``RES-002`` when a count cannot be protected.
    """
    if minimum_count <= 1:
        return frame
    shown = _without_rare_terms(frame, minimum_count)
    cells, places = cells_of(shown)
    link_margins(cells, shown)
    kept = _kept(shown)
    problem = _problem(cells, places, minimum_count, kept)
    hide_cells(problem)
    marks: dict[int, str] = dict.fromkeys(_fine_steps(shown, minimum_count), HIDDEN)
    ranks = dict.fromkeys(_ranks(shown, minimum_count, extremes_from), HIDDEN)
    marks |= ranks
    without_total: list[int] = []
    for row, (own, whole) in enumerate(places):
        if whole is not None and cells.root(whole) in problem.hidden:
            without_total.append(row)
            marks[row] = HIDDEN
        if own is not None and (root := cells.root(own)) in problem.hidden:
            few = problem.highest[root] < minimum_count
            marks[row] = few_words(minimum_count) if few else HIDDEN
    shown = _blank(shown, marks, kept - set(ranks))
    shown.loc[without_total, "N"] = pd.NA
    return _rounded(shown, rounding) if rounding > 1 else shown


def _without_rare_terms(frame: pd.DataFrame, minimum_count: int) -> pd.DataFrame:
    """Drop the rows of classes and terms that fewer people than the minimum had."""
    named = frame["analysis"].isin(_NAMED) & frame["outcome"].str.contains(r"(?:^|_)(?:pt|soc)_")
    whole = named & (frame["group"] == "all") & (frame["statistic"] == "participants")
    rare = frame.loc[whole & (frame["value"] < minimum_count), ["analysis", "outcome"]]
    gone = pd.MultiIndex.from_frame(frame[["analysis", "outcome"]]).isin(
        pd.MultiIndex.from_frame(rare)
    )
    return frame[~(named & gone)].reset_index(drop=True)


def _kept(frame: pd.DataFrame) -> set[int]:
    """Return the rows that tell of a group's values and nothing of how many they are."""
    estimate = (frame["statistic"] == "estimate") & frame["analysis"].isin(_KEPT_ESTIMATES)
    many = frame["n"].astype(float) >= _KEPT_FROM
    return set(frame.index[many & (estimate | frame["statistic"].isin(_KEPT))])


def _problem(
    cells: Cells,
    places: list[tuple[int | None, int | None]],
    minimum_count: int,
    kept: set[int],
) -> Problem:
    """Return the table to protect, over the cells that joined ones became."""
    every = cells.cells
    roots = [place for place in range(len(every)) if cells.root(place) == place]
    printed = {place for place in roots if every[place].rows}
    few = {place for place in roots if 1 <= every[place].value < minimum_count}
    parts: dict[int, set[int]] = defaultdict(set)
    lowest = [int(place in printed) for place in range(len(every))]
    for row, (own, whole) in enumerate(places):
        if own is not None and whole is not None:
            parts[cells.root(whole)].add(cells.root(own))
        if own is not None and row in kept:
            lowest[cells.root(own)] = _KEPT_FROM
    marked = few & printed
    highest = [_FAR] * len(every)
    for place in marked:
        highest[place] = minimum_count - 1
    return Problem(
        values=[cell.value for cell in every],
        margins=cells.settled(),
        costs=[float(max(1, len(cell.rows - kept))) for cell in every],
        fixed={place for place in printed if every[place].value == 0},
        lowest=lowest,
        highest=highest,
        hidden=marked | (set(roots) - printed),
        guarded={place for place in few if every[place].sensitive} | marked,
        printed=printed,
        carried=dict(parts),
    )


def _fine_steps(frame: pd.DataFrame, minimum_count: int) -> Iterable[int]:
    """Give the rows of a curve whose step from the last shown point is that of few people."""
    own = frame[frame["analysis"].isin(_CURVES) & frame["value"].notna() & frame["n"].notna()]
    own = own.assign(at=own["visit"].str.extract(r"(\d+)$")[0].astype(float))
    for _, curve in own.groupby(["analysis", "outcome", "population", "group"], sort=False):
        left, risk = 1.0, None
        for _, step in curve.sort_values("at", kind="stable").groupby("visit", sort=False):
            point = step[step["statistic"] == "percent"]
            if point.empty:
                continue
            falls = "incidence" in point["analysis"].iloc[0]
            share = float(point["value"].iloc[0]) / 100
            here = 1 - share if falls else share
            people = float(point["N"].iloc[0]) if risk is None else risk
            fallen = people * (1 - here / left) if left > 0 else 0.0
            if _NO_ONE < fallen < minimum_count - 0.5:
                yield from step.index
            else:
                left, risk = here, float(point["n"].iloc[0])


def _ranks(frame: pd.DataFrame, minimum_count: int, extremes_from: int) -> Iterable[int]:
    """Give the rows of extremes and quantiles that tell the value of few people."""
    parts = frame["statistic"].map(_QUANTILES)
    least = (parts * minimum_count).where(parts > 0, float(extremes_from))
    return list(frame.index[parts.notna() & (frame["n"].astype(float) < least)])


def _blank(frame: pd.DataFrame, marks: dict[int, str], kept: Iterable[int] = ()) -> pd.DataFrame:
    """Return the table with the marked rows emptied, their method saying what is known."""
    shown = frame.copy()
    rows = list(marks)
    stay = [row for row in kept if row in marks]
    exact, method = shown.loc[stay, "value"], shown.loc[stay, "method"]
    shown.loc[rows, "value"] = float("nan")
    shown.loc[rows, "n"] = pd.NA
    shown.loc[rows, "method"] = [f"{SUPPRESSED}: {words}" for words in marks.values()]
    digits = shown.loc[stay, "display"].str.extract(r"(\d)$")[0].astype(int)
    shown.loc[stay, "value"] = [
        float(round_half_away(value, places)) if math.isfinite(value) else value
        for value, places in zip(exact, digits, strict=True)
    ]
    shown.loc[stay, "method"] = method
    return shown


def _rounded(frame: pd.DataFrame, base: int) -> pd.DataFrame:
    """Round the shown counts; compute shares from them and hide what rests on exact ones."""
    stem = frame["result_id"].str.rsplit(".", n=1).str[0]
    count = frame["statistic"].isin(COUNT_STATISTICS)
    share = frame["statistic"] == "percent"
    own = frame["population"] != "published"
    resting = own & stem.isin(stem[count | share]) & ~count & ~share
    resting &= frame["statistic"].isin(["ci_lower", "ci_upper", "rate", "p_value", "estimate"])
    shown = _blank(frame, dict.fromkeys(frame.index[resting & frame["value"].notna()], HIDDEN))
    for column in ("n", "N"):
        exact = shown[column].astype(float)
        near = ((exact / base + 0.5) // 1 * base).astype("Int64")
        shown[column] = shown[column].mask(own & exact.notna(), near)
    known = own & shown["value"].notna()
    shown.loc[known & count, "value"] = shown["n"].astype(float)
    fresh = 100 * shown["n"].astype(float) / shown["N"].astype(float)
    curve = frame["analysis"].isin(_CURVES)
    shown.loc[known & share & ~curve, "value"] = fresh
    note = f"rounded to the nearest {base}"
    touched = known & (count | share) & ~curve
    shown.loc[touched, "method"] = (
        shown.loc[touched, "method"]
        .fillna("")
        .map(lambda method: f"{method}; {note}" if method else note)
    )
    return shown
