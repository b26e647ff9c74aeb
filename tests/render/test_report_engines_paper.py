"""The embedded engine on a document that uses every part of the language, in three formats.

What must be printed is written in ``fixtures/paper/paper.qmd``; numbers of figures and tables
are counted there by hand: figures course 1, pair 2, rows 3, calibration 4; tables baseline 1,
pair 2, names 3.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import docx
import nbformat
import pytest
from lxml import html as lxml_html

from multifidus.base.files import sha256_of
from multifidus.report.engines.subset import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Paper

NUMBERED = [
    "Table 1. Baseline characteristics by randomised arm.",
    "Figure 1. Pain by visit, mean with confidence interval [2].",
    "Figure 2. Two pictures side by side.",
    "Figure 3. One above two.",
    "Table 2. Two small tables.",
    "Figure 4. Targets and what was reached.",
    "Listing 1. The code of the model.",
    "Table 3. Names of outcomes.",
]
PROSE = [
    "Pain fell from 7.3 to 2.4 cm, and 42 is plain.",
    "The instrument is EQ-5D-5L and its value is a_b*c.",
    "Table 1 and Figure 1 show the same; Figs. 2, 1 too, and Figure 2 (b) is a part.",
    "Included text with an inline value: 204.",
    "As Figure 4 shows, the notebook\u2019s figure is part of the text.",
    "The model is that of Equation 1, and Listing 1 prints it.",
    "Two sources agree [1, 2].",
    "the version is one-point-nought and the place London, told by environment",
    "the engine is embedded (pandoc 3.9, Typst 0.15.1)",
    "Words of the second tab.",
    "Call-outs hold text and lists:",
    "A note in the margin.",
    "printed 45",
]
CELLS = ["Treatment (N = 102)", "Demography", "46.7 (9.1)", "male 48", "SD, standard deviation."]


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


@pytest.fixture(scope="module")
def page(paper: Paper) -> lxml_html.HtmlElement:
    return lxml_html.parse(str(paper.path("html"))).getroot()


@pytest.fixture(scope="module")
def word(paper: Paper) -> docx.document.Document:
    return docx.Document(str(paper.path("docx")))


@pytest.fixture(scope="module")
def pdf_pages(paper: Paper) -> list[str]:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not on this machine")
    done = subprocess.run(
        ["pdftotext", "-layout", str(paper.path("pdf")), "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\f")[:-1]


def word_text(document: docx.document.Document) -> str:
    body = document.element.body
    texts = ["".join(part.itertext()) for part in body.iter() if part.tag.endswith("}p")]
    return flat("\n".join(texts))


# HTML ---------------------------------------------------------------------------------------------


def test_html_says_all_of_it(page: lxml_html.HtmlElement) -> None:
    text = flat(page.text_content())
    assert [words for words in [*PROSE, *CELLS] if words not in text] == []
    assert "web only" in text
    assert "paper only" not in text


def test_html_captions_are_numbered_in_order(page: lxml_html.HtmlElement) -> None:
    captions = [flat(item.text_content()).strip() for item in page.iter("figcaption")]
    assert [item for item in captions if not item.startswith("(")] == NUMBERED
    assert [item for item in captions if item.startswith("(")] == [
        "(a) Rising.",
        "(b) Falling.",
        "(a) Up.",
        "(b) Down.",
        "(c) Level.",
        "(a) First.",
        "(b) Second.",
    ]
    leads = [
        item.find("strong").text
        for item in page.iter("figcaption")
        if item.find("strong") is not None
    ]
    assert leads[0] == "Table\u00a01."


def test_html_references_point_at_what_exists(page: lxml_html.HtmlElement) -> None:
    ids = set(page.xpath("//@id"))
    inside = [link[1:] for link in page.xpath("//a/@href") if link.startswith("#")]
    assert len(inside) > 15
    assert set(inside) <= ids
    assert len(page.xpath("//@id")) == len(ids)


def test_html_calls_nobody(paper: Paper, page: lxml_html.HtmlElement) -> None:
    sources = page.xpath("//@src") + page.xpath("//link/@href") + page.xpath("//@srcset")
    assert [source for source in sources if not source.startswith("data:")] == []
    assert page.xpath("//script") == []
    text = paper.path("html").read_text("utf-8")
    assert re.findall(r"url\(\s*['\"]?(?!data:)[^)]*\)|@import", text) == []


def test_html_keeps_the_origin_of_each_number(page: lxml_html.HtmlElement) -> None:
    spans = page.xpath("//span[@class='num']")
    assert [span.text for span in spans] == ["2.4", "204", "7.3", "2.4"]
    assert spans[3].get("title") == "n 124 of 126; rule summarise_levels"
    assert spans[2].get("data-id") == "level.vas.y5.observed.all.mean"


def test_html_table_keeps_spans_alignment_groups_and_notes(page: lxml_html.HtmlElement) -> None:
    (table,) = page.xpath("//figure[@id='tbl-baseline']//table")
    assert [len(table.xpath(f".//{part}")) for part in ("thead", "tbody", "tfoot")] == [1, 1, 1]
    head = table.xpath(".//thead/tr")
    assert [cell.get("rowspan") for cell in head[0]] == ["2", None]
    assert [cell.get("colspan") for cell in head[0]] == [None, "2"]
    assert "right" in table.xpath(".//tbody//td[text()='46.7 (9.1)']")[0].get("style")
    assert table.xpath(".//tbody//td[@colspan='3']/strong/text()") == ["Demography", "Pain"]
    assert table.xpath(".//tfoot//td/@colspan") == ["3"]


def test_html_every_picture_is_described(page: lxml_html.HtmlElement) -> None:
    words = page.xpath("//img/@alt")
    assert len(words) == len(page.xpath("//img")) == 7
    assert words[:3] == ["A line falls from seven to two.", "A rising line.", "A falling line."]


def test_html_title_block(page: lxml_html.HtmlElement) -> None:
    (header,) = page.xpath("//header[@id='title-block-header']")
    text = flat(header.text_content())
    assert "Ada Example2,* iD, Bo Sample2,1" in text
    assert "2 Department of Methods, Example University, London, United Kingdom" in text
    assert "* Correspondence: ada@example.org" in text
    assert "2026-01-31" in text
    assert header.xpath(".//a[@class='orcid']/@href") == ["https://orcid.org/0000-0002-1825-0097"]
    assert page.get("lang") == "en-GB"
    (box,) = page.xpath("//*[@id='abstract']")
    assert flat(box.text_content()).strip().startswith("Abstract Background: Impaired control")
    assert "Keywords: low back pain; neurostimulation; reproducibility" in flat(box.text_content())


def test_html_formula_is_mathml_with_its_number(page: lxml_html.HtmlElement) -> None:
    (equation,) = page.xpath("//*[@id='eq-model']")
    assert [part for part in equation.iter() if part.tag == "math"]
    assert flat(equation.text_content()).strip().endswith("(1)")


def test_html_folds_and_tabs(page: lxml_html.HtmlElement) -> None:
    summaries = [item.text_content().strip() for item in page.iter("summary")]
    assert summaries == ["How it was counted", "Folded"]
    assert len(page.xpath("//details[contains(@class, 'callout-warning')]")) == 1
    assert len(page.xpath("//*[@class='tabset']/input[@type='radio']")) == 2


def test_html_layouts(page: lxml_html.HtmlElement) -> None:
    rows = page.xpath("//figure[@id='fig-rows']//*[@class='layout-row']")
    assert [len(row) for row in rows] == [1, 2]
    assert rows[1].get("style") == "grid-template-columns: minmax(0, 1fr) minmax(0, 1fr)"


# PDF ----------------------------------------------------------------------------------------------


def test_pdf_says_all_of_it(pdf_pages: list[str]) -> None:
    text = flat(" ".join(pdf_pages))
    assert [words for words in [*PROSE, *CELLS, *NUMBERED] if words not in text] == []
    assert "paper only" in text
    assert "web only" not in text
    assert "SYNTHETIC" not in text  # the mark across the page is no text


def test_pdf_every_page_says_its_tier_and_number(pdf_pages: list[str]) -> None:
    assert len(pdf_pages) >= 4
    for number, page_text in enumerate(pdf_pages, start=1):
        assert "Synthetic cohort, calibrated to published figures: not trial data" in page_text
        assert "Restorative neurostimulation after five years" in page_text
        assert page_text.split()[-1] == f"{number}/{len(pdf_pages)}"


def test_pdf_has_no_clock_and_only_embedded_fonts(paper: Paper) -> None:
    if shutil.which("pdfinfo") is None or shutil.which("pdffonts") is None:
        pytest.skip("pdfinfo and pdffonts (poppler-utils) are not on this machine")
    path = str(paper.path("pdf"))
    info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert "Ada Example" in info
    assert "1970" in info
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
    rows = fonts.splitlines()[2:]
    assert rows
    assert all("Libertinus" in row or "DejaVuSansMono" in row or "NewCM" in row for row in rows)
    assert all(re.search(r"\byes\b", row) for row in rows)


# Word ---------------------------------------------------------------------------------------------


def test_docx_says_all_of_it(word: docx.document.Document) -> None:
    text = word_text(word)
    assert [words for words in [*PROSE, *CELLS, *NUMBERED] if words not in text] == []


def test_docx_header_and_styles(word: docx.document.Document) -> None:
    (section,) = word.sections
    header = "".join(paragraph.text for paragraph in section.header.paragraphs)
    assert header == "Synthetic cohort, calibrated to published figures: not trial data"
    styles = [paragraph.style.name for paragraph in word.paragraphs]
    for name in ("Title", "Author", "Affiliation", "Abstract", "Table Caption", "Image Caption"):
        assert name in styles
    headings = [p.text for p in word.paragraphs if p.style.name == "Heading 1"]
    assert headings == ["Introduction", "Methods", "Results", "Discussion", "References"]
    assert word.core_properties.author == "Ada Example, Bo Sample"


def test_docx_table_is_a_table_with_spans_and_widths(word: docx.document.Document) -> None:
    table = next(item for item in word.tables if item.cell(0, 0).text == "Characteristic")
    assert table.cell(1, 0).text == "Characteristic"
    assert table.cell(0, 1).text == table.cell(0, 2).text == "Arm"
    assert table.cell(2, 2).text == "Demography"
    widths = [int(column.get(column.keys()[0])) for column in table._tbl.tblGrid]
    assert widths[0] > 1.5 * widths[1] > 0
    assert table.style.name == "Table"


def test_docx_pictures_are_described_and_name_no_folder(paper: Paper) -> None:
    with zipfile.ZipFile(paper.path("docx")) as archive:
        text = archive.read("word/document.xml").decode()
        names = [name for name in archive.namelist() if name.startswith("word/media/")]
    assert len(names) == 7
    assert all(name.endswith(".png") for name in names)
    assert 'descr="A line falls from seven to two."' in text
    assert str(paper.project.parent) not in text


# All ----------------------------------------------------------------------------------------------


def test_two_runs_in_different_folders_make_the_same_bytes(
    paper: Paper, second_paper: Paper
) -> None:
    first = {name: sha256_of(paper.path(name)) for name in FORMATS}
    assert first == {name: sha256_of(second_paper.path(name)) for name in FORMATS}
    assert sha256_of(paper.notebook) == sha256_of(second_paper.notebook)


def test_the_outcome_names_engine_files_and_times(paper: Paper) -> None:
    outcome = paper.outcome
    assert (outcome.engine_name, outcome.engine_version) == (
        "embedded",
        "pandoc 3.9, Typst 0.15.1",
    )
    assert [path.name for path in outcome.outputs.values()] == [
        "paper.html",
        "paper.pdf",
        "paper.docx",
    ]
    assert list(outcome.seconds) == ["prepare", "execute", "html", "pdf", "docx"]


def test_the_authors_folder_is_left_alone(paper: Paper) -> None:
    names = sorted(path.name for path in paper.project.iterdir())
    assert names == [
        "_methods.qmd",
        "_quarto.yml",
        "_variables.yml",
        "filters",
        "notebooks",
        "paper.qmd",
        "references.bib",
        "styles",
        "templates",
    ]


def test_the_executed_notebook_keeps_ids_and_no_process(paper: Paper) -> None:
    notebook = nbformat.read(str(paper.notebook), as_version=4)
    assert [cell.id for cell in notebook.cells] == ["intro", "figure", "warning"]
    assert notebook.cells[2].outputs[0].text.startswith("<cell>:3: UserWarning")
    assert "image/svg+xml" in notebook.cells[1].outputs[0].data
    assert all("execution" not in cell.metadata for cell in notebook.cells)


def test_no_path_of_the_machine_is_in_the_page(paper: Paper) -> None:
    text = paper.path("html").read_text("utf-8")
    folder: Path = paper.project.parent
    assert str(folder) not in text
