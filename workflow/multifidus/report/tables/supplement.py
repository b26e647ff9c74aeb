"""Supplementary tables: sensitivity to missing data, completers, time to events, comparators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import ReportTable
from multifidus.report.tables.groups import measure

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = [
    "HANDLING",
    "comparators_table",
    "completers_table",
    "durability_table",
    "explantation_table",
    "opioid_dose_table",
    "profile_table",
    "responder_sensitivity_table",
    "sensitivity_table",
    "subgroup_table",
]

HANDLING = (
    ("change", "observed", "mean", "Observed at the visit"),
    ("mmrm", "itt", "estimate", "Mixed model"),
    ("change_mi", "itt", "mean", "Multiple imputation, missing at random"),
    ("change_j2b", "itt", "mean", "Multiple imputation, jump to baseline"),
    ("change_j2r", "itt", "mean", "Multiple imputation, jump to the sham arm"),
    ("change_locf", "itt", "mean", "Last observation carried forward"),
    ("change_bocf", "itt", "mean", "Baseline carried forward"),
    ("change_worst_case", "itt", "mean", "Worst case"),
)
"""Analysis, population, statistic and name of every handling of missing data, in printing order."""


def _last_visit(study: StudyConfig) -> str:
    return study.visits[-1].id


def sensitivity_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the change at the last visit under every handling of missing data, side by side."""
    visit = _last_visit(study)
    table = ReportTable(results, ["Handling of missing data", "Seen/N", "Change", "95 % CI"])
    for outcome in study.outcomes:
        table.group(measure(outcome))
        for analysis, population, statistic, label in HANDLING:
            stem = f"{analysis}.{outcome.id}.{visit}.{population}.all"
            if f"{stem}.{statistic}" not in results:
                continue
            cells = [
                table.counts(f"{stem}.{statistic}"),
                table.number(f"{stem}.{statistic}", sign=True),
                table.interval(stem, sign=True),
            ]
            table.row(label, cells, indent=True)
        tipping = f"tipping_point.{outcome.id}.{visit}.itt.all.estimate"
        if tipping in results:
            cells = ["", table.number(tipping, sign=True), ""]
            table.row("Shift of imputed values that tips the result", cells, indent=True)
    table.note(
        "The sham arm switched to therapy and was on it at these visits; the jump to baseline is "
        "the reference without therapy."
    )
    return table


def responder_sensitivity_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return responders at the last visit as observed, non-responder- and multiply imputed."""
    visit = _last_visit(study)
    table = ReportTable(
        results,
        ["Definition", "n/N (%)", "95 % CI", "n/N (%)", "%", "95 % CI"],
        [("", 1), ("Observed", 2), ("Missing as non-responder", 1), ("Multiply imputed", 2)],
    )

    for responder in study.responders:
        tail = f"{responder.id}.{visit}"
        observed = f"responder.{tail}.observed.all"
        if f"{observed}.count" not in results:
            continue
        imputed = f"responder_mi.{tail}.itt.all"
        table.row(
            responder.label,
            [
                table.share(observed),
                table.interval(observed),
                table.share(f"responder_nri.{tail}.itt.all"),
                table.number(f"{imputed}.percent"),
                table.interval(imputed),
            ],
        )
    return table


def completers_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the baseline of those seen at the last visit beside those who were not."""
    rows = results.select(analysis="completers", statistic="mean", group="completers")
    visit = _last_visit(study)
    table = ReportTable(
        results, ["At baseline", "Seen at the last visit", "Not seen", "Difference", "95 % CI", "p"]
    )
    units = {"age": "Age, years", **{item.id: measure(item) for item in study.outcomes}}
    for outcome, label in zip(rows["outcome"], rows["label"], strict=True):
        stem = f"completers.{outcome}.{visit}.itt"
        versus = f"{stem}.completers_vs_lost"
        table.row(
            units.get(outcome, str(label)),
            [
                table.mean_sd(f"{stem}.completers"),
                table.mean_sd(f"{stem}.lost"),
                table.number(f"{versus}.estimate", sign=True),
                table.interval(versus, sign=True),
                table.number(f"{versus}.p_value"),
            ],
        )
    shares = results.select(analysis="completers", statistic="percent", group="completers")
    for outcome, label in zip(shares["outcome"], shares["label"], strict=True):
        stem = f"completers.{outcome}.{visit}.itt"
        groups = [table.share(f"{stem}.{name}") for name in ("completers", "lost")]
        p_value = table.number(f"{stem}.completers_vs_lost.p_value")
        table.row(str(label), [*groups, "", "", p_value])
    table.note("Mean (standard deviation) or n/N (per cent).")
    return table


def explantation_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the share with each device event by year, Kaplan-Meier and cumulative incidence.

    Each estimate has its interval beneath it, and each event the number at risk.
    """
    years = range(1, (study.device_use.years if study.device_use else 5) + 1)
    table = ReportTable(results, ["Event", *(f"Year {year}" for year in years)])
    rows = results.select(analysis="kaplan_meier", statistic="percent")
    labels = rows.drop_duplicates("outcome").set_index("outcome")["label"]
    for analysis, title in (
        ("kaplan_meier", "Kaplan-Meier"),
        ("incidence", "Cumulative incidence, death and other removal competing"),
    ):
        table.group(title)
        for outcome, label in labels.items():
            stems = [f"{analysis}.{outcome}.year{year}.safety.all" for year in years]
            if f"{stems[0]}.percent" not in results:
                continue
            table.row(str(label), [table.number(f"{stem}.percent") for stem in stems], indent=True)
            limits = [table.interval(stem) for stem in stems]
            table.row("95 % CI", limits, indent=True)
            if analysis == "kaplan_meier":
                table.row("At risk", [_at_risk(table, stem) for stem in stems], indent=True)
    totals = results.select(analysis="kaplan_meier", statistic="percent")["N"].dropna()
    whole = int(totals.max()) if len(totals) else "the"
    table.note(
        f"Per cent of {whole} participants with the event by the end of the year; at risk: at the "
        "end of it. Before the first event there is no interval."
    )
    return table


def _at_risk(table: ReportTable, stem: str) -> str:
    """Return the number at risk that a share carries as its n."""
    return table.text(table.results.people(f"{stem}.percent"))


def _total(results: Results, result_id: str) -> str:
    """Return the denominator of a share."""
    return results.people(result_id, "N")


def comparators_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return device events of the run beside published rates of spinal cord stimulation."""
    assert study.device_use is not None  # noqa: S101 - the manuscript's study declares it
    rows = results.select(analysis="comparison", statistic="percent")
    table = ReportTable(results, ["Source", "n/N", "Share", "95 % CI"])
    for outcome in rows["outcome"].drop_duplicates():
        part = rows[rows["outcome"] == outcome]
        part = part.sort_values("population", ascending=False, kind="stable")
        table.group(str(outcome).replace("_", " ").capitalize())
        for result_id, label in zip(part["result_id"], part["label"], strict=True):
            stem = str(result_id).rpartition(".")[0]
            source = str(label).partition(": ")[2] or str(label)
            cells = [_of(results, stem), table.number(str(result_id)), table.interval(stem)]
            table.row(source[:1].upper() + source[1:], cells, indent=True)
    table.note("Published populations, devices and follow-up differ; no test is made.")
    return table


def _of(results: Results, stem: str) -> str:
    """Return the count and its denominator, where both are known."""
    row = results.row(f"{stem}.percent")
    if results.hidden(f"{stem}.percent") is not None:
        return results.people(f"{stem}.percent")
    return f"{row['n']}/{row['N']}" if row.notna()["n"] and row.notna()["N"] else ""


def durability_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return how many responders of the first yearly visit were responders later."""
    rows = results.select(analysis="durability", statistic="count")
    visits = [visit for visit in study.visits if visit.id in set(rows["visit"])]
    table = ReportTable(results, ["Definition", *(visit.label for visit in visits), "Every visit"])
    known = set(rows["outcome"])
    for outcome, label in ((r.id, r.label) for r in study.responders if r.id in known):
        cells = [
            table.share(f"durability.{outcome}.{visit}.observed.all")
            for visit in (*(item.id for item in visits), "overall")
        ]
        table.row(label, cells)
    table.note("Of responders at the first yearly visit, those observed who respond still.")
    return table


def subgroup_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the change at the last visit in subgroups, each pair with its test of interaction."""
    visit = _last_visit(study)
    rows = results.select(analysis="subgroup", visit=visit)
    rows = rows[rows["statistic"].isin(["mean", "estimate"])]
    table = ReportTable(results, ["Subgroup", "n/N", "Change or difference", "95 % CI", "p"])
    for outcome in study.outcomes:
        part = rows[rows["outcome"] == outcome.id].set_index("group")["label"]
        table.group(measure(outcome))
        for group in _subgroups_in_order(study):
            if group not in part.index:
                continue
            stem = f"subgroup.{outcome.id}.{visit}.observed.{group}"
            interaction = group.endswith("_interaction")
            name = f"{stem}.{'estimate' if interaction else 'mean'}"
            cells = [
                table.counts(name),
                table.number(name, sign=True),
                table.interval(stem, sign=True),
                table.number(f"{stem}.p_value") if interaction else "",
            ]
            table.row(str(part[group]).partition(": ")[2], cells, indent=True)
    table.note("Exploratory; no adjustment for the number of comparisons.")
    return table


def _subgroups_in_order(study: StudyConfig) -> tuple[str, ...]:
    arms = [arm.id for arm in study.arms]
    return (
        *("female", "male", "sex_interaction"),
        *("younger", "older", "age_interaction"),
        *(*arms, "arm_interaction"),
        *("opioid_users", "no_opioids", "opioids_interaction"),
    )


def profile_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return EQ-5D-5L problems by dimension and the Pareto classes of change at every visit."""
    rows = results.select(analysis=["profile", "pareto"], statistic="percent")
    visits = [visit for visit in study.visits if visit.id in set(rows["visit"])]
    table = ReportTable(results, ["EQ-5D-5L", *(visit.label for visit in visits)])
    first = rows[rows["analysis"] == "profile"]["outcome"].iloc[0] if len(rows) else ""
    ids = [f"profile.{first}.{visit.id}.observed.all.percent" for visit in visits]
    table.row("Whole questionnaires", [_total(results, name) for name in ids])
    for analysis, title in (("profile", "Problems"), ("pareto", "Change of the profile")):
        table.group(title)
        part = rows[rows["analysis"] == analysis].drop_duplicates("outcome")
        for outcome, label in part[["outcome", "label"]].to_numpy():
            stems = [f"{analysis}.{outcome}.{visit.id}.observed.all" for visit in visits]
            cells = [table.number(f"{stem}.percent") for stem in stems]
            table.row(str(label), cells, indent=True)
    table.note("Per cent of those with the whole questionnaire; of a change, at baseline as well.")
    return table


def opioid_dose_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the daily opioid dose of baseline users and its modelled change."""
    assert study.opioids is not None  # noqa: S101 - the manuscript's study declares it
    table = ReportTable(
        results,
        ["Visit", "n", "Median (quartiles)", "Mean (SD)", "Mean", "p", "Estimate", "95 % CI"],
        [("", 1), ("Dose, mg a day", 3), ("Change", 2), ("Modelled change", 2)],
    )
    for visit in study.visits:
        stem = f"opioids.mme.{visit.id}"
        found = [f"{stem}.{population}.all" for population in ("observed", "itt")]
        stems = [name for name in found if f"{name}.median" in results]
        if not stems:
            continue
        low, high = table.number(f"{stems[0]}.q1"), table.number(f"{stems[0]}.q3")
        model = f"mmrm.mme.{visit.id}.itt.users"
        table.row(
            visit.label,
            [
                table.number(f"{stems[0]}.n"),
                f"{table.number(f'{stems[0]}.median')} ({low} to {high})",
                table.mean_sd(stems[0]),
                table.number(f"opioids.mme_change.{visit.id}.observed.all.mean", sign=True),
                table.number(f"opioids.mme_signed_rank.{visit.id}.observed.all.p_value"),
                table.number(f"{model}.estimate", sign=True),
                table.interval(model, sign=True),
            ],
        )
    table.note(
        "Morphine milligram equivalents a day. Doses are skewed and many are zero: the model "
        "assumes neither, and the signed-rank test and the categories stand beside it."
    )
    return table
