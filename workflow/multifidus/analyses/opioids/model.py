"""Mixed model of the opioid dose among the participants who used opioids at baseline.

Doses are skewed and many are zero, so the model's mean is not a typical participant's dose; it
is reported beside the categories and the distribution, not instead of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from multifidus.analyses.efficacy.mixed_model import fitted_rows
from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.analyses.opioids.categories import classify_opioids
from multifidus.config.analysis import MixedModelRules
from multifidus.instruments.mme import MME

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

__all__ = ["summarise_opioid_model"]

_CAVEAT = "doses are skewed with many zeros, which the normal model does not allow for"


def summarise_opioid_model(inputs: AnalysisInputs) -> list[ResultRow]:
    """Estimate the mean change of the daily dose of baseline users at each visit.

    Visit and baseline-by-visit effects, unstructured covariance, Kenward-Roger. Reads the scores,
    participants and the sections analysis_sets and opioids.

    Returns
    -------
    list of ResultRow
        ``mmrm.mme.<visit>.<set>.users.<estimate|se|df|ci_lower|ci_upper|p_value>``; none where the
        study has no section opioids. Where the model cannot be fitted the rows say why. The method
        of every row names the caveat.
    """
    opioids = inputs.study.opioids
    if opioids is None:
        return []
    population = inputs.main_set()
    members = inputs.members(population)["participant_id"]
    data = classify_opioids(inputs.scored(), opioids)
    data = data[data["participant_id"].isin(members)]
    data = data[data["visit"].isin(opioids.visits)]
    data = data.assign(change=data["value"] - data["baseline"])
    rules = MixedModelRules(outcomes=(MME,), visits=opioids.visits)
    label = "Opioid dose of baseline users"
    cell = Cell("mmrm", MME, opioids.visits[-1], population, "users", label)
    rows = fitted_rows(cell, data, rules, display="f1", unit="MME/day")
    return [replace(row, method=f"{row.method}; {_CAVEAT}") for row in rows]
