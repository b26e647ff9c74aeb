"""Supplementary tables of opioid use: links from visit to visit, and what happened to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import ReportTable
from multifidus.report.tables.followup import link_label

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig, Visit
    from multifidus.results.table import Results

__all__ = ["opioid_course_table", "opioid_links_table"]

_CHAINS = (
    ("use_from_baseline", "Use, from baseline"),
    ("use", "Use, from the visit before"),
    ("category", "Change of baseline users, from the visit before"),
)


def opioid_links_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the number of participants on every link between states of opioid use."""
    visits = _visits(study)
    table = ReportTable(results, ["From, to", *(visit.label for visit in visits)])
    rows = results.select(analysis="opioid_transition", statistic="count")
    for outcome, title in _CHAINS:
        own = rows[rows["outcome"] == outcome]
        table.group(title)
        taken = own[own["value"] != 0]["group"]  # a suppressed count is none of nobody
        for group in own["group"].drop_duplicates():
            if group not in set(taken):
                continue
            ids = [f"opioid_transition.{outcome}.{visit.id}.itt.{group}.count" for visit in visits]
            table.row(link_label(group), [table.number(name) for name in ids], indent=True)
    table.note(
        "Use on the day of the visit. Links that nobody took are left out; the results hold them."
    )
    return table


def opioid_course_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return who stopped, restarted and started opioids by visit, of those at risk."""
    visits = _visits(study)
    table = ReportTable(results, ["", *(visit.label for visit in visits), "At any visit"])
    rows = results.select(analysis="opioid_course", statistic="count", visit="overall")
    for outcome in rows["outcome"]:
        stem = f"opioid_course.{outcome}"
        cells = [table.share(f"{stem}.{visit.id}.observed.all") for visit in visits]
        label = str(results.row(f"{stem}.{visits[0].id}.observed.all.count")["label"])
        table.row(label, [*cells, table.share(f"{stem}.overall.observed.all")])
    table.note(
        "Of those seen at the visit and at risk at the latest earlier one seen: on opioids there; "
        "off after use; never on before."
    )
    return table


def _visits(study: StudyConfig) -> list[Visit]:
    rules = study.opioids
    assert rules is not None  # noqa: S101 - the manuscript's study declares it
    return [visit for visit in study.visits if visit.id in rules.visits]
