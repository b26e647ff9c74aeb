"""The supplementary tables print the answers that were worked out for the 16 participants."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hand_written_cohort import FOLLOW_UP, inputs, study

from multifidus.analyses.registry import ANALYSES, run_analysis
from multifidus.report.html_table import DASH
from multifidus.report.tables import followup, opioids, supplement
from multifidus.results.table import Provenance, Results, rows_to_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.report.html_table import ReportTable


@pytest.fixture(scope="module")
def results() -> Results:
    given = inputs(FOLLOW_UP)
    rows = [
        row
        for name, item in ANALYSES.items()
        if not item.needs_usage
        for row in run_analysis(name, given)
    ]
    return Results(rows_to_frame(rows, Provenance("0", "analyse", "f", "synthetic")))


def lines(results: Results, make: Callable[..., ReportTable]) -> list[list[str]]:
    """Return a table's cells as text, row by row; every row spans the columns."""
    table = make(results, study())
    root = ET.fromstring(table.to_html())
    for row in root.findall(".//tr"):
        assert sum(int(cell.get("colspan", "1")) for cell in row) == len(table.columns)
    return [
        ["".join(cell.itertext()).strip().replace("\N{NARROW NO-BREAK SPACE}", " ") for cell in row]
        for row in root.findall("./tbody/tr")
    ]


def row_of(rows: list[list[str]], label: str, after: str = "") -> list[str]:
    """Return the cells of the first row with a label, below a heading."""
    start = next((i for i, row in enumerate(rows) if row[0] == after), 0)
    return next(row[1:] for row in rows[start:] if row[0] == label)


def test_sets(results: Results) -> None:
    rows = lines(results, followup.analysis_sets_table)
    assert row_of(rows, "Intent-to-treat (all randomised)")[1:] == ["8", "7", "15"]
    completers = row_of(rows, "Completers (randomised and seen at five years)")
    assert completers == ["randomisation date known, visit attended: 5 years", "7", "5", "12"]


def test_completers_beside_everybody(results: Results) -> None:
    """Year 1: -4.5 of 2 beside -14/3 of 3."""
    rows = lines(results, followup.completers_course_table)
    cells = row_of(rows, "1 year", after="Low back pain (VAS), cm")
    assert (cells[0], cells[2]) == ("2", "\N{MINUS SIGN}4.5")
    assert cells[4:] == ["3", "\N{MINUS SIGN}4.7"]
    rows = lines(results, followup.completers_responders_table)
    assert row_of(rows, "VAS reduced by 50 % or more")[-1] == "4/8 (50.0 %)"


def test_every_visit(results: Results) -> None:
    """Responders at five years 4 of 8 as observed, 4 of 15 with missing as no response."""
    rows = lines(results, followup.responders_every_visit_table)
    cells = row_of(rows, "5 years", after="VAS reduced by 50 % or more")
    assert (cells[0], cells[2], cells[3]) == ("4/8 (50.0 %)", "4/15 (26.7 %)", DASH)
    rows = lines(results, followup.every_visit_table)
    assert row_of(rows, "1 year", after="Low back pain (VAS)")[:2] == ["3", "\N{MINUS SIGN}58.3 %"]
    rows = lines(results, followup.sensitivity_every_visit_table)
    assert "Baseline carried forward" in [row[0] for row in rows]


def test_opioid_links_and_courses(results: Results) -> None:
    rows = lines(results, opioids.opioid_links_table)
    use = "Use, from the visit before"
    assert row_of(rows, "User \N{RIGHTWARDS ARROW} not seen", after=use)[:2] == ["0", "1"]
    assert row_of(rows, "Non-user \N{RIGHTWARDS ARROW} user", after=use)[:2] == ["1", "3"]
    rows = lines(results, opioids.opioid_course_table)
    stopped = row_of(rows, "Stopped opioids since the visit before")
    assert stopped[0] == "3/7 (42.9 %)"
    assert stopped[-1] == "5/9 (55.6 %)"
    assert row_of(rows, "Restarted opioids after having stopped")[0].startswith("0/0")


@pytest.mark.parametrize(
    "make",
    [
        followup.persistence_table,
        followup.response_transitions_table,
        supplement.sensitivity_table,
        supplement.responder_sensitivity_table,
        supplement.completers_table,
        supplement.durability_table,
        supplement.subgroup_table,
        supplement.opioid_dose_table,
    ],
)
def test_tables_are_whole(results: Results, make: Callable[..., ReportTable]) -> None:
    """Well-formed, every row as wide as the head, with something in it."""
    rows = lines(results, make)
    assert any(any(cell not in ("", DASH) for cell in row[1:]) for row in rows)


def test_subgroups_stand_in_pairs_with_their_interaction(results: Results) -> None:
    labels = [row[0] for row in lines(results, supplement.subgroup_table)]
    assert labels[1:4] == ["Female", "Male", "Female minus Male"]


def test_groups_of_outcomes_name_their_unit(results: Results) -> None:
    """A change without its unit cannot be read: cm, points; an index has none."""
    for make in (
        supplement.sensitivity_table,
        supplement.subgroup_table,
        followup.completers_course_table,
        followup.sensitivity_every_visit_table,
    ):
        labels = [row[0] for row in lines(results, make)]
        assert "Low back pain (VAS), cm" in labels
    labels = [row[0] for row in lines(results, supplement.completers_table)]
    assert {"Age, years", "Low back pain (VAS), cm"} <= set(labels)


def test_profiles_say_of_how_many(results: Results) -> None:
    """The shares of a visit have one denominator, which the first row prints."""
    rows = lines(results, supplement.profile_table)
    assert rows[0][0] == "Whole questionnaires"
    totals = results.select(analysis="profile", statistic="percent").groupby("visit")["N"].max()
    assert sorted(rows[0][1:]) == sorted(str(total) for total in totals)
