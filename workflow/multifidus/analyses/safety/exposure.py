"""Time at risk of the safety set and rates of first events within it.

A participant is at risk of an event from the start of treatment to the first event of that kind or
the end of observation (term-specific exposure); both days count. The limits of a rate are exact
Poisson ones (Garwood 1936), zero counts included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.analyses.errors import AnalysisError
from multifidus.stats.rates import poisson_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from multifidus.analyses.inputs import Cell
    from multifidus.config.analysis import AdverseEventRules
    from multifidus.results.table import ResultRow

__all__ = ["DAYS_PER_YEAR", "SAFETY", "TimeAtRisk", "day_numbers", "observation_days"]

DAYS_PER_YEAR = 365.25
SAFETY = "safety"
"""The analysis set of everything on safety."""
_PER_YEARS = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class TimeAtRisk:
    """First and last day at risk of each participant of the safety set, as day numbers.

    Parameters
    ----------
    first, last
        Shape (participants,).
    """

    first: NDArray[np.float64]
    last: NDArray[np.float64]

    @classmethod
    def of(cls, time: pd.DataFrame) -> TimeAtRisk:
        """Take the days that :func:`observation_days` gave."""
        return cls(day_numbers(time["first"]), day_numbers(time["last"]))

    def rate_rows(
        self, cell: Cell, onset: NDArray[np.float64], inside: NDArray[np.bool_]
    ) -> list[ResultRow]:
        """Give patient-years, rate of first events per 100 of them, and exact limits.

        Parameters
        ----------
        cell
            Where the rows stand; its method is extended.
        onset
            Day number of each participant's first event, infinite where there was none.
        inside
            Marks the members of the group.
        """
        end = np.minimum(onset, self.last)
        years = float((end - self.first + 1.0)[inside].sum()) / DAYS_PER_YEAR
        first = int(((onset <= self.last) & inside).sum())
        rate = poisson_rate(first, years, per=_PER_YEARS, method="garwood")
        words = "Participants with the event per 100 patient-years to the first event"
        cell = cell.of(n=first, method=f"{words}; {rate.method}")
        values = {"rate": rate.rate, "ci_lower": rate.ci_lower, "ci_upper": rate.ci_upper}
        unit = "per 100 patient-years"
        rows = [cell.row("patient_years", years, "f1", "years")]
        return rows + [cell.row(name, value, "f1", unit) for name, value in values.items()]


def day_numbers(days: pd.Series) -> NDArray[np.float64]:
    """Return days as numbers that can be subtracted, shape (n,)."""
    return days.to_numpy(dtype="datetime64[D]").astype("int64").astype("float64")


def observation_days(members: pd.DataFrame, rules: AdverseEventRules) -> pd.DataFrame:
    """Return first and last day at risk of each participant.

    The last day is the study file's observation end or death, whichever comes first; where the
    observation end is missing, the last date known of the participant.

    Parameters
    ----------
    members
        Rows of the participants table.
    rules
        Start and end of the observation.

    Returns
    -------
    DataFrame
        Indexed by participant_id: first, last (days).

    Raises
    ------
    AnalysisError
        ``ANA-003``, with the number of participants.
    """
    dates = members.set_index("participant_id")
    known = dates[["last_contact_date", "treatment_end_date", "death_date"]].max(axis=1)
    last = dates[rules.observation_end].fillna(known)
    last = last.where(
        dates["death_date"].isna() | (dates["death_date"] > last), dates["death_date"]
    )
    first = dates[rules.treatment_emergent_from]
    if bad := int((first.isna() | last.isna() | (last < first)).sum()):
        raise AnalysisError(
            "ANA-003",
            f"{bad} participants of the safety set have no observation time: participants."
            f"{rules.observation_end} must be given and not be before "
            f"{rules.treatment_emergent_from}.",
        )
    return pd.DataFrame({"first": first, "last": last})
