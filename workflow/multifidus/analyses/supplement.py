"""The supplementary analyses, in one job: each takes far less time than starting Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.efficacy.comparison import summarise_comparison
from multifidus.analyses.efficacy.distribution import summarise_distribution
from multifidus.analyses.efficacy.profiles import summarise_profiles
from multifidus.analyses.efficacy.subgroups import summarise_subgroups
from multifidus.analyses.flow.completers import summarise_completers
from multifidus.analyses.opioids.model import summarise_opioid_model
from multifidus.analyses.opioids.transitions import summarise_opioid_transitions
from multifidus.analyses.responders.durability import summarise_durability
from multifidus.analyses.responders.maintained import summarise_maintained
from multifidus.analyses.responders.time_to_event import summarise_time_to_event

if TYPE_CHECKING:
    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.results.table import ResultRow

__all__ = ["PARTS", "summarise_supplement"]

PARTS = (
    summarise_completers,
    summarise_maintained,
    summarise_distribution,
    summarise_durability,
    summarise_profiles,
    summarise_subgroups,
    summarise_opioid_model,
    summarise_opioid_transitions,
    summarise_time_to_event,
    summarise_comparison,
)
"""The analyses of the supplement in printing order; each gives no rows where it does not apply."""


def summarise_supplement(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give the rows of every supplementary analysis.

    Returns
    -------
    list of ResultRow
        Completers against lost and over time, cumulative distribution, durability and transitions,
        EQ-5D profiles, subgroups, model and transitions of opioid use, time to event, published
        comparators.
    """
    return [row for part in PARTS for row in part(inputs)]
