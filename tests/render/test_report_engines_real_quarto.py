"""The document that uses every part of the language, rendered by a real Quarto where there is one.

What is expected is what the embedded renderer prints of the same document.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from lxml import html as lxml_html

from conftest import Paper, render_paper
from multifidus.base.errors import RenderError
from multifidus.base.files import sha256_of
from multifidus.report.engines.quarto import find_quarto

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from multifidus.report.engines.api import RenderOutcome

pytestmark = pytest.mark.skipif(find_quarto() is None, reason="there is no Quarto on this machine")


@pytest.fixture(scope="module")
def by_quarto(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return render_paper(tmp_path_factory.mktemp("quarto"), engine="quarto")


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()


def page(paper: Paper) -> lxml_html.HtmlElement:
    return lxml_html.parse(str(paper.path("html"))).getroot()


def word_xml(paper: Paper) -> str:
    with zipfile.ZipFile(paper.path("docx")) as archive:
        return archive.read("word/document.xml").decode()


def styles(xml: str) -> Counter[str]:
    return Counter(re.findall(r'<w:pStyle w:val="(\w+)"', xml))


def test_the_pages_have_the_same_captions_references_and_formula(
    paper: Paper, by_quarto: Paper
) -> None:
    pages = (page(paper), page(by_quarto))
    captions, references, authors = (
        [[flat(item.text_content()) for item in root.xpath(path)] for root in pages]
        for path in (
            "//figcaption",
            "//a[contains(@class, 'quarto-xref')]",
            "//header[@id='title-block-header']",
        )
    )
    for kind in (captions, references, authors):
        assert kind[0]
        assert kind[0] == kind[1]
    for root in pages:  # pandocs differ in the letters of formulas
        (formula,) = root.xpath("//*[@id='eq-model']")
        assert formula.text_content().count("(1)") == 1


def test_the_word_files_have_the_same_styles_and_described_pixels(
    paper: Paper, by_quarto: Paper
) -> None:
    embedded, quarto = word_xml(paper), word_xml(by_quarto)
    assert re.findall(r'wp:docPr descr="([^"]*)"', quarto) == re.findall(
        r'wp:docPr descr="([^"]*)"', embedded
    )
    kinds = ("CaptionedFigure", "ImageCaption", "TableCaption", "Callout", "CalloutTitle")
    kinds += ("MarginNote", "Heading1", "Heading2", "Abstract", "Affiliation", "BodyText")
    counts = styles(quarto)
    assert {kind: counts[kind] for kind in kinds} == {
        kind: styles(embedded)[kind] for kind in kinds
    }
    with zipfile.ZipFile(by_quarto.path("docx")) as archive:
        pictures = [name for name in archive.namelist() if name.startswith("word/media/")]
    assert len(pictures) == 7
    assert all(name.endswith(".png") for name in pictures)


def test_the_pdf_refers_to_parts_alike_and_keeps_no_time(by_quarto: Paper, tmp_path: Path) -> None:
    content = by_quarto.path("pdf").read_bytes()
    assert b"(D:19700101000000Z)" in content
    if shutil.which("pdftotext"):
        text = tmp_path / "text"
        subprocess.run(["pdftotext", str(by_quarto.path("pdf")), str(text)], check=True)
        assert "Figure 2 (b) is a part" in flat(text.read_text("utf-8"))


CELL = "\n```{python}\nfrom IPython.display import Markdown\n```\n"


@pytest.mark.parametrize(
    ("body", "error_id", "message"),
    [
        (
            "\n```{python}\n#| label: one\nx = undefined\n```\n",
            "RND-040",
            r"a\.qmd:6: the cell fails with NameError: name 'undefined' is not defined",
        ),
        (
            f"{CELL}\n`{{python}} [][0]`\n",
            "RND-041",
            r"inline expression of a\.qmd fails with IndexError; correct",
        ),
        ("\n{{< env ABSENT >}}\n", "RND-011", r"a\.qmd:6: env has no value named 'ABSENT'"),
        (
            f"{CELL}\n```{{python}}\nMarkdown('see @fig-made')\n```\n",
            "RND-009",
            r"a\.qmd:11: the cross-reference @fig-made has no target",
        ),
        (
            f"{CELL}\n```{{python}}\nMarkdown('[@made2020]')\n```\n",
            "RND-010",
            r"a\.qmd:11: the citation @made2020 is not in the bibliography",
        ),
        ("\n![A picture](absent.png)\n", "RND-025", r"a\.qmd:6: the file absent\.png .* not there"),
    ],
)
def test_faults_of_a_document_are_those_of_the_embedded_renderer(
    render_text: Callable[..., RenderOutcome],
    tmp_path: Path,
    body: str,
    error_id: str,
    message: str,
) -> None:
    (tmp_path / "x.bib").write_text("@misc{one, title = {One}}\n")
    with pytest.raises(RenderError, match=message) as caught:
        render_text(
            body,
            head="title: T\nbibliography: x.bib\n",
            engine="quarto",
            resources={"x.bib": tmp_path / "x.bib"},
        )
    assert caught.value.error_id == error_id
    assert not (tmp_path / "out").exists()


def test_values_of_an_error_reach_no_log(
    render_text: Callable[..., RenderOutcome], tmp_path: Path
) -> None:
    body = (
        "\n```{python}\nwho = 1100 + 11\nraise ValueError(f'participant {who}\\nhas {who}')\n```\n"
    )
    with pytest.raises(RenderError, match="the cell fails with ValueError; correct"):
        render_text(body, engine="quarto")
    log = (tmp_path / "scratch" / "quarto.log").read_text("utf-8")
    assert "ValueError" in log
    assert "1111" not in log


def test_the_page_names_no_folder_of_the_machine(by_quarto: Paper) -> None:
    assert str(by_quarto.project.parent) not in by_quarto.path("html").read_text("utf-8")


def test_two_renders_make_the_same_bytes(
    by_quarto: Paper, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = render_paper(tmp_path_factory.mktemp("again") / "longer name", engine="quarto")
    names = by_quarto.outcome.outputs
    assert {name: sha256_of(by_quarto.path(name)) for name in names} == {
        name: sha256_of(again.path(name)) for name in names
    }
