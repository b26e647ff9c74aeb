"""What every analysis takes: the study, the tables, the scores and the device-use table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from multifidus.analyses.errors import AnalysisError
from multifidus.results.formatting import NOT_ESTIMABLE
from multifidus.results.plain import PLAIN_METHODS
from multifidus.results.table import ResultRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from multifidus.config.study import AnalysisSet, StudyConfig

__all__ = ["ALL", "AnalysisInputs", "Cell", "Group"]

ALL = "all"
_MAIN_SET = "itt"


@dataclass(frozen=True, slots=True)
class Group:
    """Participants that a statistic is computed over.

    Parameters
    ----------
    id
        Slug of the group in results: ``all`` or an arm.
    label
        Name printed in tables.
    members
        Their rows of the participants table.
    """

    id: str
    label: str
    members: pd.DataFrame

    @property
    def size(self) -> int:
        """Number of participants."""
        return len(self.members)


@dataclass(frozen=True, slots=True)
class AnalysisInputs:
    """Inputs of an analysis; each analysis reads what its registration names and no more.

    Parameters
    ----------
    study
        The study, whole or the sections that a workflow rule declared.
    tables
        Tables of the contracts by name.
    scores
        Scores as :func:`multifidus.instruments.scores.build_scores` gives them.
    usage
        Device use per participant and period.
    seed
        Seed of everything that is drawn at random.
    comparators
        Published rates of comparable devices, ``literature/comparators.csv``.
    months
        Device use per participant and month.
    """

    study: StudyConfig
    tables: Mapping[str, pd.DataFrame]
    scores: pd.DataFrame | None = None
    usage: pd.DataFrame | None = None
    seed: int = 0
    comparators: pd.DataFrame | None = None
    months: pd.DataFrame | None = None

    @property
    def participants(self) -> pd.DataFrame:
        """The participants table."""
        return self.tables["participants"]

    def scored(self) -> pd.DataFrame:
        """Return the scores.

        Raises
        ------
        AnalysisError
            ``ANA-001`` when none were given.
        """
        if self.scores is None:
            raise AnalysisError(
                "ANA-001", "This analysis needs scores; give the table that scoring wrote."
            )
        return self.scores

    def main_set(self) -> str:
        """Id of the set that describes the trial: ``itt`` where defined, else the first one."""
        ids = [item.id for item in self.study.analysis_sets]
        return _MAIN_SET if _MAIN_SET in ids else ids[0]

    def members(self, set_id: str) -> pd.DataFrame:
        """Return the participants of an analysis set.

        Those with all the dates it requires who attended the visit it names. A set with a visit
        needs the table ``visits``.

        Raises
        ------
        AnalysisError
            ``ANA-002`` when the study file defines no such set.
        """
        for item in self.study.analysis_sets:
            if item.id == set_id:
                kept = self.participants[list(item.requires)].notna().all(axis=1)
                if item.attended_visit is not None:
                    seen = self.attended(item.attended_visit)
                    kept &= self.participants["participant_id"].isin(seen)
                return self.participants[kept]
        raise AnalysisError(
            "ANA-002",
            f"The study file defines no analysis set '{set_id}'; add it to analysis_sets.",
        )

    def attended(self, visit: str) -> pd.Series[Any]:
        """Return the ids of the participants who attended a visit, as the visits table records."""
        visits = self.tables["visits"]
        seen = visits["attended"].fillna(False).astype(bool) & (visits["visit"] == visit)
        return visits.loc[seen, "participant_id"]

    def completers(self) -> AnalysisSet | None:
        """Return the set of the completers: the first one that asks for a visit; None if none."""
        return next((s for s in self.study.analysis_sets if s.attended_visit is not None), None)

    def groups(self, members: pd.DataFrame, *, by_arm: bool = True) -> Iterator[Group]:
        """Yield all members, then the arms in printing order."""
        yield Group(ALL, "All", members)
        if by_arm:
            for arm in self.study.arms:
                yield Group(arm.id, arm.label, members[members["arm"] == arm.id])


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a group of statistics stands in the results, to make its rows from.

    Parameters
    ----------
    analysis, outcome, visit, population, group
        Parts of the id.
    label
        The outcome in words.
    n, total
        Participants (or events) that contribute, and the denominator.
    method
        The variant used; statistics without variants get their plain name.
    """

    analysis: str
    outcome: str
    visit: str
    population: str
    group: str
    label: str
    n: int | None = None
    total: int | None = None
    method: str = ""

    def of(self, **changes: Any) -> Cell:
        """Return a copy with other fields."""
        return replace(self, **changes)

    def row(self, statistic: str, value: float, display: str, unit: str = "") -> ResultRow:
        """Make one row."""
        return ResultRow(
            analysis=self.analysis,
            outcome=self.outcome,
            visit=self.visit,
            population=self.population,
            group=self.group,
            statistic=statistic,
            value=float(value),
            display=display,
            label=self.label,
            unit=unit,
            n=self.n,
            total=self.total,
            method=self.method or PLAIN_METHODS.get(statistic, ""),
        )

    def not_estimable(self, reason: str, statistics: Iterable[str]) -> list[ResultRow]:
        """Make the rows of statistics that the data do not give, with the reason as the method.

        Parameters
        ----------
        reason
            Why, as the footnote prints it.
        statistics
            Names of the statistics that documents ask for.
        """
        words = f"{NOT_ESTIMABLE.capitalize()}: {reason.removesuffix('.')}"
        return [self.of(method=words).row(name, float("nan"), "f1") for name in statistics]
