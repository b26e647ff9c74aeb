"""The scorecard: every published figure against what the pipeline gives.

A claim with an interval is compared in three parts: its value and both limits. A reproduced figure
agrees when it *prints* the same, half away from zero, at the precision of the source. Every
comparison can fail: a divergence of the register excuses a figure only inside the range that it
declares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.config.tier import Tier
from multifidus.literature.record.models import HIDDEN_VERDICT, NEEDS_DATA
from multifidus.literature.record.printed import Printed, parse_printed
from multifidus.literature.scorecard.labels import claim_label
from multifidus.results.ids import quantity_of
from multifidus.results.table import hidden_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from multifidus.literature.record.register import Register

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
_EFFECTS = ("mean", "estimate")
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


_NOTHING = _Judgement(NEEDS_DATA, "")


@dataclass(frozen=True, slots=True)
class _Sources:
    """What figures can be taken from, and what explains a mismatch."""

    results: Mapping[str, float]
    hidden: Mapping[str, str]
    recomputed: Mapping[tuple[str, str], Mapping[Any, Any]]
    register: Register
    held_out: frozenset[str]
    directions: Mapping[str, float]
    tier: str

    def turned(self, result_id: str) -> bool:
        """Whether the effect behind a p value is in the other direction than the printed one."""
        stem = result_id.rpartition(".")[0]
        printed = self.directions.get(stem, 0.0)
        ours = (self.results.get(f"{stem}.{name}", 0.0) for name in _EFFECTS)
        return result_id.endswith(".p_value") and any(printed * effect < 0 for effect in ours)


def build_scorecard(
    claims: pd.DataFrame,
    results: pd.DataFrame | None,
    recomputed: pd.DataFrame,
    register: Register,
    tier: str,
    *,
    held_out: Collection[str] = (),
) -> pd.DataFrame:
    """Compare every claim with what the pipeline gives.

    Parameters
    ----------
    claims
        As :func:`multifidus.literature.record.claims.load_claims` gives them.
    results
        The results table (``result_id`` and ``value`` are used); ignored in tier ``published``.
    recomputed
        As :func:`multifidus.literature.consistency.recompute.recompute_figures` gives them.
    register
        The divergence register with its ranges.
    tier
        Data tier of the run. ``published`` has no cohort: its claims are answered by recomputation
        where one is declared, and need participant data otherwise. In ``public`` and
        ``restricted`` the claims that need participant data are attempted where they name a
        result.
    held_out
        Claims that the synthetic cohort is not calibrated to; claims of the same quantity have the
        same evidence.

    Returns
    -------
    pandas.DataFrame
        One row per part of a claim, in the claims' order, columns :data:`SCORECARD_COLUMNS`.
        ``difference`` is reproduced less printed and ``tolerance`` half a unit of the last printed
        digit, plus the rounding of the inputs where a figure is recomputed; both are NaN for
        bounds such as ``< 0.0001`` and where nothing was reproduced. Verdicts: ``reproduced``
        (prints the same), ``within_rounding`` (within the tolerance, prints otherwise),
        ``other_data_cut``, ``unpublished_method`` and ``record_contradiction`` (differs, lies in
        the range that the register declares, and this is why), ``not_reproduced``,
        ``needs_participant_data``, and ``hidden`` (disclosure control leaves no figure to compare).
    """
    sources = _Sources(
        results={} if results is None or tier == Tier.PUBLISHED else _values(results),
        hidden={} if results is None or tier == Tier.PUBLISHED else hidden_words(results),
        recomputed={
            (row["claim_id"], row["part"]): row
            for row in recomputed.to_dict("records")
            if row["claim_id"]
        },
        register=register,
        held_out=_quantities(claims, held_out) if tier == Tier.SYNTHETIC else frozenset(),
        directions=_directions(claims),
        tier=tier,
    )
    rows = [row for claim in claims.to_dict("records") for row in _score_claim(claim, sources)]
    frame = pd.DataFrame(rows, columns=list(SCORECARD_COLUMNS))
    numbers = ["difference", "tolerance"]
    frame[numbers] = frame[numbers].astype("float64")
    return frame


def _quantities(claims: pd.DataFrame, held_out: Collection[str]) -> frozenset[str]:
    named = claims.loc[claims["claim_id"].isin(held_out), "result_id"]
    return frozenset(quantity_of(result_id) for result_id in named)


def _directions(claims: pd.DataFrame) -> dict[str, float]:
    """Return the sign of every printed effect, by its result's id without the statistic."""
    printed = claims[claims["statistic"].isin(_EFFECTS)]
    return {
        row["result_id"].rpartition(".")[0]: parse_printed(row["value_printed"]).value
        for row in printed.to_dict("records")
        if row["result_id"]
    }


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
        if ours is None:
            judgement = obstacle
        elif sources.turned(result_id):
            judgement = _Judgement("not_reproduced", "The effect is in the other direction.")
        else:
            judgement = _judge(claim, part, printed, ours, sources.register)
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
            _evidence(claim, sources) if ours is None else ours.evidence,
            judgement.verdict,
            judgement.reason,
            result_id,
        )


def _part_id(result_id: str, part: str) -> str:
    """Return the id of a limit: that of the value with its last part replaced."""
    if not result_id or part == "value":
        return result_id
    return f"{result_id.rpartition('.')[0]}.{part}"


def _evidence(claim: Mapping[Any, Any], sources: _Sources) -> str:
    result_id, evidence = claim["result_id"], claim["evidence"]
    if sources.tier in _PARTICIPANT_TIERS and result_id and evidence != "recomputed":
        return "participant_data"
    if evidence == "recovered_from_cohort" and quantity_of(result_id) in sources.held_out:
        return "held_out"
    return str(claim["evidence"])


def _reproduce(
    claim: Mapping[Any, Any], part: str, result_id: str, sources: _Sources
) -> tuple[_Reproduction | None, _Judgement]:
    """Return our figure, or None with the judgement that replaces it."""
    evidence = _evidence(claim, sources)
    from_figures = sources.recomputed.get((claim["claim_id"], part))
    if from_figures is not None and (sources.tier == Tier.PUBLISHED or evidence == "recomputed"):
        return _from_figures(from_figures), _NOTHING
    if evidence == "recomputed":
        return None, _Judgement("not_reproduced", "No recomputation is declared for this figure.")
    if evidence == "needs_participant_data":
        return None, _Judgement(NEEDS_DATA, str(claim["note"]))
    if sources.tier == Tier.PUBLISHED:
        reason = "No cohort in the published tier, and no other published figure gives it."
        return None, _Judgement(NEEDS_DATA, reason)
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
            return None, _Judgement("not_reproduced", "Not estimable from the data.")
        return None, _Judgement("not_reproduced", f"The row {result_id} holds no number.")
    sign = -1.0 if claim["statistic"] == "mean_reduction" else 1.0
    return _Reproduction(sign * value, 0.0, evidence, _words_of(evidence)), _NOTHING


def _from_figures(row: Mapping[Any, Any]) -> _Reproduction:
    value = float(row["value"])
    spread = max(float(row["high"]) - value, value - float(row["low"]))
    words = f"Follows from other published figures ({row['method']})"
    return _Reproduction(value, spread, "recomputed", words)


def _words_of(evidence: str) -> str:
    return {
        "participant_data": "The participant data give this figure",
        "held_out": "The cohort gives this figure, which it was not calibrated to",
    }.get(evidence, "The pipeline recovers it from the calibrated cohort")


def _judge(
    claim: Mapping[Any, Any],
    part: str,
    printed: Printed,
    ours: _Reproduction,
    register: Register,
) -> _Judgement:
    if printed.prints_as(ours.value):
        return _Judgement("reproduced", f"{ours.words}.")
    tolerance = printed.half_unit + ours.input_rounding
    if printed.relation == "=" and abs(ours.value - printed.value) <= tolerance + _SLACK:
        inputs = " of the printed inputs" if ours.input_rounding else ""
        return _Judgement("within_rounding", f"{ours.words}, within the rounding{inputs}.")
    expected = register.expected(claim["claim_id"], part)
    if expected is None:
        return _Judgement("not_reproduced", "Differs by more than its print allows.")
    preferred = claim["superseded_by"]
    tail = f" Preferred: {preferred}." if preferred else ""
    if expected.lower - _SLACK <= ours.value <= expected.upper + _SLACK:
        reason = register.reasons[claim["declared_contradiction"]]
        return _Judgement(expected.verdict, f"{reason} {expected.words}{tail}")
    reason = f"Differs, and lies outside what the declared divergence explains. {expected.words}"
    return _Judgement("not_reproduced", f"{reason}{tail}")
