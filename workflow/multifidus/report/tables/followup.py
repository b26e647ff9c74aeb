"""Supplementary tables of the follow-up: sets, every visit, completers, transitions of response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import ReportTable
from multifidus.report.tables.groups import measure
from multifidus.report.tables.supplement import HANDLING

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = [
    "analysis_sets_table",
    "completers_course_table",
    "completers_responders_table",
    "every_visit_table",
    "persistence_table",
    "responders_every_visit_table",
    "response_transitions_table",
    "sensitivity_every_visit_table",
]

_FOLLOWED = ("vas_ge50", "vas_le25", "odi_ge20", "vas50_or_odi20")
"""Definitions whose transitions are printed, those of the figure of responders; the results hold
all."""


def analysis_sets_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the analysis sets with their rules and sizes by arm."""
    groups = [*((arm.id, arm.label) for arm in study.arms), ("all", "All")]
    heads = ["Set", "Members", *(label for _, label in groups)]
    table = ReportTable(results, heads)
    visits = {visit.id: visit.label for visit in study.visits}
    for item in study.analysis_sets:
        rule = " and ".join(name.replace("_", " ") + " known" for name in item.requires)
        if item.attended_visit is not None:
            rule += f", visit attended: {visits[item.attended_visit]}"
        stem = f"flow.set_{item.id}.overall.itt"
        cells = [table.number(f"{stem}.{group}.count") for group, _ in groups]
        table.row(item.label, [table.text(rule), *cells])
    table.note(
        "Of these, an analysis as observed takes at each visit those with the answer in its window."
    )
    return table


def every_visit_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return per cent changes at every visit and the signed-rank tests of all changes."""
    table = ReportTable(
        results, ["Visit", "n", "Change, %", "95 % CI", "p", "Change, signed-rank p"]
    )
    for outcome in study.outcomes:
        table.group(outcome.label)
        for visit in study.visits[1:]:
            tail = f"{outcome.id}.{visit.id}.observed.all"
            percent = f"percent_change.{tail}"
            cells = [
                table.number(f"change.{tail}.n"),
                table.number(f"{percent}.mean", sign=True),
                table.interval(percent, sign=True),
                table.number(f"{percent}.p_value"),
                table.number(f"signed_rank.{tail}.p_value"),
            ]
            table.row(visit.label, cells, indent=True)
    table.note("No per cent change is given of an index that can be below zero.")
    return table


def responders_every_visit_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return every definition at every visit under every handling of missing data."""
    table = ReportTable(
        results,
        ["Visit", "n/N (%)", "95 % CI", "n/N (%)", "%", "95 % CI"],
        [("", 1), ("Observed", 2), ("Missing as non-responder", 1), ("Multiply imputed", 2)],
    )
    for responder in study.responders:
        table.group(responder.label)
        for visit in study.visits[1:]:
            observed = f"responder.{responder.id}.{visit.id}.observed.all"
            if f"{observed}.count" not in results:
                continue
            imputed = f"responder_mi.{responder.id}.{visit.id}.itt.all"
            cells = [
                table.share(observed),
                table.interval(observed),
                table.share(f"responder_nri.{responder.id}.{visit.id}.itt.all"),
                table.number(f"{imputed}.percent"),
                table.interval(imputed),
            ]
            table.row(visit.label, cells, indent=True)
    table.note("Imputation is made at the visits of the mixed model, where all are on therapy.")
    return table


def sensitivity_every_visit_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the change at every visit of the model under every handling of missing data."""
    rules = study.mixed_model
    assert rules is not None  # noqa: S101 - the manuscript's study declares it
    visits = [visit for visit in study.visits if visit.id in rules.visits]
    table = ReportTable(results, ["Handling of missing data", *(visit.label for visit in visits)])
    for outcome in study.outcomes:
        table.group(measure(outcome))
        for analysis, population, statistic, label in HANDLING:
            stems = [f"{analysis}.{outcome.id}.{visit.id}.{population}.all" for visit in visits]
            ids = [f"{stem}.{statistic}" for stem in stems]
            if any(name in results for name in ids):
                table.row(label, [table.number(name, sign=True) for name in ids], indent=True)
    return table


def completers_course_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the outcomes of the maintained cohort beside those of everybody seen."""
    name = _completers(study)
    table = ReportTable(
        results,
        ["Visit", "n", "Mean (SD)", "Change", "95 % CI", "n", "Change"],
        [("", 1), ("Completers with the answer at the last visit", 4), ("All observed", 2)],
    )
    for outcome in study.outcomes:
        table.group(measure(outcome))
        for visit in study.visits:
            own = f"{outcome.id}.{visit.id}.{name}.all"
            everybody = f"{outcome.id}.{visit.id}.observed.all"
            cells = [
                table.number(f"level.{own}.n"),
                table.mean_sd(f"level.{own}"),
                table.number(f"change.{own}.mean", sign=True),
                table.interval(f"change.{own}", sign=True),
                table.number(f"level.{everybody}.n"),
                table.number(f"change.{everybody}.mean", sign=True),
            ]
            table.row(visit.label, cells, indent=True)
    return table


def completers_responders_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the responders of the maintained cohort at the yearly visits."""
    name = _completers(study)
    visits = [visit for visit in study.visits if visit.years and visit.years >= 1]
    table = ReportTable(results, ["Definition", *(visit.label for visit in visits)])
    for responder in study.responders:
        stems = [f"responder.{responder.id}.{visit.id}.{name}.all" for visit in visits]
        if any(f"{stem}.count" in results for stem in stems):
            table.row(responder.label, [table.share(stem) for stem in stems])
    table.note("Of completers classified at the last visit, those classified at the visit.")
    return table


def persistence_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return response at the last visit against the first yearly one, in the same participants."""
    visit = study.visits[-1].id
    table = ReportTable(
        results,
        ["Definition", "Observed", "All", "Difference", "95 % CI", "p", "Exact p"],
        [
            ("", 1),
            ("First responders who respond at the last visit", 2),
            ("Share at the last visit minus the first yearly one", 4),
        ],
    )
    rows = results.select(analysis="durability_difference", visit=visit, statistic="estimate")
    known = set(rows["outcome"])
    for outcome, label in ((r.id, r.label) for r in study.responders if r.id in known):
        stem = f"durability_difference.{outcome}.{visit}.observed.all"
        cells = [
            table.share(f"durability.{outcome}.{visit}.observed.all"),
            table.share(f"durability_nri.{outcome}.{visit}.itt.all"),
            table.number(f"{stem}.estimate", sign=True),
            table.interval(stem, sign=True),
            table.number(f"{stem}.p_value"),
            table.number(f"durability_exact.{outcome}.{visit}.observed.all.p_value"),
        ]
        table.row(label, cells)
    table.note(
        "First responders: responders of the first yearly visit; under All, those not seen at the "
        "last visit count as no responders. The difference, in per cent points, is of everybody "
        "classified at both visits."
    )
    return table


def response_transitions_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return how many moved between response, no response and not seen, year by year."""
    rows = results.select(analysis="transition", statistic="count")
    visits = [visit for visit in study.visits if visit.id in set(rows["visit"])]
    table = ReportTable(results, ["From the year before, to", *(visit.label for visit in visits)])
    labels = {item.id: item.label for item in study.responders}
    for outcome in (name for name in _FOLLOWED if name in set(rows["outcome"])):
        table.group(labels[outcome])
        groups = rows.loc[rows["outcome"] == outcome, "group"].drop_duplicates()
        for group in groups:
            ids = [f"transition.{outcome}.{visit.id}.itt.{group}.count" for visit in visits]
            table.row(link_label(group), [table.number(name) for name in ids], indent=True)
    table.note(
        "Everybody randomised is counted once in each column of a definition. The results hold the "
        "other definitions."
    )
    return table


def link_label(group: str) -> str:
    """Return ``from → to`` in words of a link's group id."""
    source, _, target = group.partition("_to_")
    words = [name.replace("_", " ").replace("non ", "non-") for name in (source, target)]
    return " \N{RIGHTWARDS ARROW} ".join(words).capitalize()


def _completers(study: StudyConfig) -> str:
    return next(item.id for item in study.analysis_sets if item.attended_visit is not None)
