"""Outcome against the therapy delivered before the visit: exploratory, and not an effect.

Who used the device more may have improved because of it, or may have gone on using it because of
having improved; the data of one cohort do not tell these apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.stats.association import linear_slope, spearman
from multifidus.stats.means import mean_interval

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from multifidus.config.study import Outcome
    from multifidus.results.table import ResultRow

__all__ = ["DOSES", "THIRDS", "exposure_response_rows"]

DOSES = {
    "hours": ("hours of therapy", "h", 100.0, "100 h"),
    "share": ("share of the prescribed time", "%", 10.0, "10 points"),
}
"""Dose to its words, unit, step of the slope and the step in words."""
THIRDS = {
    "third1": "lowest third of use",
    "third2": "middle third of use",
    "third3": "highest third of use",
}
"""Group of the results to its words."""
_CAUTION = "Exploratory: association, not effect"
_FEWEST = 6


def exposure_response_rows(inputs: AnalysisInputs, months: pd.DataFrame) -> list[ResultRow]:
    """Set the change of every outcome at the yearly visits against use before the visit.

    Use is the sum over the months of therapy that ended by the day of assessment, as hours and as
    the share of the prescribed time. Those count whose logs show the share of these days that the
    study file asks for (a lifetime counter shows a month). Thirds are cut at the 33.3 and 66.7 per
    cent points (SAS definition 5); who is at a cut belongs to the lower third.

    Parameters
    ----------
    inputs
        Scores and the sections device_use, visits and outcomes.
    months
        As :func:`multifidus.devicelogs.adherence.periods.measure_months` gives them.

    Returns
    -------
    list of ResultRow
        ``exposure_response.<outcome>.<visit>.<hours|share>.<third1|third2|third3>.<mean|ci_lower|
        ci_upper|use>``, ``...<slope|spearman>.<estimate|ci_lower|ci_upper|p_value>`` and, with
        the bounds of use, ``....hours_lower.spearman...`` and ``hours_upper``. ``N`` counts those
        with a change at the visit. None with fewer than six participants.
    """
    rules = inputs.study.device_use
    rows: list[ResultRow] = []
    for visit in inputs.study.visits:
        if rules is None or visit.years is None or visit.years < 1:
            continue
        for outcome in inputs.study.outcomes:
            scores = inputs.scored()
            here = scores[(scores["parameter"] == outcome.id) & (scores["visit"] == visit.id)]
            here = here.dropna(subset=["change"])
            known = _use_before(here, months)
            known = known[known["seen"] >= rules.minimum_coverage]
            if len(known) < _FEWEST:
                continue
            cell = Cell("exposure_response", outcome.id, visit.id, "", "", outcome.label)
            rows += _outcome(cell.of(n=len(known), total=len(here)), outcome, known)
    return rows


def _use_before(here: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Return one row per participant with therapy before the assessment: change and use."""
    joined = here[["participant_id", "assessment_date", "change"]].merge(
        months, on="participant_id"
    )
    joined = joined[joined["end_date"] <= joined["assessment_date"]]
    by_counter = joined["hours_source"] == "lifetime counter"
    joined = joined.assign(
        known_days=joined["observed_days"].where(~by_counter, joined["exposure_days"])
    )
    totals = joined.groupby("participant_id", sort=True).agg(
        change=("change", "first"),
        hours=("hours", "sum"),
        hours_lower=("hours_lower", "sum"),
        hours_upper=("hours_upper", "sum"),
        prescribed=("prescribed_hours", "sum"),
        days=("exposure_days", "sum"),
        known_days=("known_days", "sum"),
    )
    totals = totals[totals["known_days"] > 0]
    seen = totals["known_days"] / totals["days"]
    return totals.assign(seen=seen, share=100 * totals["hours"] / (totals["prescribed"] * seen))


def _outcome(cell: Cell, outcome: Outcome, known: pd.DataFrame) -> list[ResultRow]:
    change = known["change"].to_numpy(dtype="float64")
    rows: list[ResultRow] = []
    for dose, (words, unit, step, step_words) in DOSES.items():
        use = known[dose].to_numpy(dtype="float64")
        if np.ptp(use) == 0 or np.ptp(change) == 0:
            continue
        here = cell.of(population=dose)
        rows += _thirds(here, outcome, use, change, unit)
        slope = linear_slope(use / step, change)
        at = here.of(
            group="slope",
            label=f"{outcome.label}: change per {step_words} of use",
            method=f"{_CAUTION}; {slope.method}",
        )
        display = f"f{outcome.decimals + 1}"
        unit_words = f"{outcome.unit} per {step_words}"
        rows.append(at.row("estimate", slope.estimate, display, unit_words))
        rows.append(at.row("ci_lower", slope.ci_lower, display, unit_words))
        rows.append(at.row("ci_upper", slope.ci_upper, display, unit_words))
        rows.append(at.row("p_value", slope.p_value, "p"))
        rows += _ranks(here, f"{outcome.label}: change with {words}", use, change)
    for bound in ("lower", "upper"):
        use = known[f"hours_{bound}"].to_numpy(dtype="float64")
        if np.ptp(use) and np.ptp(change):
            label = f"{outcome.label}: change with hours of therapy, {bound} bound"
            rows += _ranks(cell.of(population=f"hours_{bound}"), label, use, change)
    return rows


def _ranks(
    cell: Cell, label: str, use: NDArray[np.float64], change: NDArray[np.float64]
) -> list[ResultRow]:
    found = spearman(use, change)
    at = cell.of(group="spearman", label=label, method=f"{_CAUTION}; {found.method}")
    return [
        at.row("estimate", found.estimate, "f2"),
        at.row("ci_lower", found.ci_lower, "f2"),
        at.row("ci_upper", found.ci_upper, "f2"),
        at.row("p_value", found.p_value, "p"),
    ]


def _thirds(
    cell: Cell,
    outcome: Outcome,
    use: NDArray[np.float64],
    change: NDArray[np.float64],
    unit: str,
) -> list[ResultRow]:
    cuts = np.quantile(use, [1 / 3, 2 / 3], method="averaged_inverted_cdf")
    third = np.searchsorted(cuts, use, side="left")
    rows: list[ResultRow] = []
    for number, (group, words) in enumerate(THIRDS.items()):
        own = change[third == number]
        if len(own) < 2:  # noqa: PLR2004 - an interval needs two values
            continue
        found = mean_interval(own)
        at = cell.of(group=group, label=f"{outcome.label}: {words}", n=found.n)
        at = at.of(method=f"{_CAUTION}; {found.method}")
        display = f"f{outcome.decimals}"
        rows.append(at.row("mean", found.mean, display, outcome.unit))
        rows.append(at.row("ci_lower", found.ci_lower, display, outcome.unit))
        rows.append(at.row("ci_upper", found.ci_upper, display, outcome.unit))
        rows.append(at.row("use", float(use[third == number].mean()), "f0", unit))
    return rows
