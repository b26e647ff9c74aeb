"""Figures and tables of device use: views over hand-written rows, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from multifidus.config.load import load_study
from multifidus.report.figures.device_use import (
    draw_calendar,
    draw_device_use,
    draw_exposure_response,
)
from multifidus.report.figures.style import house_style, save_figure
from multifidus.report.html_table import DASH
from multifidus.report.tables import device_use
from multifidus.results.disclosure.step import protect_results
from multifidus.results.table import Provenance, ResultRow, Results, rows_to_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.config.study import StudyConfig

STUDY = load_study(Path(__file__).parents[2] / "config/studies/reactiv8b/study.yaml")


@pytest.fixture
def study() -> StudyConfig:
    return STUDY


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with house_style():
        yield


def use(
    outcome: str,
    visit: str,
    statistic: str,
    value: float,
    *,
    population: str = "exposed",
    n: int = 9,
    display: str = "pct0",
) -> ResultRow:
    label, unit = outcome.replace("_", " ").capitalize(), "%" if display == "pct0" else "h"
    stem = ("device_use", outcome, visit, population, "all", statistic)
    return ResultRow(*stem, value, display, label, unit, n, 12, "by hand")


def against(group: str, statistic: str, value: float, *, n: int = 9, display: str = "f1"):
    stem = ("exposure_response", "vas", "y5", "hours", group, statistic)
    return ResultRow(*stem, value, display, "Pain", "cm", n, 12, "exploratory")


def results_of(*rows: ResultRow) -> Results:
    return Results(rows_to_frame(rows, Provenance("0", "analyse", "f", "synthetic")))


def texts(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def test_the_calendar_has_a_row_a_year_and_a_column_a_month(study: StudyConfig) -> None:
    """Month 1 at 44.4 %, month 14 at 36.6 %: first row, first column; second row, second."""
    rows = [
        use("utilisation", "month1", "mean", 44.4),
        use("utilisation", "month14", "mean", 36.6),
        use("observed", "month1", "percent", 75.0),
    ]
    above, below = draw_calendar(results_of(*rows), study).axes
    assert texts(above) == ["44", "37"]
    assert [text.get_position() for text in above.texts] == [(0.5, 0.5), (1.5, 1.5)]
    assert texts(below) == ["75"]
    assert [tick.get_text() for tick in above.get_yticklabels()] == [
        f"Year {year}" for year in range(1, 6)
    ]
    assert len(above.get_xticklabels()) == 12


def test_a_suppressed_month_stays_empty(study: StudyConfig) -> None:
    """Three participants where five are the fewest shown: no number in the cell."""
    rows = [
        use("utilisation", "month1", "mean", 44.0, n=100),
        use("utilisation", "month2", "mean", 55.0, n=3),
    ]
    frame = protect_results(results_of(*rows).frame, 5)
    assert texts(draw_calendar(Results(frame), study).axes[0]) == ["44"]


def test_adherence_shows_quartiles_bounds_coverage_and_persistence(study: StudyConfig) -> None:
    rows = [
        use("utilisation", "year2", name, value)
        for name, value in (("median", 40.0), ("q1", 20.0), ("q3", 55.0))
    ]
    rows += [
        use("utilisation_lower", "year2", "median", 30.0),
        use("utilisation_upper", "year2", "median", 70.0),
        use("coverage", "year2", "mean", 83.0),
        use("persistence", "year2", "percent", 61.0, n=7),
    ]
    rows += [
        use("persistence", "month24", name, value)
        for name, value in (("percent", 61.0), ("ci_lower", 40.0), ("ci_upper", 80.0))
    ]
    left, right = draw_device_use(results_of(*rows), study).axes
    drawn = [np.asarray(line.get_ydata(), dtype=float) for line in left.lines]
    at_year2 = {float(values[1]) for values in drawn if len(values) == 5}
    assert at_year2 >= {40.0, 20.0, 55.0, 30.0, 70.0}
    assert [tick.get_text() for tick in left.get_xticklabels()][1].startswith("Year 2\n83")
    assert [tick.get_text() for tick in right.get_xticklabels()][2] == "2\n7"
    curve = np.asarray(right.lines[0].get_ydata(), dtype=float)
    assert (curve[0], curve[24]) == (100, 61)


def test_outcome_against_use_draws_thirds_with_the_caution(study: StudyConfig) -> None:
    rows = []
    for third, (hours, mean) in {"third1": (289, -4.4), "third3": (1048, -5.4)}.items():
        rows += [
            against(third, "use", hours, n=42),
            against(third, "mean", mean, n=42),
            against(third, "ci_lower", mean - 1, n=42),
            against(third, "ci_upper", mean + 1, n=42),
        ]
    rows += [
        against("spearman", name, value, display="f2")
        for name, value in (("estimate", -0.11), ("ci_lower", -0.28), ("ci_upper", 0.07))
    ]
    figure = draw_exposure_response(results_of(*rows), study)
    pain, disability = figure.axes[:2]
    points = np.asarray(pain.lines[0].get_xydata())
    assert points.tolist() == [[289, -4.4], [1048, -5.4]]
    assert texts(pain) == ["n = 42", "n = 42"]
    assert "Spearman \N{MINUS SIGN}0.11\n(\N{MINUS SIGN}0.28 to 0.07)" in pain.get_xlabel()
    assert texts(disability) == ["too few participants"]
    assert figure.get_supxlabel().startswith("Exploratory: not evidence of an effect")


def test_figures_have_the_same_bytes_twice(study: StudyConfig, tmp_path: Path) -> None:
    results = results_of(use("utilisation", "month1", "mean", 44.4))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for draw in (draw_calendar, draw_device_use, draw_exposure_response):
            save_figure(draw(results, study), tmp_path / name, draw.__name__)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def adherence_rows(lower: float, upper: float) -> list[ResultRow]:
    rows = []
    for visit in ("overall", "year1"):
        for name, value in (("median", 37.2), ("q1", 20.0), ("q3", 51.0)):
            rows.append(use("utilisation", visit, name, value))
        rows.append(use("utilisation_lower", visit, "median", lower))
        rows.append(use("utilisation_upper", visit, "median", upper))
    return rows


def test_the_table_of_adherence_prints_median_quartiles_and_bounds(study: StudyConfig) -> None:
    table = device_use.adherence_table(results_of(*adherence_rows(31.0, 62.0)), study)
    assert "Utilisation, % 37 ( 20 to 51 ) 31 to 62" in plain(table.to_html())
    assert 'data-id="device_use.utilisation_lower.overall.exposed.all.median"' in table.to_html()


def test_bounds_by_year_are_left_out_where_they_print_as_the_median(study: StudyConfig) -> None:
    """37.2 with bounds 37.4 and 36.9 prints 37 three times: once is enough."""
    alike = device_use.adherence_by_year_table(results_of(*adherence_rows(36.9, 37.4)), study)
    assert "Utilisation, % 37 \N{EN DASH}" in plain(alike.to_html()).replace(DASH, "\N{EN DASH}")
    apart = device_use.adherence_by_year_table(results_of(*adherence_rows(31.0, 62.0)), study)
    assert "Utilisation, % 37 ( 31 to 62 )" in plain(apart.to_html())


def test_the_table_of_persistence_prints_limits_bounds_and_numbers_at_risk(
    study: StudyConfig,
) -> None:
    rows = [
        use("persistence", "year1", name, value, n=153)
        for name, value in (("percent", 84.0), ("ci_lower", 78.0), ("ci_upper", 88.0))
    ]
    rows += [
        use("persistence_lower", "year1", "percent", 80.0),
        use("persistence_upper", "year1", "percent", 84.0),
    ]
    text = plain(device_use.persistence_table(results_of(*rows), study).to_html())
    space = "\N{NARROW NO-BREAK SPACE}"
    assert f"84{space}% ( 78{space}% to 88{space}% )".replace(space, " ") in text
    assert "Lower bound 80 %" in text
    assert "At risk 153" in text


def test_the_table_of_outcome_against_use_says_that_it_is_no_effect(study: StudyConfig) -> None:
    rows = [
        against("third1", "use", 289.0, display="f0"),
        *(against("third1", name, -4.4) for name in ("mean", "ci_lower", "ci_upper")),
    ]
    table = device_use.exposure_response_table(results_of(*rows), study)
    text = plain(table.to_html())
    assert "Lowest third 289 (9) \N{MINUS SIGN}4.4" in text
    assert "Mean use, h (n)" in text
    assert "Low back pain (VAS), cm" in text
    assert "not an effect of use" in text
    assert "Methods: exploratory." in text
