"""Numbers and tables as views of the results: printed text, ids, methods, dashes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from multifidus.report.html_table import DASH, ReportTable
from multifidus.report.numbers import describe, number_html, number_markdown
from multifidus.results.table import (
    Provenance,
    ResultRow,
    Results,
    UnknownResultError,
    rows_to_frame,
)

MEAN = "change.vas.y5.observed.all.mean"


@pytest.fixture
def results() -> Results:
    """Three hand-written statistics."""
    stem = ("change", "vas", "y5", "observed", "all")
    rows = [
        ResultRow(*stem, "mean", -4.85, "f1", "Pain", "cm", 124, 126, "paired t"),
        ResultRow(*stem, "sd", 2.3, "f1", "Pain", "cm", 124, 126, "paired t"),
        ResultRow(*stem, "p_value", 1e-9, "p", "Pain", "", 124, 126, 'the "paired" t'),
    ]
    return Results(rows_to_frame(rows, Provenance("0", "analyse", "f", "synthetic")))


def test_a_number_carries_its_id_and_description(results: Results) -> None:
    # -4.85 half away from zero is -4.9
    assert number_markdown(results, MEAN) == (
        f'[\N{MINUS SIGN}4.9]{{.num data-id="{MEAN}" '
        'title="Pain, mean; n = 124 of 126; paired t; rule analyse"}'
    )


def test_quotes_and_signs_do_not_break_markup(results: Results) -> None:
    p = "change.vas.y5.observed.all.p_value"
    assert number_markdown(results, p).startswith("[\\< 0.0001]{.num")
    assert "the 'paired' t" in number_markdown(results, p)
    assert "&lt; 0.0001" in number_html(results, p)
    assert "&quot;paired&quot;" in number_html(results, p)


def test_an_unknown_id_names_the_nearest(results: Results) -> None:
    with pytest.raises(UnknownResultError, match=r"RES-001.*nearest is 'change\.vas\.y5"):
        number_markdown(results, "change.vas.y5.observed.all.median")


def test_description_without_counts(results: Results) -> None:
    row = results.row(MEAN).copy()
    row["n"] = row["N"] = None
    assert describe(row) == "Pain, mean; paired t; rule analyse"


def test_table_is_well_formed_groups_and_notes_span_it(results: Results) -> None:
    table = ReportTable(results, ["Outcome", "Mean", "p"], [("", 1), ("Change", 2)])
    table.group("Pain & more")
    table.row(
        "VAS", [table.mean_sd("change.vas.y5.observed.all"), table.number("no.such.id.at.all.x")]
    )
    table.note("A note.")
    root = ET.fromstring(table.to_html())
    rows = root.findall(".//tr")
    assert [len(row) for row in rows] == [2, 3, 1, 3, 1]
    assert rows[2][0].get("colspan") == rows[4][0].get("colspan") == "3"
    assert "".join(rows[3][1].itertext()) == "\N{MINUS SIGN}4.9 (2.3)"
    assert rows[3][2].text == DASH
    assert "".join(rows[4].itertext()) == "A note.Methods: paired t."


def test_table_reaches_jupyter_as_fenced_html(results: Results) -> None:
    bundle = ReportTable(results, ["a"])._repr_mimebundle_()
    assert bundle["text/markdown"].startswith("```{=html}\n<table>")
    assert "text/html" not in bundle
