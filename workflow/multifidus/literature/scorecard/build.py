"""The scorecard: every published figure against what the pipeline gives.

A claim with an interval is held in three parts: its value and both limits. A reproduced figure
agrees when it *prints* the same, half away from zero, at the precision of the source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.config.tier import Tier
from multifidus.literature.record.models import HIDDEN_VERDICT
from multifidus.literature.record.printed import Printed, parse_printed
from multifidus.literature.scorecard.labels import claim_label
from multifidus.results.table import hidden_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SCORECARD_COLUMNS", "build_scorecard"]

SCORECARD_COLUMNS = (
    "claim_id",
    "part",
    "family",
    "source",
    "label",
    "printed",
    "reproduced",
    "difference",
    "tolerance",
    "evidence",
    "verdict",
    "reason",
    "result_id",
)
"""Columns of the scorecard in order."""

_PARTICIPANT_TIERS = (Tier.PUBLIC, Tier.RESTRICTED)
_SLACK = 1e-9
_UNITS_SHOWN = ("cm", "points", "years", "h", "min", "min per day")
_PART_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "value": "value_printed",
        "ci_lower": "ci_lower_printed",
        "ci_upper": "ci_upper_printed",
    }
)
_PART_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "value": "",
        "ci_lower": ", lower confidence limit",
        "ci_upper": ", upper confidence limit",
    }
)


@dataclass(frozen=True, slots=True)
class _Reproduction:
    """A figure of ours: its value, the rounding it inherits, where it is from, and how."""

    value: float
    input_rounding: float
    evidence: str
    words: str


@dataclass(frozen=True, slots=True)
class _Judgement:
    verdict: str
    reason: str


_NOTHING = _Judgement("not_attempted", "")


@dataclass(frozen=True, slots=True)
class _Sources:
    """What figures can be taken from, and what explains a mismatch."""

    results: Mapping[str, float]
    hidden: Mapping[str, str]
    recomputed: Mapping[tuple[str, str], Mapping[Any, Any]]
    divergences: Mapping[str, Mapping[Any, Any]]
    tier: str


def build_scorecard(
    claims: pd.DataFrame,
    results: pd.DataFrame | None,
    recomputed: pd.DataFrame,
    divergences: pd.DataFrame,
    tier: str,
) -> pd.DataFrame:
    """Hold every claim against the pipeline.

    Parameters
    ----------
    claims
        As :func:`multifidus.literature.record.claims.load_claims` gives them.
    results
        The results table (``result_id`` and ``value`` are used); ignored in tier ``published``.
    recomputed
        As :func:`multifidus.literature.consistency.recompute.recompute_figures` gives them.
    divergences
        The divergence register.
    tier
        Data tier of the run. ``published`` has no cohort: its claims are answered by recomputation
        where one is declared and not attempted else. In ``public`` and ``restricted`` the claims
        that need participant data are attempted where they name a result.

    Returns
    -------
    pandas.DataFrame
        One row per part of a claim, in the claims' order, columns :data:`SCORECARD_COLUMNS`.
        ``difference`` is reproduced less printed and ``tolerance`` half a unit of the last printed
        digit, plus the rounding of the inputs where a figure is recomputed; both are NaN for
        bounds such as ``< 0.0001`` and where nothing was reproduced. Verdicts: ``reproduced``
        (prints the same), ``within_rounding`` (within the tolerance, prints otherwise),
        ``declared_contradiction`` (differs, and the register says why), ``not_reproduced``,
        ``not_attempted``, and ``hidden`` (disclosure control leaves no figure to compare).
    """
    sources = _Sources(
        results={} if results is None or tier == Tier.PUBLISHED else _values(results),
        hidden={} if results is None or tier == Tier.PUBLISHED else hidden_words(results),
        recomputed={
            (row["claim_id"], row["part"]): row
            for row in recomputed.to_dict("records")
            if row["claim_id"]
        },
        divergences={row["divergence_id"]: row for row in divergences.to_dict("records")},
        tier=tier,
    )
    rows = [row for claim in claims.to_dict("records") for row in _score_claim(claim, sources)]
    frame = pd.DataFrame(rows, columns=list(SCORECARD_COLUMNS))
    numbers = ["difference", "tolerance"]
    frame[numbers] = frame[numbers].astype("float64")
    return frame


def _values(results: pd.DataFrame) -> dict[str, float]:
    return dict(
        zip(results["result_id"].astype(str), results["value"].astype("float64"), strict=True)
    )


def _score_claim(claim: Mapping[Any, Any], sources: _Sources) -> Iterator[tuple[Any, ...]]:
    label = claim_label(claim["outcome"], claim["visit"], claim["group"], claim["statistic"])
    unit = f" ({claim['unit']})" if claim["unit"] in _UNITS_SHOWN else ""
    for part, column in _PART_COLUMNS.items():
        if not claim[column]:
            continue
        printed = parse_printed(claim[column])
        result_id = _part_id(claim["result_id"], part)
        ours, obstacle = _reproduce(claim, part, result_id, sources)
        judgement = (
            obstacle if ours is None else _judge(claim, part, printed, ours, sources.divergences)
        )
        measured = ours is not None and printed.relation == "="
        yield (
            claim["claim_id"],
            part,
            claim["family"],
            claim["source"],
            label + _PART_WORDS[part] + unit,
            printed.text,
            "" if ours is None else printed.show(ours.value),
            ours.value - printed.value if ours and measured else float("nan"),
            printed.half_unit + ours.input_rounding if ours and measured else float("nan"),
            _evidence(claim, sources.tier) if ours is None else ours.evidence,
            judgement.verdict,
            judgement.reason,
            result_id,
        )


def _part_id(result_id: str, part: str) -> str:
    """Return the id of a limit: that of the value with its last part replaced."""
    if not result_id or part == "value":
        return result_id
    return f"{result_id.rpartition('.')[0]}.{part}"


def _evidence(claim: Mapping[Any, Any], tier: str) -> str:
    if tier in _PARTICIPANT_TIERS and claim["result_id"] and claim["evidence"] != "recomputed":
        return "participant_data"
    return str(claim["evidence"])


def _reproduce(
    claim: Mapping[Any, Any], part: str, result_id: str, sources: _Sources
) -> tuple[_Reproduction | None, _Judgement]:
    """Return our figure, or None with the judgement that replaces it."""
    evidence = _evidence(claim, sources.tier)
    from_figures = sources.recomputed.get((claim["claim_id"], part))
    if from_figures is not None and (sources.tier == Tier.PUBLISHED or evidence == "recomputed"):
        return _from_figures(from_figures), _NOTHING
    if evidence == "recomputed":
        return None, _Judgement("not_reproduced", "No recomputation is declared for this figure.")
    if evidence == "needs_participant_data":
        return None, _Judgement("not_attempted", str(claim["note"]))
    if sources.tier == Tier.PUBLISHED:
        reason = "No cohort in the published tier, and no other published figure gives it."
        return None, _Judgement("not_attempted", reason)
    return _from_results(claim, result_id, evidence, sources)


def _from_results(
    claim: Mapping[Any, Any], result_id: str, evidence: str, sources: _Sources
) -> tuple[_Reproduction | None, _Judgement]:
    value = sources.results.get(result_id)
    if result_id in sources.hidden:
        reason = f"Disclosure control hides this figure of the run ({sources.hidden[result_id]})."
        return None, _Judgement(HIDDEN_VERDICT, reason)
    if value is None:
        reason = f"The results table has no row {result_id}."
        return None, _Judgement("not_reproduced", reason)
    if not math.isfinite(value):
        if sources.tier in _PARTICIPANT_TIERS:
            return None, _Judgement("not_attempted", "Not estimable from the data.")
        return None, _Judgement("not_reproduced", f"The row {result_id} holds no number.")
    sign = -1.0 if claim["statistic"] == "mean_reduction" else 1.0
    return _Reproduction(sign * value, 0.0, evidence, _words_of(sources.tier)), _NOTHING


def _from_figures(row: Mapping[Any, Any]) -> _Reproduction:
    value = float(row["value"])
    spread = max(float(row["high"]) - value, value - float(row["low"]))
    words = f"Follows from other published figures ({row['method']})"
    return _Reproduction(value, spread, "recomputed", words)


def _words_of(tier: str) -> str:
    if tier in _PARTICIPANT_TIERS:
        return "The participant data give this figure"
    return "The pipeline recovers it from the calibrated cohort"


def _judge(
    claim: Mapping[Any, Any],
    part: str,
    printed: Printed,
    ours: _Reproduction,
    divergences: Mapping[str, Mapping[Any, Any]],
) -> _Judgement:
    if printed.prints_as(ours.value):
        return _Judgement("reproduced", f"{ours.words}.")
    tolerance = printed.half_unit + ours.input_rounding
    if printed.relation == "=" and abs(ours.value - printed.value) <= tolerance + _SLACK:
        inputs = " of the printed inputs" if ours.input_rounding else ""
        return _Judgement("within_rounding", f"{ours.words}, within the rounding{inputs}.")
    register = divergences.get(claim["declared_contradiction"])
    if register is not None and register["part"] in ("all", part):
        preferred = claim["superseded_by"]
        tail = f" Preferred: {preferred}." if preferred else ""
        return _Judgement("declared_contradiction", f"{register['reason']}{tail}")
    return _Judgement("not_reproduced", "Differs by more than its print allows.")
