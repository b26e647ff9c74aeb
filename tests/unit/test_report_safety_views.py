"""Tables and figures of safety and flow as views of results made by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import matplotlib.pyplot as plt

from multifidus.config.load import load_study
from multifidus.config.study import StudyConfig
from multifidus.report.figures.flow import draw_flow
from multifidus.report.figures.forest import draw_comparators
from multifidus.report.figures.style import house_style, save_figure
from multifidus.report.html_table import DASH, ReportTable
from multifidus.report.tables.adverse_events import (
    adverse_events_table,
    narratives_table,
    terms_table,
)
from multifidus.report.tables.flow import flow_table
from multifidus.report.tables.safety import device_events_table
from multifidus.report.tables.supplement import comparators_table, explantation_table
from multifidus.results.table import Provenance, ResultRow, Results, rows_to_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STUDY = StudyConfig.model_validate(
    {
        "study": {
            "id": "s",
            "title": "t",
            "short_title": "t",
            "intervention": "i",
            "condition": "c",
        },
        "arms": [{"id": "one", "label": "One"}, {"id": "two", "label": "Two"}],
        "analysis_sets": [
            {"id": "safety", "label": "Safety", "requires": ["treatment_start_date"]}
        ],
        "report": {"document": "study_report"},
        "adverse_events": {"device_event_types": ["lead_migration"]},
        "device_use": {"exposure_start": {"one": "activation_date"}, "years": 1},
    }
)


def results(rows: list[ResultRow]) -> Results:
    return Results(rows_to_frame(rows, Provenance("0", "analyse", "f", "synthetic")))


def event(outcome: str, label: str, counts: dict[str, tuple[int, int]]) -> list[ResultRow]:
    """Give participants of ten, per cent, events and a rate of 12.34 for each group."""
    rows = []
    for group, (people, events) in counts.items():
        stem = ("adverse_events", outcome, "overall", "safety", group)
        rows += [
            ResultRow(*stem, "participants", people, "d0", label, "", people, 10),
            ResultRow(*stem, "percent", 10.0 * people, "pct1", label, "%", people, 10),
            ResultRow(*stem, "events", events, "d0", label, "", events, 10),
            ResultRow(*stem, "rate", 12.34, "f1", label, "", people, 10, "exact"),
        ]
    return rows


EVENTS = results(
    [
        *event("any", "Any", {"one": (5, 9), "two": (3, 4), "all": (8, 13)}),
        *event("serious", "Serious", {"one": (1, 1), "two": (0, 0), "all": (1, 1)}),
        *event("related_stimulation", "S", {"one": (0, 0), "two": (0, 0), "all": (0, 0)}),
        *event("soc_skin", "Skin", {"one": (2, 3), "two": (1, 1), "all": (3, 4)}),
        *event("soc_nerves", "Nerves", {"one": (4, 6), "two": (2, 3), "all": (6, 9)}),
        *event("pt_rash", "Skin / Rash", {"one": (2, 3), "two": (0, 0), "all": (2, 3)}),
        *event("pt_headache", "Nerves / Headache", {"one": (4, 6), "two": (2, 3), "all": (6, 9)}),
        *event("serious_soc_skin", "Serious: Skin", {"one": (1, 1), "two": (0, 0), "all": (1, 1)}),
        *event(
            "serious_pt_rash",
            "Serious: Skin / Rash",
            {"one": (1, 1), "two": (0, 0), "all": (1, 1)},
        ),
    ]
)


def lines(table: ReportTable) -> list[list[str]]:
    """Return the body's rows as text, indents as two spaces."""
    root = ET.fromstring(table.to_html())
    rows = root.findall("tbody/tr")
    return [
        ["".join(cell.itertext()).replace("\N{EM SPACE}", "  ") for cell in row] for row in rows
    ]


def nbsp(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def test_terms_stand_within_their_classes_most_frequent_first() -> None:
    found = lines(adverse_events_table(EVENTS, STUDY))
    assert [row[0] for row in found] == [
        "Overview", "Any adverse event", "Serious",
        "By system organ class and preferred term", "Nerves", "  Headache", "Skin", "  Rash",
    ]  # fmt: skip
    assert found[1] == [
        "Any adverse event", nbsp("5 (50.0)"), "9", "12.3", nbsp("3 (30.0)"), "4", "12.3",
        nbsp("8 (80.0)"), "13", "12.3",
    ]  # fmt: skip
    assert found[-1][4:6] == [nbsp("0 (0.0)"), "0"], "a zero is kept"


def test_rare_terms_are_left_out_by_the_greatest_share_of_any_group() -> None:
    names = [row[0] for row in lines(adverse_events_table(EVENTS, STUDY, minimum_percent=20.1))]
    assert "  Headache" in names
    assert "  Rash" not in names
    assert "Skin" in names, "classes stay"
    kept = [row[0] for row in lines(adverse_events_table(EVENTS, STUDY, minimum_percent=20.0))]
    assert "  Rash" in kept, "a share that is just reached stays"


def test_the_head_takes_its_numbers_from_the_participants() -> None:
    html = adverse_events_table(EVENTS, STUDY).to_html()
    assert re.findall(r"(\w+) \(N\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}(\d+)\)", html) == [
        ("One", "10"),
        ("Two", "10"),
        ("All", "10"),
    ]


def test_serious_events_by_class_and_term() -> None:
    found = lines(terms_table(EVENTS, STUDY, "serious"))
    assert [row[0] for row in found] == [
        "Any serious event", "By system organ class and preferred term", "Skin", "  Rash",
    ]  # fmt: skip


def test_a_suppressed_term_is_not_taken_for_a_rare_one() -> None:
    frame = EVENTS.frame.copy()
    own = frame["outcome"] == "pt_rash"
    frame.loc[own, "value"] = math.nan
    names = [row[0] for row in lines(adverse_events_table(Results(frame), STUDY))]
    assert "  Rash" in names


def test_narratives_are_counted() -> None:
    rows = [
        ResultRow(
            "narratives", reason, "overall", "safety", group, name, value, "d0", "x", "", 1, 9
        )
        for reason in ("any", "serious", "related", "death", "explant", "serious_related")
        for group in ("one", "two", "all")
        for name, value in (("participants", 2), ("events", 3))
    ]
    found = lines(narratives_table(results(rows), STUDY))
    assert found[0] == ["Any", *[nbsp("2 [3]")] * 3]
    assert len(found) == 6
    none = STUDY.model_copy(update={"adverse_events": type(STUDY.adverse_events)()})
    assert len(lines(narratives_table(results(rows), none))) == 5, "no device, no explantation"


def test_device_events_keep_zeros_with_limits_of_share_and_rate() -> None:
    stem = ("lead_migration", "overall", "safety", "all")
    rows = [
        ResultRow("device_events", *stem, name, value, display, "x", "", 0, 204, "exact")
        for name, value, display in (
            ("participants", 0, "d0"), ("events", 0, "d0"), ("percent", 0, "pct1"),
            ("ci_lower", 0, "pct1"), ("ci_upper", 1.792, "pct1"),
        )
    ] + [
        ResultRow("device_event_rates", *stem, name, value, "f1", "x", "", 0, 204, "Garwood")
        for name, value in (("rate", 0.0), ("ci_lower", 0.0), ("ci_upper", 0.448))
    ]  # fmt: skip
    (row,) = lines(device_events_table(results(rows), STUDY))
    assert row[0] == "Lead migration"
    assert re.sub(r"\s", " ", row[2]) == "0.0 % to 1.8 %"
    assert row[3:] == ["0", "0.00", "0.00 to 0.45"]


def test_years_have_limits_and_numbers_at_risk() -> None:
    rows = []
    for analysis in ("kaplan_meier", "incidence"):
        stem = (analysis, "explant", "year1", "safety", "all")
        rows += [
            ResultRow(*stem, name, value, "pct1", "Explant", "%", 150, 204, "m")
            for name, value in (("percent", 2.5), ("ci_lower", 1.0), ("ci_upper", 6.0))
        ]
    found = lines(explantation_table(results(rows), STUDY))
    assert [row[0].strip() for row in found] == [
        "Kaplan-Meier", "Explant", "95 % CI", "At risk",
        "Cumulative incidence, death and other removal competing", "Explant", "95 % CI",
    ]  # fmt: skip
    assert found[3][1] == "150"


COMPARISON = results(
    [
        ResultRow("comparison", "explant", "overall", population, group, name, value, "pct1", label,
                  "%", n, total, "m")
        for population, group, label, n, total, values in (
            ("safety", "all", "Explant: this run", 29, 204, (14.2, 9.7, 19.8)),
            ("published", "rauck", "Explant: registry, 3 years", 98, 1289, (7.6, 6.3, 9.2)),
            ("published", "rapm", "Explant: centre", None, 1177, (17.8,)),
        )
        for name, value in zip(("percent", "ci_lower", "ci_upper"), values, strict=False)
    ]
)  # fmt: skip


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_forest_plot_says_its_numbers_in_words() -> None:
    with house_style():
        found = texts(draw_comparators(COMPARISON, STUDY))
    assert found[0] == "Explant"
    assert found[1:4] == ["This run", "29/204", "14.2 (9.7 to 19.8)"]
    assert "98/1289" in found
    assert "17.8" in found
    assert "17.8 (" not in " ".join(found), "no interval is invented"


def test_comparators_with_counts_and_without_intervals() -> None:
    found = lines(comparators_table(COMPARISON, STUDY))
    assert [row[0].strip() for row in found] == [
        "Explant", "This run", "Registry, 3 years", "Centre",
    ]  # fmt: skip
    assert found[1][1] == "29/204"
    assert found[3][1:] == ["", "17.8\N{NARROW NO-BREAK SPACE}%", DASH]


def flow(value: float = 2, method: str = "") -> Results:
    """A trial without visits: 3 screened, 1 not randomised, one discontinued for a reason."""
    stages = [("screened", "Screened", {"all": 5}), ("screen_failure", "Not", {"all": value}),
              ("screen_failure_declined", "Not randomised: declined", {"all": value})]  # fmt: skip
    for name, label in (
        ("randomised", "Randomised"), ("treated", "Treated"), ("completed", "Completed"),
        ("discontinued", "Discontinued"), ("discontinued_died", "Discontinued: died"),
        ("not_treated", "Not treated"), ("set_safety", "Safety"),
        ("outside_safety", "Not in: Safety"),
    ):  # fmt: skip
        stages.append((name, label, {"one": 2, "two": 1, "all": 3}))
    return results(
        [
            ResultRow(
                "flow",
                name,
                "overall",
                "safety",
                group,
                "count",
                count,
                "d0",
                label,
                method=method if math.isnan(count) else "",
            )
            for name, label, counts in stages
            for group, count in counts.items()
        ]
    )


def test_the_flow_diagram_names_reasons_and_sets(tmp_path: Path) -> None:
    with house_style():
        figure = draw_flow(flow(), STUDY)
        found = texts(figure)
        save_figure(figure, tmp_path, "flow")
    assert "Not randomised: 2" in found
    assert nbsp("declined: 2") in found
    assert "Safety: 2 (not in it: 2)" in found
    assert (tmp_path / "flow.svg").stat().st_size > 1000


def test_the_names_of_the_analysis_sets_stay_inside_their_box() -> None:
    """The name of the completers' set, as long as the study file writes it, with those outside."""
    name = "Completers (randomised and seen at five years)"
    rows = [
        ResultRow("flow", outcome, visit, "itt", group, "count", 126, "d0", label)
        for group in ("all", "treatment", "control")
        for outcome, visit, label in (
            ("randomised", "overall", "Randomised"), ("attended", "y5", "Attended"),
            ("set_completers", "overall", name), ("outside_completers", "overall", "Not in"),
        )
    ]  # fmt: skip
    path = Path(__file__).parents[2] / "config/studies/reactiv8b/study.yaml"
    study = load_study(path)
    with house_style():
        figure = draw_flow(results(rows), study)
        figure.canvas.draw()
        boxes = [patch.get_window_extent() for patch in figure.axes[0].patches]
        words = [text for text in figure.axes[0].texts if text.get_text()]
        assert any("seen at five" in text.get_text() for text in words)
        for text in words:
            own = text.get_window_extent()
            assert any(
                box.x0 <= own.x0 and own.x1 <= box.x1 and box.y0 <= own.y0 and own.y1 <= box.y1
                for box in boxes
            ), text.get_text()
        plt.close(figure)


def test_a_suppressed_count_is_said_and_not_drawn_as_a_number() -> None:
    """In the restricted tier small counts are missing from the results."""
    with house_style():
        found = texts(draw_flow(flow(math.nan, "suppressed: 1 to 4"), STUDY))
    assert "Not randomised: 1 to 4" in found
    assert nbsp("declined: 1 to 4") in found
    assert "nan" not in " ".join(found)


def test_the_flow_table_gives_reasons_under_their_stage() -> None:
    names = [row[0] for row in lines(flow_table(flow(), STUDY))]
    at = names.index("Not")
    assert names[at + 1] == "  Declined"
    assert names[names.index("Discontinued") + 1] == "  Died"
