"""The models of the tables under ``literature/``: claims and what explains them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pandas as pd

from multifidus.base.errors import LiteratureError
from multifidus.config.tier import Tier
from multifidus.literature.record.printed import Printed, parse_printed
from multifidus.literature.record.tables import Column, Kind, RowRule, TableModel

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CLAIMS",
    "DIVERGENCES",
    "DIVERGENCE_VERDICTS",
    "DIVERGENT_FIGURES",
    "EVIDENCE",
    "EXPECTED_VERDICTS",
    "FAMILIES",
    "HIDDEN_VERDICT",
    "NEEDS_DATA",
    "PARTS",
    "RECOMPUTATIONS",
    "SOURCES",
    "TIERS",
    "VERDICTS",
]

EVIDENCE = ("recovered_from_cohort", "recomputed", "needs_participant_data")
FAMILIES = (
    "five_year_abstract",
    "follow_up",
    "baseline",
    "randomised",
    "opioids",
    "device_use",
    "flow",
    "other",
)
PARTS = ("value", "ci_lower", "ci_upper")
TIERS = tuple(tier.value for tier in Tier)
DIVERGENCE_VERDICTS = ("other_data_cut", "unpublished_method", "record_contradiction")
"""Why a figure of ours may differ, where the register says so and how far."""
VERDICTS = (
    "reproduced",
    "within_rounding",
    *DIVERGENCE_VERDICTS,
    "not_reproduced",
    "needs_participant_data",
)
NEEDS_DATA = "needs_participant_data"
HIDDEN_VERDICT = "hidden"
"""Verdict where disclosure control hides the run's figure; named only where one has it."""
_SLOP = 1e-12
_RESULT_PARTS = 6


def _printed(text: str) -> Printed | None:
    try:
        return parse_printed(text)
    except LiteratureError:
        return None


def _rows(frame: pd.DataFrame) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", frame.to_dict("records"))


def _each(rule: Callable[[dict[str, str]], bool]) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """Lift a rule on one row of text to a rule on the frame."""

    def holds(frame: pd.DataFrame) -> pd.Series[bool]:
        verdicts = [rule(row) for row in _rows(frame)]
        return pd.Series(verdicts, index=frame.index, dtype=bool)

    return holds


def _value_is_printed(row: dict[str, str]) -> bool:
    printed = _printed(row["value_printed"])
    if printed is None:
        return False
    try:
        return abs(float(row["value"]) - printed.value) < _SLOP
    except ValueError:
        return True  # another rule speaks of cells that are not numbers


def _interval_is_printed(row: dict[str, str]) -> bool:
    lower, upper = row["ci_lower_printed"], row["ci_upper_printed"]
    if not lower and not upper:
        return not row["ci_level"]
    low, mid, high = _printed(lower), _printed(row["value_printed"]), _printed(upper)
    if low is None or mid is None or high is None or not row["ci_level"]:
        return False
    return low.number <= mid.number <= high.number


def _count_within_n(row: dict[str, str]) -> bool:
    count, n = row["count_printed"], row["n_printed"]
    if not count:
        return True
    return n.isdigit() and (not count.isdigit() or int(count) <= int(n))


def _result_id_is_whole(row: dict[str, str]) -> bool:
    parts = row["result_id"].split(".")
    return row["result_id"] == "" or (len(parts) == _RESULT_PARTS and all(parts))


CLAIMS = TableModel(
    "claims.csv",
    "Published figures, one row per printed number.",
    ("claim_id",),
    (
        Column("claim_id", "Stable id.", Kind.SLUG),
        Column("source", "Key in references.bib."),
        Column("locator", "Place in the source and, in brackets, the page it was seen on."),
        Column("study", "Study the figure belongs to.", Kind.SLUG),
        Column("outcome", "What is measured.", Kind.SLUG),
        Column("visit", "When; `overall` for the whole study.", Kind.SLUG),
        Column("population", "Analysis set, or `observed`.", Kind.SLUG),
        Column("group", "Arm, `all`, or `treatment_vs_control`.", Kind.SLUG),
        Column("statistic", "Which statistic; `mean_reduction` is a fall as a size.", Kind.SLUG),
        Column("value_printed", "The figure, exactly as printed."),
        Column("value", "The figure as a number.", Kind.NUMBER),
        Column("unit", "Unit; empty for p values.", required=False),
        Column("ci_lower_printed", "Lower confidence limit as printed.", required=False),
        Column("ci_upper_printed", "Upper confidence limit as printed.", required=False),
        Column("ci_level", "Confidence level in per cent.", Kind.NUMBER, required=False),
        Column("n_printed", "Denominator as printed.", Kind.COUNT, required=False),
        Column("count_printed", "Numerator as printed.", Kind.COUNT, required=False),
        Column("result_id", "Id in the results table that answers it.", required=False),
        Column("evidence", "What can answer it.", allowed=EVIDENCE),
        Column("family", "Heading on the scorecard.", allowed=FAMILIES),
        Column("superseded_by", "Claim that is preferred to it.", Kind.SLUG, required=False),
        Column(
            "declared_contradiction", "Row of divergences.csv on it.", Kind.SLUG, required=False
        ),
        Column("note", "Remark, one sentence.", required=False),
    ),
    (
        RowRule(
            "value_matches_print",
            "value must be the number that value_printed shows",
            _each(_value_is_printed),
        ),
        RowRule(
            "interval_whole",
            "the limits must be printed figures on either side of the value, both or neither, "
            "with ci_level",
            _each(_interval_is_printed),
        ),
        RowRule(
            "count_within_n",
            "count_printed needs an n_printed not below it",
            _each(_count_within_n),
        ),
        RowRule(
            "result_id_whole",
            "result_id must have six parts joined by points",
            _each(_result_id_is_whole),
        ),
        RowRule(
            "recovered_has_result",
            "evidence recovered_from_cohort needs a result_id",
            _each(lambda row: row["evidence"] != "recovered_from_cohort" or row["result_id"] != ""),
        ),
        RowRule(
            "needs_data_says_why",
            "evidence needs_participant_data needs a note that says why",
            _each(lambda row: row["evidence"] != "needs_participant_data" or row["note"] != ""),
        ),
        RowRule(
            "superseded_is_declared",
            "superseded_by needs a declared_contradiction with the rule",
            _each(lambda row: row["superseded_by"] == "" or row["declared_contradiction"] != ""),
        ),
        RowRule(
            "not_superseded_by_itself",
            "superseded_by must name another claim",
            _each(lambda row: row["superseded_by"] != row["claim_id"]),
        ),
    ),
)
"""Published figures."""

DIVERGENCES = TableModel(
    "divergences.csv",
    "The divergence register: where the published record contradicts itself or us.",
    ("divergence_id",),
    (
        Column("divergence_id", "Stable id.", Kind.SLUG),
        Column(
            "part",
            "Part of a claim whose mismatch it explains; `none` explains no mismatch.",
            allowed=(*PARTS, "all", "none"),
        ),
        Column("check_id", "Arithmetic checks that it explains, by semicolons.", required=False),
        Column("published", "What is printed."),
        Column("our_rule", "What is done here."),
        Column("reason", "Why."),
        Column("believed", "Which figure is believed right."),
        Column("sources", "Keys in references.bib, by semicolons."),
    ),
)
"""The divergence register."""


def _range_is_ordered(row: dict[str, str]) -> bool:
    try:
        return float(row["lower"]) <= float(row["upper"])
    except ValueError:
        return True  # another rule speaks of cells that are not numbers


DIVERGENT_FIGURES = TableModel(
    "divergent_figures.csv",
    "Figures under a divergence of the register, and the range that ours must lie in all the same.",
    ("claim_id", "part"),
    (
        Column("claim_id", "Claim; it names its divergence.", Kind.SLUG),
        Column("part", "Part of the claim.", allowed=PARTS),
        Column("verdict", "Verdict of a figure inside the range.", allowed=DIVERGENCE_VERDICTS),
        Column("lower", "Least value expected, in the unit of the print.", Kind.NUMBER),
        Column("upper", "Largest value expected.", Kind.NUMBER),
        Column("basis", "Where the range comes from, never our own value."),
    ),
    (RowRule("range_ordered", "lower must not be above upper", _each(_range_is_ordered)),),
)
"""Expected ranges of divergent figures."""

SOURCES = TableModel(
    "sources.csv",
    "The page on which each source was read.",
    ("source_key",),
    (
        Column("source_key", "Key used in locators, for instance S1."),
        Column("bib_key", "Key in references.bib."),
        Column("page_seen", "The page or record that was read."),
    ),
)
"""Pages seen."""

RECOMPUTATIONS = TableModel(
    "recomputations.csv",
    "Figures recomputed from other published figures.",
    ("recomputation_id",),
    (
        Column("recomputation_id", "Stable id.", Kind.SLUG),
        Column("claim_id", "Claim that it answers; empty where none.", Kind.SLUG, required=False),
        Column("part", "Part of that claim.", allowed=PARTS),
        Column("method", "Name of the method.", Kind.SLUG),
        Column(
            "arguments", "Claims by semicolons, each with #n, #count or #ci_lower if not value."
        ),
        Column("unit", "Unit of the outcome.", required=False),
        Column("note", "Remark, one sentence.", required=False),
    ),
)
"""Recomputations."""

EXPECTED_VERDICTS = TableModel(
    "expected_verdicts.csv",
    "The verdicts that the scorecard must end in; a change must be accepted by name.",
    ("tier", "claim_id", "part"),
    (
        Column("tier", "Data tier.", allowed=TIERS),
        Column("claim_id", "Claim.", Kind.SLUG),
        Column("part", "Part of the claim.", allowed=PARTS),
        Column("verdict", "Verdict.", allowed=VERDICTS),
    ),
)
"""Expected verdicts."""
