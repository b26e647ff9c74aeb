"""The models of the tables about other studies: comparators, comparisons of arms, effects."""

from __future__ import annotations

from multifidus.literature.record.tables import Column, Kind, TableModel

__all__ = ["COMPARATORS", "COMPARISONS", "SISTER_STUDIES", "STUDIES"]

_STUDY_COLUMNS = (
    Column("source", "Key in references.bib."),
    Column("source_key", "Page seen, key of sources.csv; empty where none.", required=False),
    Column("study", "Study in words."),
)

COMPARATORS = TableModel(
    "comparators.csv",
    "Safety figures of other neurostimulation therapies.",
    ("comparator_id",),
    (
        Column("comparator_id", "Stable id.", Kind.SLUG),
        *_STUDY_COLUMNS,
        Column("therapy", "Therapy in words."),
        Column("event", "Event.", Kind.SLUG),
        Column("follow_up", "Time, where printed.", required=False),
        Column("events", "Events or participants with one.", Kind.COUNT, required=False),
        Column("n", "Participants.", Kind.COUNT, required=False),
        Column(
            "events_origin", "`printed` where the count is.", allowed=("printed",), required=False
        ),
        Column("percent_printed", "Share as printed.", required=False),
        Column("ci_lower_printed", "Lower limit as printed.", required=False),
        Column("ci_upper_printed", "Upper limit as printed.", required=False),
        Column("ci_level", "Confidence level in per cent.", Kind.NUMBER, required=False),
        Column("rate_printed", "Rate as printed.", required=False),
        Column("note", "Remark, one sentence.", required=False),
    ),
)
"""Comparators."""

SISTER_STUDIES = TableModel(
    "sister_studies.csv",
    "Headline figures of other studies of the same device.",
    ("sister_id",),
    (
        Column("sister_id", "Stable id.", Kind.SLUG),
        *_STUDY_COLUMNS,
        Column("participants_implanted", "Implanted or analysed.", Kind.COUNT, required=False),
        Column("participants_seen", "Seen at the visit.", Kind.COUNT, required=False),
        Column("follow_up", "Visit."),
        Column("group", "Arm or `all`.", Kind.SLUG),
        Column("outcome", "Outcome.", Kind.SLUG),
        Column("statistic", "Statistic.", Kind.SLUG),
        Column("value_printed", "Figure as printed."),
        Column("spread_printed", "Figure behind the plus-minus.", required=False),
        Column("spread_kind", "What it is.", allowed=("sd", "se", "unlabelled"), required=False),
        Column("ci_lower_printed", "Lower limit as printed.", required=False),
        Column("ci_upper_printed", "Upper limit as printed.", required=False),
        Column("note", "Remark, one sentence.", required=False),
    ),
)
"""Sister studies."""

COMPARISONS = TableModel(
    "comparisons.csv",
    "Comparisons of two arms by a share, for the question which test gave the printed p value.",
    ("comparison_id",),
    (
        Column("comparison_id", "Stable id.", Kind.SLUG),
        Column("source", "Key in references.bib."),
        Column("locator", "Place in the source and, in brackets, the page it was seen on."),
        Column("study", "Study the figures belong to.", Kind.SLUG),
        Column("outcome", "What is counted.", Kind.SLUG),
        Column("visit", "When.", Kind.SLUG),
        Column("share_first_printed", "Share of the treated arm as printed."),
        Column("n_first", "Participants of the treated arm.", Kind.COUNT),
        Column("share_second_printed", "Share of the other arm as printed."),
        Column("n_second", "Participants of the other arm.", Kind.COUNT),
        Column("difference_printed", "Difference as printed.", required=False),
        Column("ci_lower_printed", "Lower 95 % limit as printed.", required=False),
        Column("ci_upper_printed", "Upper 95 % limit as printed.", required=False),
        Column("p_printed", "Two-sided p value as printed.", required=False),
        Column("note", "Remark, one sentence.", required=False),
    ),
)
"""Comparisons of two arms."""

STUDIES = TableModel(
    "studies.csv",
    "Effects of studies for the evidence synthesis, one row per outcome and visit.",
    ("row_id",),
    (
        Column("row_id", "Stable id.", Kind.SLUG),
        Column("source", "Key in references.bib."),
        Column("locator", "Place in the source and, in brackets, the page it was seen on."),
        Column("study", "Study.", Kind.SLUG),
        Column("cohorts", "Cohorts whose participants it holds, by semicolons."),
        Column("therapy", "Therapy.", allowed=("restorative", "spinal cord stimulation")),
        Column(
            "design",
            "Design.",
            allowed=("randomised", "single arm", "pooled", "registry", "review"),
        ),
        Column("months", "Months of follow-up.", Kind.COUNT),
        Column("outcome", "Outcome; rows of one outcome may be pooled.", Kind.SLUG),
        Column(
            "scale",
            "Scale as printed; VAS in cm and NRS are both 0 to 10.",
            allowed=("VAS cm", "VAS mm", "NRS", "ODI", "EQ-5D-5L", "share"),
        ),
        Column("n", "Participants behind the figure.", Kind.COUNT, required=False),
        Column("count_printed", "Participants with the event.", Kind.COUNT, required=False),
        Column("percent_printed", "Share as printed.", required=False),
        Column("change_printed", "Mean change as printed.", required=False),
        Column("before_printed", "Baseline mean as printed.", required=False),
        Column("after_printed", "Later mean as printed.", required=False),
        Column("spread_kind", "What the spread is.", allowed=("sd", "se", "ci"), required=False),
        Column("spread_printed", "Spread of the change or later mean.", required=False),
        Column("before_spread_printed", "Spread of the baseline mean.", required=False),
        Column("ci_lower_printed", "Lower 95 % limit as printed.", required=False),
        Column("ci_upper_printed", "Upper 95 % limit as printed.", required=False),
        Column("excluded_because", "Why it is not pooled; empty where it is.", required=False),
        Column("note", "Remark, one sentence.", required=False),
    ),
)
"""Effects for the evidence synthesis."""
