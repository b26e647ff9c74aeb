"""Outcomes as tables of participants by visits, for the analyses that fill gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from multifidus.analyses.inputs import AnalysisInputs

__all__ = ["Trajectories", "trajectories"]


@dataclass(frozen=True, slots=True, eq=False)
class Trajectories:
    """One outcome of the members of the main set over the visits after baseline.

    Parameters
    ----------
    participants
        Ids, shape (n,), sorted.
    arm
        Randomised arm of each, shape (n,).
    baseline
        Baseline values, NaN where missing, shape (n,).
    values
        Values at the visits, NaN where missing, shape (n, visits).
    visits
        Visit ids in order.
    """

    participants: NDArray[np.object_]
    arm: NDArray[np.object_]
    baseline: NDArray[np.float64]
    values: NDArray[np.float64]
    visits: tuple[str, ...]

    def rows(self, mask: NDArray[np.bool_]) -> Trajectories:
        """Return some of the participants."""
        return Trajectories(
            self.participants[mask],
            self.arm[mask],
            self.baseline[mask],
            self.values[mask],
            self.visits,
        )


def trajectories(inputs: AnalysisInputs, outcome: str, visits: Sequence[str]) -> Trajectories:
    """Return an outcome of every member of the main set, seen or not.

    Parameters
    ----------
    inputs
        Scores, participants and the sections analysis_sets and visits.
    outcome
        Id of the outcome.
    visits
        Visits after baseline, in order.
    """
    members = inputs.members(inputs.main_set()).sort_values("participant_id")
    people = members["participant_id"]
    scores = inputs.scored()
    own = scores[scores["parameter"] == outcome]
    wide = own.pivot_table(index="participant_id", columns="visit", values="value", aggfunc="first")
    wide = wide.reindex(index=people, columns=[inputs.study.visits[0].id, *visits])
    table = wide.to_numpy(dtype="float64")
    return Trajectories(
        people.to_numpy(dtype=object),
        members["arm"].to_numpy(dtype=object),
        table[:, 0],
        table[:, 1:],
        tuple(visits),
    )
