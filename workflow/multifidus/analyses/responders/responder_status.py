"""Who is a responder at which visit, on unrounded scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.instruments.visits import place_records

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.config.study import Outcome, Responder, Worsening

__all__ = ["CUT_TOLERANCE", "reached", "responder_status", "worsened"]

CUT_TOLERANCE = 1e-9
"""A cut counts as reached within this distance: it absorbs binary noise of sums such as
7.0 - 4.9 cm and is a billionth of the finest difference the instruments can record."""


def responder_status(inputs: AnalysisInputs) -> pd.DataFrame:
    """Classify every participant at every visit after baseline.

    A definition needs its scores: a per cent or absolute reduction needs the baseline and the
    visit, a level needs the visit. ``any_of`` is decided by the parts that can be classified, at
    least one of them; ``all_of`` needs every part. A definition without worsening also needs
    baseline and visit of every outcome that it watches: one of the two does not show whether the
    other measure got worse. Where what is needed is missing the participant is not classified.

    Parameters
    ----------
    inputs
        Scores, the section responders, outcomes and visits, and the table ``analgesics``
        where a definition refuses an increase of analgesics (no answer counts as no increase).

    Returns
    -------
    DataFrame
        participant_id, visit, responder, met (bool); one row per classified participant, sorted.
    """
    wide: dict[str, pd.Series[Any]] = {}
    by_id = {item.id: item for item in inputs.study.responders}
    for item in inputs.study.responders:
        wide[item.id] = _status(item, by_id, wide, inputs)
    parts = []
    for item in inputs.study.responders:
        status = wide[item.id].dropna()
        if item.visits is not None:
            status = status[status.index.get_level_values("visit").isin(item.visits)]
        frame = status.astype(bool).rename("met").reset_index()
        parts.append(frame.assign(responder=item.id))
    columns = ["participant_id", "visit", "responder", "met"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def _status(
    item: Responder,
    by_id: dict[str, Responder],
    done: dict[str, pd.Series[Any]],
    inputs: AnalysisInputs,
) -> pd.Series[Any]:
    """Return met or not by (participant_id, visit); what cannot be classified is absent."""
    if item.kind in ("any_of", "all_of"):
        parts = [
            done[name] if name in done else _status(by_id[name], by_id, done, inputs)
            for name in item.of
        ]
        if item.kind == "any_of":
            met = pd.concat(parts, axis=1).eq(True).any(axis=1)
        else:
            met = pd.concat(parts, axis=1, join="inner").astype(bool).all(axis=1)
    else:
        met = _reached(item, _outcome(inputs, item.outcome), inputs)
    for rule in item.without_worsening:
        worse = _worsened(rule, inputs)
        met = met[met.index.isin(worse.index)]
        met = met & ~worse.reindex(met.index)
    if item.refuse_analgesic_increase:
        increased = _increased(inputs)
        met = met & ~met.index.isin(increased)
    return met


def _outcome(inputs: AnalysisInputs, name: str | None) -> Outcome:
    return next(one for one in inputs.study.outcomes if one.id == name)


def _later(outcome: Outcome, inputs: AnalysisInputs) -> pd.DataFrame:
    """Return an outcome's scores after baseline by (participant_id, visit)."""
    scores = inputs.scored()
    rows = scores[scores["parameter"] == outcome.id]
    rows = rows[rows["visit"] != inputs.study.visits[0].id]
    return rows.set_index(["participant_id", "visit"]).sort_index()


def _worsened(rule: Worsening, inputs: AnalysisInputs) -> pd.Series[Any]:
    """Return whether an outcome is worse, where its baseline and visit are known."""
    outcome = _outcome(inputs, rule.outcome)
    rows = _later(outcome, inputs).dropna(subset=["value", "baseline"])
    worse = worsened(rule, outcome.better, rows["value"].to_numpy(), rows["baseline"].to_numpy())
    return pd.Series(worse, index=rows.index)


def _reached(item: Responder, outcome: Outcome, inputs: AnalysisInputs) -> pd.Series[Any]:
    rows = _later(outcome, inputs)
    value, start = rows["value"], rows["baseline"]
    known = value.notna() if item.kind == "level_at_most" else value.notna() & start.notna()
    if item.kind == "percent_reduction":
        known &= start > 0
    met = reached(item, outcome.better, value.to_numpy(), start.to_numpy())
    return pd.Series(met, index=rows.index)[known]


def reached(
    item: Responder,
    better: str,
    value: NDArray[np.float64],
    baseline: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Apply a definition on one outcome to values; False where something is missing.

    A reduction in per cent of a baseline that is not above zero is never reached.

    Parameters
    ----------
    item
        A definition that is not joined.
    better
        Whether ``lower`` or ``higher`` values are better.
    value, baseline
        Unrounded values of shapes that broadcast.
    """
    threshold = float(item.threshold or 0.0)
    gain = (baseline - value) if better == "lower" else (value - baseline)
    with np.errstate(invalid="ignore"):
        if item.kind == "level_at_most":
            return np.asarray(value <= threshold + CUT_TOLERANCE)
        if item.kind == "percent_reduction":
            cut = threshold * baseline - 100.0 * CUT_TOLERANCE
            return np.asarray((100.0 * gain >= cut) & (baseline > 0))
        return np.asarray(gain >= threshold - CUT_TOLERANCE)


def worsened(
    rule: Worsening,
    better: str,
    value: NDArray[np.float64],
    baseline: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Return whether values are worse than baseline by more than a rule allows.

    Parameters
    ----------
    rule
        Outcome and the change for the worse that is still none; equal to it is no worsening.
    better
        Whether ``lower`` or ``higher`` values are better.
    value, baseline
        Unrounded values of shapes that broadcast; False where one is missing.
    """
    loss = (value - baseline) if better == "lower" else (baseline - value)
    with np.errstate(invalid="ignore"):
        return np.asarray(loss > rule.more_than + CUT_TOLERANCE)


def _increased(inputs: AnalysisInputs) -> pd.MultiIndex:
    """Return (participant_id, visit) with any increase of analgesics, in the visit windows."""
    answered = inputs.tables["analgesics"]["analgesic_increase"].notna()
    placed = place_records("analgesics", inputs.tables, inputs.study, answered)
    used = placed[(placed["flag"] == "used") & placed["analgesic_increase"].astype(bool)]
    keys = used[["participant_id", "analysis_visit"]].rename(columns={"analysis_visit": "visit"})
    return pd.MultiIndex.from_frame(keys.astype({"visit": np.dtype(object)}))
