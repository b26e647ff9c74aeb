"""Cohorts that give an analysis little or nothing: it says what is not estimable and ends well.

Each cohort is an edit of the hand-written participants. Every analysis, figure and table, and every
number in a sentence of the documents, is made from it, as a run without stimulator logs makes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hand_written_cohort import ROOT, mme_factors, read_tables, study, value_sets

from multifidus.analyses.efficacy.mixed_model import STATISTICS, summarise_mixed_model
from multifidus.analyses.efficacy.randomised import summarise_randomised
from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.registry import analyses_of, run_analysis
from multifidus.analyses.sensitivity.multiple_imputation import (
    summarise_multiple_imputation,
)
from multifidus.contracts.check import empty_table
from multifidus.instruments.scores import build_scores
from multifidus.literature.record.studies import COMPARATORS
from multifidus.literature.record.tables import load_table
from multifidus.report.context import ReportContext
from multifidus.report.figures.draw import draw_figures
from multifidus.report.settings import read_words
from multifidus.report.tables.clinical import mixed_model_table, randomised_table
from multifidus.results.table import Provenance, ResultRow, Results, collect_results, rows_to_frame

Tables = dict[str, pd.DataFrame]
ANSWERS = ("vas", "odi", "eq5d", "analgesics")
MANUSCRIPT = ROOT / "reports/manuscript"
LEFT_OUT = ("stimulator_logs", "device_use", "adherence", "calibration")
CELL = re.compile(r"^```\{python\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`\{python\} (.*?)`")
INCLUDE = re.compile(r"\{\{< include _sections/_(\w+)\.qmd >\}\}")


def _only(tables: Tables, people: pd.Series) -> Tables:
    return {
        name: frame[frame["participant_id"].isin(people)].reset_index(drop=True)
        for name, frame in tables.items()
    }


def _at(tables: Tables, visits: Callable[[pd.Series], pd.Series]) -> Tables:
    """Keep the answers at some visits; nobody attended the others."""
    found = dict(tables)
    for name in ANSWERS:
        found[name] = found[name][visits(found[name]["visit"])].reset_index(drop=True)
    missed = ~visits(found["visits"]["visit"])
    found["visits"] = found["visits"].assign(
        attended=found["visits"]["attended"].mask(missed, other=False),
        visit_date=found["visits"]["visit_date"].mask(missed),
        reason_missed=found["visits"]["reason_missed"].mask(missed, "missed"),
    )
    return found


def _constant(tables: Tables) -> Tables:
    """Everybody answers the same at every visit."""
    found = dict(tables)
    for name, value in (("vas", 50), ("odi", 2), ("eq5d", 2)):
        answers = [column for column in found[name] if column.startswith(f"{name}_")]
        found[name] = found[name].copy()
        for column in answers:
            kind = found[name][column].dtype
            found[name][column] = pd.array([value] * len(found[name]), dtype=kind)
    return found


def _same_change(tables: Tables) -> Tables:
    """Everybody falls from 70 to 20 mm: a change without any spread."""
    vas = tables["vas"]
    level = np.where(vas["visit"] == "baseline", 70.0, 20.0)
    return {**tables, "vas": vas.assign(vas_mm=level)}


def _empty(*names: str) -> Callable[[Tables], Tables]:
    return lambda tables: {**tables, **{name: empty_table(name) for name in names}}


def _arm(name: str) -> Callable[[Tables], Tables]:
    def keep(tables: Tables) -> Tables:
        people = tables["participants"]
        return _only(tables, people.loc[people["arm"] == name, "participant_id"])

    return keep


def _first(count: int) -> Callable[[Tables], Tables]:
    return lambda tables: _only(tables, tables["participants"]["participant_id"].head(count))


def _controls_unseen(tables: Tables) -> Tables:
    """The controls answer at baseline and never again."""
    people = tables["participants"]
    controls = people.loc[people["arm"] == "control", "participant_id"]
    found = dict(tables)
    for name in ANSWERS:
        late = found[name]["visit"] != "baseline"
        gone = found[name]["participant_id"].isin(controls) & late
        found[name] = found[name][~gone].reset_index(drop=True)
    return found


COHORTS: dict[str, Callable[[Tables], Tables]] = {
    "whole": dict,
    "one participant": _first(1),
    "two participants": _first(2),
    "five participants": _first(5),
    "no controls": _arm("treatment"),
    "controls alone": _arm("control"),
    "controls unseen": _controls_unseen,
    "constant outcomes": _constant,
    "the same change": _same_change,
    "nobody at the last visit": lambda tables: _at(tables, lambda visit: visit != "y5"),
    "baseline alone": lambda tables: _at(tables, lambda visit: visit == "baseline"),
    "no baseline": lambda tables: _at(tables, lambda visit: visit != "baseline"),
    "no events": _empty("adverse_events", "device_events"),
    "no opioids": _empty("opioids"),
    "no questionnaire": _empty("odi"),
    "no answers": _empty(*ANSWERS, "characteristics", "opioids"),
}
QUICK = ("one participant", "constant outcomes", "no answers")


def cohort(name: str) -> AnalysisInputs:
    tables = COHORTS[name](read_tables())
    scores = build_scores(tables, study(), value_sets(), mme_factors())
    comparators = load_table(ROOT / "literature/comparators.csv", COMPARATORS)
    return AnalysisInputs(study(), tables, scores, None, 1, comparators)


def frame_of(name: str, rows: list[ResultRow]) -> pd.DataFrame:
    return rows_to_frame(rows, Provenance("0" * 64, f"analyse_{name}", "f", "restricted"))


def analysed(inputs: AnalysisInputs, *wanted: str) -> Results:
    """Run some analyses; by default all that a run without logs has."""
    names = [name for name, plan in analyses_of(inputs.study).items() if not plan.needs_usage]
    frames = [frame_of(name, run_analysis(name, inputs)) for name in wanted or names]
    return Results(collect_results(frames))


def source(document: str) -> str:
    """The text of a document with its sections, those about logs replaced by their notices."""

    def section(match: re.Match[str]) -> str:
        prefix = "_no_" if match[1] in LEFT_OUT else "_"
        return (MANUSCRIPT / f"_sections/{prefix}{match[1]}.qmd").read_text(encoding="utf-8")

    return INCLUDE.sub(section, (MANUSCRIPT / document).read_text(encoding="utf-8"))


def printed(document: str, report: ReportContext) -> Iterator[str]:
    """Evaluate every cell and every expression in a sentence of a document."""
    text = source(document)
    names: dict[str, Any] = {}
    first, *cells = CELL.findall(text)
    exec(first.replace("report = open_report()", ""), names | {"report": report}, names)
    names["report"] = report
    for cell in cells:
        code = "\n".join(line for line in cell.splitlines() if not line.startswith("#|"))
        if "scorecard" in code:  # the scorecard of a run, not of its data
            continue
        value = eval(code, names)
        yield value.to_html() if hasattr(value, "to_html") else str(value)
    for expression in INLINE.findall(text):
        yield str(eval(expression, names))


@pytest.fixture
def report(tmp_path: Path) -> Callable[[Results, AnalysisInputs], ReportContext]:
    def make(results: Results, inputs: AnalysisInputs) -> ReportContext:
        results.frame.to_parquet(tmp_path / "results.parquet")
        card = {"family": ["five_year_abstract"], "evidence": [""], "verdict": ["not_reproduced"]}
        pd.DataFrame(card).to_csv(tmp_path / "scorecard.csv", index=False)
        return ReportContext(
            {
                "results": str(tmp_path / "results.parquet"),
                "scorecard": str(tmp_path / "scorecard.csv"),
                "figures": str(tmp_path / "figures"),
                "words": read_words(Path(__file__).resolve().parents[2] / "literature"),
                "sections": inputs.study.model_dump(mode="json"),
                "tier": "restricted",
                "seed": 1,
                "version": "0",
                "lock": "0" * 64,
            }
        )

    return make


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in COHORTS]
)
def test_every_analysis_figure_and_number_is_made(
    name: str, report: Callable[[Results, AnalysisInputs], ReportContext]
) -> None:
    inputs = cohort(name)
    results = analysed(inputs)
    context = report(results, inputs)
    with mpl.rc_context():
        draw_figures(results, inputs.study, Path(context.facts["figures"]))
    for document in ("manuscript.qmd", "study_report.qmd"):
        for text in printed(document, context):
            assert not re.search(r"\b(nan|NaN|NaT|None|inf)\b|<NA>", text), text[:300]


def test_a_model_that_cannot_be_estimated_says_so_in_the_table() -> None:
    """Where all answer the same there is no variance to model: the change is 0 in everybody, and
    the table prints the reason beneath."""
    inputs = cohort("constant outcomes")
    rows = summarise_mixed_model(inputs)
    assert {row.method.partition(": ")[0] for row in rows} == {"Not estimable"}
    assert all(np.isnan(row.value) for row in rows)
    assert {row.statistic for row in rows} == set(STATISTICS)
    page = mixed_model_table(Results(frame_of("mixed_model", rows)), inputs.study).to_html()
    assert page.count("not estimable") >= 3
    assert re.search(r"<tfoot>.*Not estimable \(Low back pain \(VAS\)\): ", page)


def test_a_comparison_without_controls_says_so_in_the_table() -> None:
    inputs = cohort("no controls")
    rows = summarise_randomised(inputs)
    reasons = {row.method for row in rows}
    assert reasons == {
        "Not estimable: an arm has fewer than two participants with the change",
        "Not estimable: an arm has no participants",
    }
    results = analysed(inputs, "effectiveness", "responders", "randomised")
    page = randomised_table(results, inputs.study).to_html()
    assert "Not estimable (VAS by 30 % or more without more analgesics): an arm has no" in page


def test_imputation_that_cannot_be_done_gives_its_reason_at_every_visit() -> None:
    inputs = cohort("one participant")
    rows = [row for row in summarise_multiple_imputation(inputs) if row.analysis == "change_mi"]
    assert rows
    assert all(row.method.startswith("Not estimable: ") for row in rows)
    assert {row.visit for row in rows} == {"m6", "y1", "y2", "y3", "y4", "y5"}


def test_a_number_that_the_data_do_not_give_is_said_to_be_none(
    report: Callable[[Results, AnalysisInputs], ReportContext],
) -> None:
    inputs = cohort("one participant")
    context = report(analysed(inputs, "effectiveness"), inputs)
    words = str(context.number("change.vas.y5.observed.all.ci_lower"))  # of one value there is none
    assert words.startswith("[not estimable]{.num ")
    assert "change, vas, y5" in words


def test_a_misspelt_id_does_not_pass_for_one_on_complete_data(
    report: Callable[[Results, AnalysisInputs], ReportContext],
) -> None:
    """The synthetic cohort gives every result, so a missing one is an error of the document."""
    inputs = cohort("one participant")
    context = report(analysed(inputs, "effectiveness"), inputs)
    context.facts["tier"] = "synthetic"
    with pytest.raises(Exception, match="RES-001"):
        context.number("chnage.vas.y5.observed.all.mean")


def test_the_documents_without_logs_ask_for_no_use() -> None:
    text = source("manuscript.qmd")
    assert "device_use." not in "".join(INLINE.findall(text))
    assert text.count("hold no stimulator logs") == 3
    assert re.search(r"@(tbl|fig)-(use|calendar|adherence|exposure)", text) is None
