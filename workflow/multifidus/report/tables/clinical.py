"""Tables of the baseline, the outcomes and the responders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import ReportTable
from multifidus.report.tables.groups import groups_in, measure

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = [
    "baseline_table",
    "mixed_model_table",
    "outcomes_table",
    "randomised_table",
    "responders_table",
]


def baseline_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return Table 1: participants at baseline, by arm and together."""
    groups = groups_in(results.select(analysis="baseline"), study)
    table = ReportTable(results, ["Characteristic", *(label for _, label in groups)])
    population = "itt" if any(s.id == "itt" for s in study.analysis_sets) else "safety"

    def stems(outcome: str) -> list[str]:
        return [f"baseline.{outcome}.baseline.{population}.{group}" for group, _ in groups]

    stage = "randomised" if population == "itt" else "treated"
    table.row(
        "Participants",
        [table.number(f"flow.{stage}.overall.{population}.{group}.count") for group, _ in groups],
    )
    measured = [
        ("age", "Age, years"),
        *((c.id, f"{c.label}, {c.unit}") for c in study.characteristics),
    ]
    outcomes = [(o.id, measure(o)) for o in study.outcomes]
    for outcome, label in measured:
        if any(f"{stem}.mean" in results for stem in stems(outcome)):
            table.row(label, [table.mean_sd(stem) for stem in stems(outcome)])
    for outcome, label in (("sex_female", "Female"),):
        if any(f"{stem}.count" in results for stem in stems(outcome)):
            table.row(label, [table.count_percent(stem) for stem in stems(outcome)])
    for outcome, label in outcomes:
        table.row(label, [table.mean_sd(stem) for stem in stems(outcome)])
    table.note("Mean (standard deviation) or number (per cent).")
    return table


def outcomes_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return levels and changes of all outcomes at every visit, participants observed."""
    table = ReportTable(results, ["Visit", "n", "Mean (SD)", "Change", "95 % CI", "p"])
    for outcome in study.outcomes:
        table.group(measure(outcome))
        for visit in study.visits:
            tail = f"{outcome.id}.{visit.id}.observed.all"
            if f"level.{tail}.mean" not in results:
                continue
            change = f"change.{tail}"
            table.row(
                visit.label,
                [
                    table.number(f"level.{tail}.n"),
                    table.mean_sd(f"level.{tail}"),
                    table.number(f"{change}.mean", sign=True),
                    table.interval(change, sign=True),
                    table.number(f"{change}.p_value"),
                ],
                indent=True,
            )
    table.note("Changes are paired differences from each participant's own baseline.")
    return table


def responders_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return responder counts at the yearly visits, for every definition."""
    visits = [visit for visit in study.visits if visit.years and visit.years >= 1]
    table = ReportTable(results, ["Definition", *(visit.label for visit in visits)])
    for responder in study.responders:
        if responder.visits is not None:
            continue
        stems = [f"responder.{responder.id}.{visit.id}.observed.all" for visit in visits]
        table.row(responder.label, [table.share(stem) for stem in stems])
    table.note("Responders of those with the answer at the visit.")
    return table


def mixed_model_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return observed changes beside those of the supporting mixed model."""
    table = ReportTable(
        results,
        ["Visit", "n", "Change", "95 % CI", "Change", "95 % CI", "p"],
        [("", 1), ("Observed", 3), ("Mixed model", 3)],
    )
    modelled: dict[str, int] = {}
    for outcome in study.outcomes:
        table.group(measure(outcome))
        for visit in study.visits:
            model = f"mmrm.{outcome.id}.{visit.id}.itt.all"
            observed = f"change.{outcome.id}.{visit.id}.observed.all"
            if f"{model}.estimate" not in results:
                continue
            table.row(
                visit.label,
                [
                    table.number(f"{observed}.n"),
                    table.number(f"{observed}.mean", sign=True),
                    table.interval(observed, sign=True),
                    table.number(f"{model}.estimate", sign=True),
                    table.interval(model, sign=True),
                    table.number(f"{model}.p_value"),
                ],
                indent=True,
            )
            if results.row(f"{model}.estimate").notna()["N"]:
                modelled[outcome.label] = int(results.row(f"{model}.estimate")["N"])
    counts = "; ".join(f"{label} {count}" for label, count in modelled.items())
    if counts:
        table.note(f"Participants in the mixed model, all visits together: {counts}.")
    return table


def randomised_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the comparison of the arms at the end of the blinded phase."""
    rules = study.randomised
    assert rules is not None  # noqa: S101 - the manuscript's study declares it
    arms = {arm.id: arm.label for arm in study.arms}
    pair = f"{rules.treatment}_vs_{rules.control}"
    table = ReportTable(
        results,
        ["Outcome", arms[rules.treatment], arms[rules.control], "Difference", "95 % CI", "p"],
    )
    for outcome in study.outcomes:
        if outcome.id not in rules.outcomes:
            continue
        for analysis, words in (("level", "at the visit"), ("change", "change")):
            stems = [
                f"{analysis}.{outcome.id}.{rules.visit}.observed.{arm}"
                for arm in (rules.treatment, rules.control)
            ]
            cells = [table.mean_sd(stem, sign=analysis == "change") for stem in stems]
            stem = f"difference.{outcome.id}.{rules.visit}.itt.{pair}"
            tail = (
                [
                    table.number(f"{stem}.estimate", sign=True),
                    table.interval(stem, sign=True),
                    table.number(f"{stem}.p_value"),
                ]
                if analysis == "change"
                else ["", "", ""]
            )
            table.row(f"{outcome.label}, {words}, {outcome.unit}", [*cells, *tail])
    _randomised_shift(table, study, pair)
    responder = next(item for item in study.responders if item.id == rules.responder)
    cells = [
        table.count_percent(f"responder.{responder.id}.{rules.visit}.observed.{arm}")
        for arm in (rules.treatment, rules.control)
    ]
    stem = f"difference.{responder.id}.{rules.visit}.itt.{pair}"
    table.row(
        responder.label,
        [
            *cells,
            table.number(f"{stem}.estimate", sign=True),
            table.interval(stem, sign=True),
            table.number(f"{stem}.p_value"),
        ],
    )
    table.note(
        "Mean (standard deviation) or number (per cent); differences of shares in per cent points."
    )
    return table


def _randomised_shift(table: ReportTable, study: StudyConfig, pair: str) -> None:
    """Add the difference adjusted for baseline, and the test of the whole distributions."""
    rules = study.randomised
    assert rules is not None  # noqa: S101 - the caller asked
    for outcome in study.outcomes:
        stem = f"difference_ancova.{outcome.id}.{rules.visit}.itt.{pair}"
        if f"{stem}.estimate" in table.results:
            cells = [
                table.number(f"{stem}.estimate", sign=True),
                table.interval(stem, sign=True),
                table.number(f"{stem}.p_value"),
            ]
            table.row(
                f"{outcome.label}, change adjusted for baseline, {outcome.unit}", ["", "", *cells]
            )
        p_value = f"cumulative.{outcome.id}.{rules.visit}.itt.{pair}.p_value"
        if p_value in table.results:
            label = f"{outcome.label}, cumulative distribution of per cent change"
            table.row(label, ["", "", "", "", table.number(p_value)])
