"""The data report's page and JSON, looked at in headless Chromium at desk and phone width."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from multifidus.config.load import load_study
from multifidus.config.run import Tier
from multifidus.contracts.check import Finding, empty_table
from multifidus.contracts.rules import rule_named
from multifidus.contracts.tables import TABLES
from multifidus.ingest.inputs import IngestOutcome, InputFile
from multifidus.ingest.report import row_ranges, write_data_report

if TYPE_CHECKING:
    pass

STUDY = load_study(Path(__file__).parents[2] / "config/studies/reactiv8b/study.yaml").study
ERRORS = (
    Finding(rule_named("vas_in_range"), "vas", "vas_mm", (3, 4, 5, 9)),
    Finding(rule_named("unique_key"), "vas", "participant_id, visit", tuple(range(2, 400, 2))),
)
NOTES = (
    Finding(
        rule_named("file_unknown"), "data folder", detail="2 such files & <none> read",
        severity="note",
    ),
)  # fmt: skip


def outcome(*findings: Finding) -> IngestOutcome:
    inputs = tuple(InputFile(f"{name}.csv", name, "0a" * 32, 1200, 4) for name in TABLES)
    return IngestOutcome({name: empty_table(name) for name in TABLES}, findings, inputs)


def write(folder: Path, *findings: Finding, tier: Tier = Tier.RESTRICTED) -> tuple[str, str]:
    write_data_report(outcome(*findings), folder, tier=tier, study=STUDY, source="csv")
    return tuple(  # type: ignore[return-value]
        (folder / name).read_text(encoding="utf-8") for name in ("index.html", "report.json")
    )


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a", *ERRORS, *NOTES) == write(tmp_path / "b", *ERRORS, *NOTES)


def test_json_tells_everything_that_the_findings_hold(tmp_path: Path) -> None:
    content = json.loads(write(tmp_path, *ERRORS, *NOTES)[1])
    assert (content["verdict"], content["errors"], content["notes"]) == ("refused", 2, 1)
    assert (content["study"], content["tier"], content["sensitivity"]) == (
        "reactiv8b", "restricted", "restricted",
    )  # fmt: skip
    first = content["findings"][0]
    assert (first["id"], first["rows"], first["row_count"]) == ("DAT-210", [3, 4, 5, 9], 4)
    assert first["dictionary"] == "docs/data.md#vas"
    assert first["likely_cause"]
    assert first["remedy"]
    assert {item["table"] for item in content["inputs"]} == set(TABLES)
    assert all(re.fullmatch("[0-9a-f]{64}", item["sha256"]) for item in content["inputs"])


@pytest.mark.parametrize("tier", Tier)
def test_every_page_carries_its_tier(tier: Tier, tmp_path: Path) -> None:
    page, data = write(tmp_path, tier=tier)
    assert tier.banner in page
    assert f'<meta name="data-tier" content="{tier}">' in page
    assert json.loads(data)["verdict"] == "accepted"
    assert "accepted without remark" in " ".join(page.split())


def test_the_page_stands_alone_and_escapes_text(tmp_path: Path) -> None:
    page, _ = write(tmp_path, *NOTES)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", page)
    assert "<script" not in page
    assert "url(" not in page
    assert "2 such files &amp; &lt;none&gt; read" in page


def test_every_link_leads_to_an_anchor_that_stands_there_once(tmp_path: Path) -> None:
    page, _ = write(tmp_path, *ERRORS, *NOTES)
    anchors = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(anchors)) == len(anchors)
    links = re.findall(r'href="#([^"]+)"', page)
    assert "vas.vas_mm" in links
    assert set(links) <= set(anchors)


def test_row_ranges() -> None:
    assert row_ranges((9, 3, 4, 5, 3)) == ["3\N{EN DASH}5", "9"]
    assert row_ranges(()) == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_runs_over_the_edge(browser: webdriver.Chrome, tmp_path: Path, width: int) -> None:
    """A headless window cannot be as narrow as a phone, so the screen itself is overridden."""
    write(tmp_path, *ERRORS, *NOTES)
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get((tmp_path / "index.html").as_uri())
    for details in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", details)
    window, room, content = browser.execute_script(
        "const page = document.documentElement;"
        "return [window.innerWidth, page.clientWidth, page.scrollWidth]"
    )
    assert window == width
    assert content <= room
    heading = browser.find_element(By.CSS_SELECTOR, "#DAT-210-error h3")
    assert heading.text == "Error VAS must lie between 0 and 100 mm DAT-210"


@pytest.mark.browser
def test_a_finding_leads_to_its_column_in_the_dictionary(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    write(tmp_path, *ERRORS)
    browser.get((tmp_path / "index.html").as_uri())
    row = browser.find_element(By.ID, "vas.vas_mm")
    assert not row.is_displayed(), "the dictionary is folded at first"
    browser.get((tmp_path / "index.html").as_uri() + "#vas.vas_mm")
    assert browser.find_element(By.ID, "vas.vas_mm").is_displayed()
