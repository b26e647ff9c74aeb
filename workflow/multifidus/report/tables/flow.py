"""Tables of participant flow: stages by arm, attendance by visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import DASH, ReportTable
from multifidus.report.tables.groups import groups_in

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = ["attendance_table", "flow_table"]

_STAGES = (
    "screened",
    "screen_failure",
    "randomised",
    "implanted",
    "treated",
    "not_treated",
    "activated",
    "crossed_over",
    "completed",
    "discontinued",
)
_WITH_REASONS = ("screen_failure", "not_treated", "discontinued")
_ALWAYS = ("randomised",)


def flow_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the number of participants at every stage of the study, by arm and together."""
    rows = results.select(analysis="flow", statistic="count", visit="overall")
    labels = rows.drop_duplicates("outcome").set_index("outcome")["label"]
    stem = ".".join(str(rows.iloc[0]["result_id"]).split(".")[2:4])
    groups = groups_in(rows, study)
    table = ReportTable(results, ["Stage", *(label for _, label in groups)])
    totals = rows[rows["group"] == "all"].set_index("outcome")["value"]
    implanted = totals.get("implanted", 0) > 0
    stages = [stage for name in _STAGES for stage in (name, *_reasons_of(name, totals))]
    for stage in stages:
        if stage not in labels.index or (stage == "treated" and implanted):
            continue
        if totals.get(stage, 0) == 0 and stage not in _ALWAYS:
            continue
        cells = [table.number(f"flow.{stage}.{stem}.{group}.count") for group, _ in groups]
        indent = stage not in _STAGES
        label = _reason(str(labels[stage])) if indent else str(labels[stage])
        table.row(label, cells, indent=indent)
    return table


def _reasons_of(stage: str, totals: pd.Series) -> list[str]:
    """Return the reasons under a stage that somebody had, most frequent first."""
    if stage not in _WITH_REASONS:
        return []
    found = totals[totals.index.str.startswith(f"{stage}_") & (totals != 0)]
    return [str(name) for name in found.sort_values(ascending=False, kind="stable").index]


def attendance_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return who was seen at every visit, why others were not, and who answered what."""
    rows = results.select(analysis="flow", statistic="count", group="all")
    rows = rows[rows["visit"] != "overall"]
    visits = [visit for visit in study.visits if visit.id in set(rows["visit"])]
    table = ReportTable(results, ["", *(visit.label for visit in visits)])
    labels = rows.drop_duplicates("outcome").set_index("outcome")["label"]
    reasons = sorted(name for name in labels.index if name.startswith("missed_"))
    answered = [f"{outcome.id}_answered" for outcome in study.outcomes]
    totals = rows.groupby("outcome")["value"].sum()
    for stage in ("attended", "missed", *reasons, *answered):
        if stage not in labels.index or (stage in reasons and totals[stage] == 0):
            continue
        label = str(labels[stage])
        label = _reason(label) if stage in reasons else label
        cells = [table.number(f"flow.{stage}.{visit.id}.itt.all.count") for visit in visits]
        shown = ["" if cell == DASH else cell for cell in cells]
        table.row(label, shown, indent=stage in reasons)
    return table


def _reason(label: str) -> str:
    """Return what follows the colon, with a capital letter in front."""
    words = label.partition(": ")[2]
    return words[:1].upper() + words[1:]
