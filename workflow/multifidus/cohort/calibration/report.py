"""The calibration report: where the finished cohort landed inside every published window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.errors import DataError
from multifidus.cohort.calibration.attrition import likelihood_means
from multifidus.cohort.calibration.verify import Recomputed, ResultParts
from multifidus.cohort.design import BASELINE, FOLLOW_UPS
from multifidus.cohort.participants.latent import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from multifidus.cohort.calibration.targets import CohortTargets, Window
    from multifidus.cohort.design import CohortDesign
    from multifidus.cohort.devices.usage import DeviceUse

__all__ = ["calibration_report", "require_met"]

_COLUMNS = (
    "target", "claim_id", "printed", "low", "high", "reached", "met", "iterations", "note",
)  # fmt: skip
_TINY = 1e-9
_MODEL_NOTE = "published in words only: weaker than completed cases, in the same direction"


def calibration_report(
    tables: Mapping[str, pd.DataFrame],
    usage: tuple[DeviceUse, ...],
    targets: CohortTargets,
    design: CohortDesign,
    steps: Mapping[str, int],
) -> pd.DataFrame:
    """Hold every target against the finished tables.

    Parameters
    ----------
    tables
        Raw tables.
    usage
        Truth behind the logs.
    targets
        Windows, and the claims that were declined.
    design
        The design, for the value set.
    steps
        Visit and outcome to the steps of the search.

    Returns
    -------
    DataFrame
        Columns ``target`` (a result id), ``claim_id``, ``printed``, ``low``, ``high``, ``reached``,
        ``met`` (missing for what is not computed here and for declined claims), ``iterations`` of
        the search behind it, ``note``.
    """
    recomputed = Recomputed(tables, usage, design)
    rows = [_row(window, recomputed, steps) for window in targets]
    rows += _model_rows(recomputed, targets)
    rows += [
        dict(zip(_COLUMNS, (result_id, claim_id, *[None] * 6, reason), strict=True))
        for claim_id, result_id, reason in targets.declined
    ]
    kinds = {"met": "boolean", "iterations": "Int64"}
    numbers = dict.fromkeys(("low", "high", "reached"), "float64")
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(kinds | numbers)


def _row(window: Window, recomputed: Recomputed, steps: Mapping[str, int]) -> dict[str, object]:
    reached = recomputed.value(window.result_id)
    parts = ResultParts(*window.result_id.split("."))
    named = [name for name in OUTCOMES if name in parts.outcome] or [parts.outcome]
    low, high = window.lower, window.upper
    note = "" if reached is not None else "not computed by the generator"
    if parts.analysis == "percent_change" and parts.statistic == "mean" and low > 0:
        low, high, note = -high, -low, "a reduction, printed without its sign"
    return {
        "target": window.result_id,
        "claim_id": window.claim_id,
        "printed": window.printed,
        "low": low,
        "high": high,
        "reached": reached,
        "met": None if reached is None else low - _TINY <= reached <= high + _TINY,
        "iterations": steps.get(f"{named[0]} at {parts.visit}"),
        "note": note,
    }


def _model_rows(recomputed: Recomputed, targets: CohortTargets) -> Iterator[dict[str, object]]:
    """Yield whether a likelihood model on all visits is weaker than completed cases at the end."""
    last = FOLLOW_UPS[-1]
    for outcome in OUTCOMES:
        if targets.get(f"change.{outcome}.{last}.observed.all.mean") is None:
            continue
        visits = [BASELINE, *FOLLOW_UPS[1:]]
        scores = pd.DataFrame({visit: recomputed.wide[outcome, visit] for visit in visits})
        means = likelihood_means(scores.to_numpy(dtype=float))
        completed = float((scores[last] - scores[BASELINE]).mean())
        reached = float(means[-1] - means[0])
        yield {
            "target": f"mmrm.{outcome}.{last}.itt.all.estimate",
            "claim_id": None,
            "printed": None,
            "low": min(completed, 0.0),
            "high": max(completed, 0.0),
            "reached": reached,
            "met": 0.0 < reached / completed < 1.0,
            "iterations": None,
            "note": _MODEL_NOTE,
        }


def require_met(report: pd.DataFrame) -> None:
    """Refuse a cohort that misses a target.

    Raises
    ------
    DataError
        ``COH-005`` naming the results that were missed.
    """
    missed = report.loc[~report["met"].fillna(value=True).astype(bool), "target"]
    if len(missed):
        raise DataError(
            "COH-005",
            f"the synthetic cohort misses {len(missed)} published figure(s) "
            f"({', '.join(missed[:3])}); check these claims for contradictions",
        )
