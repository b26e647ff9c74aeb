"""Products that print the same numbers are compared with each other, number by number."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from multifidus.base.files import write_csv, write_parquet
from multifidus.package.agreement import compare_products
from multifidus.results.table import Provenance, ResultRow, rows_to_frame

MEAN = "level.vas.y5.observed.all.mean"
CHANGE = "change.vas.y5.observed.all.mean"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two results in every product. 2.375 prints as 2.4, -4.9 also as a fall of 4.9."""
    names = ("vas", "y5", "observed", "all", "mean")
    rows = [
        ResultRow("level", *names, 2.375, "f1", "Pain", "cm", 124, 204),
        ResultRow("change", *names, -4.9, "f1", "Pain", "cm", 124, 204),
    ]
    made = rows_to_frame(rows, Provenance("0", "collect", "f", "synthetic"))
    write_parquet(tmp_path / "results.parquet", made)
    write_csv(tmp_path / "results.csv", made)
    card = {
        "claim_id": "a",
        "part": "value",
        "printed": "-4.9",
        "reproduced": "-4.9",
        "verdict": "reproduced",
        "result_id": CHANGE,
    }
    write_csv(tmp_path / "scorecard.csv", pd.DataFrame([{**card, "tier": "synthetic"}]))
    (tmp_path / "scorecard.json").write_text(json.dumps({"rows": [card], "tier": "synthetic"}))
    (tmp_path / "scorecard.html").write_text(
        '<tr id="a-value" class="reproduced"><td>\u22124.9</td><td>\u22124.9</td></tr>'
    )
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper/paper.html").write_text(
        "<head><title>2026</title></head><nav>1 Methods</nav>"
        f'<p>It fell by <span class="num" data-id="{CHANGE}" title="n = 124">4.9</span> to'
        f' <span class="num" data-id="{MEAN}">2.4</span> cm in 5 years.</p>'
    )
    write_word(tmp_path / "paper/paper.docx", "It fell by 4.9 to 2.4 cm in 5 years.")
    return tmp_path


def write_word(path: Path, text: str) -> None:
    """Write a Word document whose numbers are cut into runs, as editors leave them."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    runs = "".join(f"<w:r><w:t>{character}</w:t></w:r>" for character in text)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f'<w:p xmlns:w="{space}">{runs}</w:p>')


ALL = {
    "results.csv",
    "scorecard.csv",
    "scorecard.html",
    "scorecard.json",
    "paper/paper.docx",
    "paper/paper.html",
}


def test_what_a_run_made_agrees(folder: Path) -> None:
    assert compare_products(folder) == dict.fromkeys(ALL, True)


@pytest.mark.parametrize(
    ("name", "old", "new", "broken"),
    [
        ("results.csv", "2.375", "1.23", {"results.csv"}),
        ("results.csv", "204", "203", {"results.csv"}),
        ("scorecard.csv", "-4.9", "-4.8", {"scorecard.html", "scorecard.json"}),
        (
            "scorecard.csv",
            "-4.9,reproduced",
            "-4.8,reproduced",
            {"scorecard.csv", "scorecard.html", "scorecard.json"},
        ),
        ("scorecard.json", "-4.9", "-4.8", {"scorecard.json"}),
        ("scorecard.html", "\u22124.9", "\u22124.8", {"scorecard.html"}),
        ("scorecard.html", "\u22124.9</td></tr>", "\u22124.8</td></tr>", {"scorecard.html"}),
        ("scorecard.html", "reproduced", "not_reproduced", {"scorecard.html"}),
        ("scorecard.html", "a-value", "b-value", {"scorecard.html"}),
        ("paper/paper.html", "2.4", "1.2", {"paper/paper.html", "paper/paper.docx"}),
        ("paper/paper.html", "5 years", "4 years", {"paper/paper.docx"}),
        ("paper/paper.html", MEAN, "no.such.id", {"paper/paper.html"}),
        ("scorecard.json", "[", "(", {"scorecard.json"}),
    ],
)
def test_a_changed_number_contradicts_its_neighbour(
    folder: Path, name: str, old: str, new: str, broken: set[str]
) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = compare_products(folder)
    assert {product for product, agrees in found.items() if not agrees} == broken


def test_a_changed_word_document_contradicts_the_page(folder: Path) -> None:
    write_word(folder / "paper/paper.docx", "It fell by 4.9 to 2.3 cm in 5 years.")
    assert not compare_products(folder)["paper/paper.docx"]
    (folder / "paper/paper.docx").write_bytes(b"no archive")
    assert not compare_products(folder)["paper/paper.docx"]


def test_a_changed_result_contradicts_all_that_print_it(folder: Path) -> None:
    frame = pd.read_parquet(folder / "results.parquet")
    frame["value"] = [1.23, -4.8]
    frame.to_parquet(folder / "results.parquet")
    found = compare_products(folder)
    broken = {product for product, agrees in found.items() if not agrees}
    assert broken == {"results.csv", "scorecard.csv", "paper/paper.html"}


def test_what_is_not_there_is_not_compared(folder: Path) -> None:
    (folder / "results.parquet").unlink()
    (folder / "paper/paper.docx").unlink()
    assert set(compare_products(folder)) == {"scorecard.html", "scorecard.json"}
    (folder / "results.parquet").write_bytes(b"no table")
    assert set(compare_products(folder)) == {"scorecard.html", "scorecard.json"}
