"""Opioid use from visit to visit: who started, stopped and restarted, as links of a flow diagram.

Use is judged on the day of each visit. What happens between two visits is not seen: a participant
who stopped and restarted in between counts as having continued.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.opioids.categories import CATEGORIES, classify_opioids
from multifidus.analyses.responders.shares import share_rows
from multifidus.instruments.mme import MME

if TYPE_CHECKING:
    from multifidus.config.analysis import OpioidRules
    from multifidus.results.table import ResultRow

__all__ = ["COURSES", "USES", "course_of", "summarise_opioid_transitions", "use_by_visit"]

USES = {"user": "on opioids", "non_user": "not on opioids", "not_seen": "not seen"}
"""States of a participant at a visit."""
COURSES = {
    "stopped": ("Stopped opioids since the visit before", "continued"),
    "restarted": ("Restarted opioids after having stopped", "stayed_off"),
    "started": ("Started opioids for the first time", "never"),
}
"""What can happen at a visit: its label, and what the others who were at risk of it did."""


def summarise_opioid_transitions(inputs: AnalysisInputs) -> list[ResultRow]:
    """Follow opioid use and the category of change from visit to visit.

    Members of the main set; of the categories, the users at baseline. Reads the scores and the
    sections analysis_sets and opioids.

    Returns
    -------
    list of ResultRow
        ``opioid_transition.<use|use_from_baseline|category>.<visit>.<set>.<state>_to_<state>.
        count``: everybody's link to the visit, from the visit before or from baseline.
        ``opioid_course.<stopped|restarted|started>.<visit>.observed.all``: of those seen at the
        visit and at risk at the latest earlier visit seen, how many (Wilson); at ``overall`` at any
        visit. None where the study has no section opioids.
    """
    rules = inputs.study.opioids
    if rules is None:
        return []
    names = {one.id: one.label for one in inputs.study.visits}
    use = use_by_visit(inputs, rules)
    cell = Cell("opioid_transition", "use", "", inputs.main_set(), "", "Opioid use")
    rows = _links(cell, use, USES, names)
    cell = cell.of(outcome="use_from_baseline")
    for visit in rules.visits:
        rows += _links(cell, use[[rules.baseline_visit, visit]], USES, names)
    cell = cell.of(outcome="category", label="Change of opioid use")
    states = {name: label[:1].lower() + label[1:] for name, label in CATEGORIES.items()}
    states["not_seen"] = USES["not_seen"]
    category = _categories(inputs, rules, use)
    rows += _links(cell, category.iloc[:, :2], states, names, start=("user", USES["user"]))
    rows += _links(cell, category.iloc[:, 1:], states, names)
    return rows + _course_rows(use)


def use_by_visit(inputs: AnalysisInputs, rules: OpioidRules) -> pd.DataFrame:
    """Return the state (one of :data:`USES`) of every member of the main set at every visit.

    Parameters
    ----------
    inputs
        Scores, participants and the section analysis_sets.
    rules
        Baseline visit and visits.

    Returns
    -------
    DataFrame
        One row per participant id, sorted; a column for the baseline visit and each visit.
    """
    members = inputs.members(inputs.main_set())["participant_id"]
    scores = inputs.scored()
    doses = scores[(scores["parameter"] == MME) & scores["participant_id"].isin(members)]
    wide = doses.pivot_table(index="participant_id", columns="visit", values="value")
    visits = [rules.baseline_visit, *rules.visits]
    wide = wide.reindex(index=sorted(members), columns=visits)
    states = np.where(wide.isna(), "not_seen", np.where(wide > 0, "user", "non_user"))
    return pd.DataFrame(states, index=wide.index, columns=visits)


def course_of(use: pd.DataFrame) -> pd.DataFrame:
    """Say what became of everybody's opioid use at every visit after baseline.

    Parameters
    ----------
    use
        As :func:`use_by_visit` gives it; the first column is baseline.

    Returns
    -------
    DataFrame
        One column per later visit: ``stopped`` or ``continued`` after use at the latest earlier
        visit seen; ``restarted`` or ``stayed_off`` after none there but use before that;
        ``started`` or ``never`` where no earlier visit seen had use. Empty text where the visit was
        not seen, or baseline was not.
    """
    latest, ever = use.iloc[:, 0], use.iloc[:, 0] == "user"
    known = use.iloc[:, 0] != "not_seen"
    courses = {}
    for visit in use.columns[1:]:
        here = use[visit]
        now = here == "user"
        course = np.select(
            [~known | (here == "not_seen"), latest == "user", ever],
            ["", np.where(now, "continued", "stopped"), np.where(now, "restarted", "stayed_off")],
            default=np.where(now, "started", "never"),
        )
        courses[visit] = pd.Series(course, index=use.index)
        latest = latest.where(here == "not_seen", here)
        ever = ever | now
    return pd.DataFrame(courses)


def _categories(inputs: AnalysisInputs, rules: OpioidRules, use: pd.DataFrame) -> pd.DataFrame:
    """Return the category of every baseline user at every visit, ``not_seen`` if none."""
    users = use[use[rules.baseline_visit] == "user"]
    classified = classify_opioids(inputs.scored(), rules)
    wide = classified.pivot_table(
        index="participant_id", columns="visit", values="category", aggfunc="first"
    )
    wide = wide.reindex(index=users.index, columns=list(rules.visits)).astype(object)
    wide = wide.where(wide.notna(), "not_seen")
    wide.insert(0, rules.baseline_visit, "user")
    return wide


def _links(
    cell: Cell,
    states: pd.DataFrame,
    labels: dict[str, str],
    names: dict[str, str],
    *,
    start: tuple[str, str] | None = None,
) -> list[ResultRow]:
    """Count the participants on every link between neighbouring columns, zeros included.

    All states may follow each other; ``start`` is the one state that all have in the first column.
    """
    sources = dict([start]) if start else labels
    rows: list[ResultRow] = []
    for before, after in pairwise(states.columns):
        for source, source_label in sources.items():
            for target, target_label in labels.items():
                count = int(((states[before] == source) & (states[after] == target)).sum())
                there = cell.of(
                    visit=after,
                    group=f"{source}_to_{target}",
                    label=f"{cell.label}: {source_label} at {names[before]}, then {target_label}",
                    n=count,
                    total=len(states),
                )
                rows.append(there.row("count", count, "d0"))
    return rows


def _course_rows(use: pd.DataFrame) -> list[ResultRow]:
    course = course_of(use)
    rows: list[ResultRow] = []
    for name, (label, other) in COURSES.items():
        for visit in course.columns:
            here = course[visit]
            cell = Cell("opioid_course", name, visit, "observed", ALL, label)
            count, rest = int((here == name).sum()), int((here == other).sum())
            rows += share_rows(cell, count, count + rest, note="Of those seen and at risk")
        risk = course.isin([name, other]).any(axis=1)
        ever = (course == name).any(axis=1)
        cell = Cell("opioid_course", name, "overall", "observed", ALL, f"{label}, at any visit")
        rows += share_rows(cell, int(ever.sum()), int(risk.sum()), note="Of those ever at risk")
    return rows
