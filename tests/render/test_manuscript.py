"""The manuscript that a run makes, in all three formats, as a reader meets it."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile

import pandas as pd
import pytest
from selenium import webdriver

from multifidus.results.table import Results
from runs import Run

BANNER = "Synthetic cohort, calibrated to published figures: not trial data"


@pytest.fixture(scope="module")
def page(finished_run: Run) -> str:
    return (finished_run.results / "manuscript/manuscript.html").read_text(encoding="utf-8")


def _words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_the_page_calls_nothing_from_elsewhere_and_says_its_tier(page: str) -> None:
    sources = re.findall(r'(?:src|href)="(https?:[^"]+)"', page)
    links = re.findall(r'<a [^>]*href="(https?:[^"]+)"', page)
    assert set(sources) == set(links)
    assert "<script" not in page
    assert BANNER in page


def test_every_number_of_the_page_is_the_result_it_names(finished_run: Run, page: str) -> None:
    results = Results.read(finished_run.results / "results.parquet")
    numbers = re.findall(r'<span class="num" data-id="([^"]+)"[^>]*>([^<]*)</span>', page)
    assert len(numbers) > 300
    for result_id, text in numbers:
        row = results.row(result_id)
        digits = re.sub(r"[^0-9.]", "", text.replace("&lt;", ""))
        if not digits or str(row["statistic"]) == "p_value":
            continue
        decimals = len(digits.partition(".")[2])
        value = abs(float(row["value"]))
        options = {value} | ({float(row["N"])} if pd.notna(row["N"]) else set())
        shown = float(digits)
        assert any(abs(shown - option) <= 0.5 * 10**-decimals + 1e-9 for option in options), (
            result_id,
            text,
        )


def test_figures_and_tables_are_numbered_in_order_and_described(page: str) -> None:
    text = _words(page)
    titles = [
        _words(caption) for caption in re.findall(r"<figcaption>(.*?)</figcaption>", page, re.S)
    ]
    for kind, least in (("Figure", 7), ("Table", 13)):
        numbers = [re.match(rf"{kind}\s(\d+)\.", title.strip()) for title in titles]
        captions = [int(number[1]) for number in numbers if number]
        assert captions == list(range(1, len(captions) + 1))
        assert len(captions) >= least
    assert not re.search(r"<img(?![^>]*alt=\"[^\"]+\")", page)
    assert "?@" not in text
    assert "[@" not in text


def test_the_word_document_holds_the_same_tables_and_tier(finished_run: Run, page: str) -> None:
    path = finished_run.results / "manuscript/manuscript.docx"
    with zipfile.ZipFile(path) as archive:
        body = archive.read("word/document.xml").decode()
        headers = "".join(
            archive.read(name).decode() for name in archive.namelist() if "header" in name
        )
    assert body.count("<w:tbl>") >= page.count("<table")
    assert "not trial data" in _words(headers)
    assert "Five-year" in _words(body) or "five years" in _words(body)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not on this machine")
def test_every_page_of_the_pdf_says_its_tier(finished_run: Run) -> None:
    path = finished_run.results / "manuscript/manuscript.pdf"
    text = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) > 8
    assert all("not trial data" in page for page in pages)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_the_window(finished_run: Run, browser: webdriver.Chrome, width: int) -> None:
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get((finished_run.results / "manuscript/manuscript.html").as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    broken = "return [...document.images].filter(i => !i.naturalWidth).length"
    assert browser.execute_script(broken) == 0
    assert browser.find_elements("css selector", "nav a[href^='#']")
