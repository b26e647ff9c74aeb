"""Published figures as windows: what the cohort, once scored, must print.

A window is the half-unit interval round a printed figure, so that any value inside it prints as
published. Windows are keyed by the id of the result that answers the claim; the generator knows
no published number of its own.

Clashes are settled by declared rules. A claim that another one supersedes gives no window, unless
the register of divergences says that the other one is not aimed at as a whole (the primary shares
of the journal paper, which are no counts of 102). A confidence interval that is not symmetric about
its estimate, by more than rounding can explain, loses its upper limit (the five-year ODI interval).
Intervals of shares follow from count and denominator and are never calibrated. Windows for one
result are cut to their overlap; where there is none, the first in the table stays. What gave way
is listed in :attr:`CohortTargets.declined`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from multifidus.literature.record.printed import parse_printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["CohortTargets", "Declined", "Window", "read_targets", "targets_from_claims"]

_CALIBRATED_EVIDENCE = "recovered_from_cohort"


@dataclass(frozen=True, slots=True)
class Window:
    """The interval in which a reproduced statistic prints as published.

    Parameters
    ----------
    result_id
        Id of the result, ``analysis.outcome.visit.population.group.statistic``.
    lower, upper
        Limits of the interval in the result's unit (shares in per cent).
    printed
        The figure as published.
    claim_id
        The claim it comes from.
    """

    result_id: str
    lower: float
    upper: float
    printed: str
    claim_id: str

    @property
    def centre(self) -> float:
        """Middle of the window."""
        return (self.lower + self.upper) / 2

    def holds(self, value: float) -> bool:
        """Whether a value prints as published."""
        return self.lower - 1e-12 <= value <= self.upper + 1e-12


class Declined(NamedTuple):
    """A claim, or a part of one, that is no target, and why."""

    claim_id: str
    result_id: str
    reason: str


@dataclass(frozen=True)
class CohortTargets:
    """All windows of a calibration.

    Parameters
    ----------
    windows
        One window per result id, in the order of the claims.
    declined
        What was left out by the declared rules.
    """

    windows: tuple[Window, ...]
    declined: tuple[Declined, ...] = ()
    _by_id: Mapping[str, Window] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the windows by result id."""
        object.__setattr__(self, "_by_id", {window.result_id: window for window in self.windows})

    def __iter__(self) -> Iterator[Window]:
        return iter(self.windows)

    def get(self, result_id: str) -> Window | None:
        """Return the window of a result, or nothing when it was never published."""
        return self._by_id.get(result_id)

    def count(self, result_id: str, fallback: int) -> int:
        """Return a published count, or the design's assumption where none was published."""
        window = self.get(result_id)
        return fallback if window is None else round(window.centre)

    def counts_that_print(self, stem: str, n: int) -> tuple[int, ...]:
        """Return the counts out of ``n`` that print as the published count and share.

        Parameters
        ----------
        stem
            Result id without its statistic, for instance ``responder.vas_ge50.y2.observed.all``.
        n
            Denominator in the cohort.

        Returns
        -------
        tuple of int
            All counts that agree with both; with the count alone when the share contradicts it;
            empty when neither was published.
        """
        count, share = self.get(f"{stem}.count"), self.get(f"{stem}.percent")
        every = range(n + 1)
        by_share = [k for k in every if share is not None and share.holds(100 * k / n)]
        by_count = [k for k in every if count is not None and count.holds(k)]
        if count is None:
            return tuple(by_share)
        both = [k for k in by_count if k in by_share]
        return tuple(both or by_count)


def read_targets(literature: Path | str) -> CohortTargets:
    """Read the windows from the tables of the published record.

    Standard library only: the workflow calls this each time it starts, so that a change of a note
    or of a claim that is no target leaves the cohort alone.

    Parameters
    ----------
    literature
        Folder with ``claims.csv`` and ``divergences.csv``.

    Returns
    -------
    CohortTargets
        Without any window where a table is absent; checking the record reports that.

    Raises
    ------
    LiteratureError
        When a printed figure is not a number.
    """
    return targets_from_claims(
        *(_rows(Path(literature) / name) for name in ("claims.csv", "divergences.csv"))
    )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def targets_from_claims(
    claims: Iterable[Mapping[str, Any]], divergences: Iterable[Mapping[str, Any]] = ()
) -> CohortTargets:
    """Turn the table of published claims into calibration windows.

    Parameters
    ----------
    claims
        Rows of ``literature/claims.csv``; used are ``claim_id``, ``value_printed``,
        ``ci_lower_printed``, ``ci_upper_printed``, ``count_printed``, ``result_id``, ``evidence``,
        ``superseded_by`` and ``declared_contradiction``.
    divergences
        The divergence register; used are ``divergence_id`` and ``part``. Claims under a divergence
        of part ``all`` are not aimed at.

    Returns
    -------
    CohortTargets
        Windows by result id, and what the declared rules left out.

    Raises
    ------
    LiteratureError
        When a printed figure is not a number.
    """
    # Under a divergence of part "all" no part of a claim is aimed at.
    given_up = frozenset(row["divergence_id"] for row in divergences if row["part"] == "all")
    rows = [{key: _text(value) for key, value in row.items()} for row in claims]
    rows = [row for row in rows if row["result_id"] and row["evidence"] == _CALIBRATED_EVIDENCE]
    standing = {row["claim_id"] for row in rows if not _is_given_up(row, given_up)}
    windows: dict[str, Window] = {}
    declined: list[Declined] = []
    for row in rows:
        if reason := _why_declined(row, given_up, standing):
            declined.append(Declined(row["claim_id"], row["result_id"], reason))
            continue
        found, left_out = _windows_of(row)
        declined.extend(left_out)
        for window in found:
            _add(windows, declined, window)
    return CohortTargets(tuple(windows.values()), tuple(declined))


def _is_given_up(row: Mapping[str, str], given_up: frozenset[str]) -> bool:
    return row.get("declared_contradiction", "") in given_up and not row.get("superseded_by", "")


def _why_declined(row: Mapping[str, str], given_up: frozenset[str], standing: set[str]) -> str:
    """Return why a claim gives no window; an empty text when it does."""
    if _is_given_up(row, given_up):
        return f"declared divergence '{row['declared_contradiction']}'"
    by = row.get("superseded_by", "")
    return f"superseded by {by}" if by in standing else ""


def _windows_of(row: Mapping[str, str]) -> tuple[list[Window], list[Declined]]:
    """Return the windows of one claim: estimate, limits and count."""
    claim_id = row["claim_id"]
    # A Wald interval belongs to the same count as any other interval of the share.
    result_id = row["result_id"].replace("responder_wald.", "responder.")
    stem = result_id.rpartition(".")[0]
    found = [_window(result_id, row["value_printed"], claim_id)]
    if count := row.get("count_printed", ""):
        found.append(_window(f"{stem}.count", count, claim_id))
    if result_id.endswith(".percent"):
        return found, []
    limits = [
        _window(f"{stem}.{name}", row.get(f"{name}_printed", ""), claim_id)
        for name in ("ci_lower", "ci_upper")
        if row.get(f"{name}_printed", "")
    ]
    if len(limits) == 2 and not _symmetric(found[0], *limits):  # noqa: PLR2004 - two limits
        reason = "the printed interval is not symmetric about its estimate: lower limit kept"
        return [*found, limits[0]], [Declined(claim_id, limits[1].result_id, reason)]
    return [*found, *limits], []


def _window(result_id: str, printed: str, claim_id: str) -> Window:
    """Return the half-unit interval of a printed figure; ``< x`` is everything below x."""
    figure = parse_printed(printed)
    if figure.relation == "<":
        return Window(result_id, 0.0, figure.value, printed, claim_id)
    half = figure.half_unit
    return Window(result_id, figure.value - half, figure.value + half, printed, claim_id)


def _symmetric(estimate: Window, lower: Window, upper: Window) -> bool:
    """Whether some values that print as published make the interval symmetric."""
    return (
        lower.lower + upper.lower <= 2 * estimate.upper
        and lower.upper + upper.upper >= 2 * estimate.lower
    )


def _add(windows: dict[str, Window], declined: list[Declined], new: Window) -> None:
    """Add a window, or its overlap with the one that is there already."""
    old = windows.get(new.result_id)
    if old is None:
        windows[new.result_id] = new
        return
    lower, upper = max(old.lower, new.lower), min(old.upper, new.upper)
    if lower < upper:
        windows[new.result_id] = Window(new.result_id, lower, upper, old.printed, old.claim_id)
        return
    reason = f"contradicts {old.claim_id}, which comes first"
    declined.append(Declined(new.claim_id, new.result_id, reason))


def _text(value: object) -> str:
    """Return a cell as text, a missing one as empty."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is the only value unlike itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
