"""The supporting mixed model for repeated measures, fitted to the change from baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.base.errors import StatisticsError
from multifidus.stats.mmrm.model import mmrm

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.analysis import MixedModelRules
    from multifidus.config.study import Outcome
    from multifidus.results.table import ResultRow

__all__ = ["MODEL", "STATISTICS", "fitted_rows", "model_rows", "summarise_mixed_model"]

MODEL = "change ~ visit + baseline:visit"
STATISTICS = ("estimate", "se", "df", "ci_lower", "ci_upper", "p_value")
"""What the model gives at each visit."""
_FEWEST = 3
_TOO_FEW = f"fewer than {_FEWEST} participants have a change at the visit"


def summarise_mixed_model(inputs: AnalysisInputs) -> list[ResultRow]:
    """Estimate the mean change at each visit with the model's handling of missing visits.

    Visit and baseline-by-visit effects, all arms together, least squares means at the mean
    baseline of the rows used. A participant with a baseline and one later visit contributes.
    Reads the scores, participants and the sections analysis_sets, outcomes, visits and mixed_model.

    Returns
    -------
    list of ResultRow
        ``mmrm.<outcome>.<visit>.<set>.all.<estimate|se|df|ci_lower|ci_upper|p_value>``; none where
        the study has no section mixed_model. Where the model cannot be fitted, or a visit has
        fewer than three participants, the rows are not estimable and say why.
    """
    rules = inputs.study.mixed_model
    if rules is None:
        return []
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        if outcome.id in rules.outcomes:
            rows += _model(inputs, outcome, rules)
    return rows


def model_rows(inputs: AnalysisInputs, outcome: str, visits: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows that the model reads: one per participant and visit with a change."""
    members = inputs.members(inputs.main_set())["participant_id"]
    scores = inputs.scored()
    kept = (
        (scores["parameter"] == outcome)
        & scores["visit"].isin(visits)
        & scores["participant_id"].isin(members)
        & scores["change"].notna()
    )
    columns = ["participant_id", "visit", "baseline", "change"]
    return scores.loc[kept, columns].reset_index(drop=True)


def _model(inputs: AnalysisInputs, outcome: Outcome, rules: MixedModelRules) -> list[ResultRow]:
    data = model_rows(inputs, outcome.id, rules.visits)
    cell = Cell("mmrm", outcome.id, rules.visits[-1], inputs.main_set(), ALL, outcome.label)
    return fitted_rows(cell, data, rules, display=f"f{outcome.decimals}", unit=outcome.unit)


def fitted_rows(
    cell: Cell, data: pd.DataFrame, rules: MixedModelRules, *, display: str, unit: str
) -> list[ResultRow]:
    """Fit the model to rows and give its least squares means at each visit.

    Parameters
    ----------
    cell
        Where the rows belong; the visit is replaced.
    data
        Columns participant_id, visit, baseline and change.
    rules
        Visits in order, covariance and df. Visits with fewer than three participants are left out
        of the model.
    display, unit
        Of the estimates.
    """
    seen = data["visit"].value_counts()
    visits = [visit for visit in rules.visits if seen.get(visit, 0) >= _FEWEST]
    data = data[data["visit"].isin(visits)]
    rows: list[ResultRow] = []
    for visit in rules.visits:
        if visit not in visits:
            rows += cell.of(visit=visit).not_estimable(_TOO_FEW, STATISTICS)
    if not visits:
        return rows
    try:
        fit = mmrm(
            data,
            MODEL,
            subject="participant_id",
            visit="visit",
            covariance=rules.covariance,
            df_method=rules.df_method,
            visit_order=visits,
        )
        means = fit.lsmeans("visit")
    except StatisticsError as error:
        for visit in visits:
            rows += cell.of(visit=visit).not_estimable(error.message, STATISTICS)
        return rows
    for (visit,), mean in zip(means.levels, means.estimates, strict=True):
        cell = cell.of(visit=visit, n=int(seen[visit]), total=fit.participants, method=mean.method)
        values = {"estimate": mean.estimate, "se": mean.se}
        values |= {"ci_lower": mean.ci_lower, "ci_upper": mean.ci_upper}
        rows += [cell.row(name, value, display, unit) for name, value in values.items()]
        rows += [cell.row("df", mean.df, "f1"), cell.row("p_value", mean.p_value, "p")]
    return rows
