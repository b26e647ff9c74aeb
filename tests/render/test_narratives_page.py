"""The page of narratives: what stands on it, alone and at desk and phone width."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from multifidus.config.run import Tier
from multifidus.contracts.tables import write_table
from multifidus.package.labels import stated_tiers
from multifidus.report.narratives import NARRATIVE_TABLES, write_narratives

if TYPE_CHECKING:
    from selenium import webdriver

sys.path.append(str(Path(__file__).parents[1] / "assurance"))
from hand_written_cohort import read_tables, study


@pytest.fixture(params=[Tier.SYNTHETIC, Tier.PUBLIC, Tier.RESTRICTED])
def tier(request: pytest.FixtureRequest) -> Tier:
    return Tier(request.param)


def write(folder: Path, tier: Tier) -> Path:
    tables = read_tables()
    for name in NARRATIVE_TABLES:
        write_table(folder / "tables", name, tables[name], tier=str(tier))
    target = folder / "narratives"
    write_narratives(
        folder / "tables", study(), parquet=target / "narratives.parquet",
        csv=target / "narratives.csv", page=target / "index.html", tier=tier,
    )  # fmt: skip
    return target


def test_every_file_states_its_tier_and_holds_the_same_rows(tmp_path: Path, tier: Tier) -> None:
    folder = write(tmp_path, tier)
    for name in ("narratives.parquet", "narratives.csv", "index.html"):
        assert stated_tiers(folder / name) == {str(tier)}
    frame = pd.read_parquet(folder / "narratives.parquet")
    assert len(pd.read_csv(folder / "narratives.csv")) == len(frame) == 6
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.count('<th scope="row" data-label="Participant">') == len(frame)


def test_the_gravest_stand_first_and_each_once(tmp_path: Path) -> None:
    """P35's serious event is its death; P32's infection is serious and related."""
    page = (write(tmp_path, Tier.SYNTHETIC) / "index.html").read_text(encoding="utf-8")
    parts = re.split(r'<h2 id="(\w+)">', page)
    people = {
        name: re.findall(r'data-label="Participant">(P\d+)', text)
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert people == {
        "death": ["P35"], "serious_related": ["P32"], "serious": [], "explant": ["P34"],
        "related": ["P31", "P31", "P34"], "columns": [],
    }  # fmt: skip
    assert "procedure: definite" in page
    assert "<script" not in page
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", page)


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, Tier.PUBLIC) for name in ("a", "b"))
    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_runs_over_the_edge(browser: webdriver.Chrome, tmp_path: Path, width: int) -> None:
    page = write(tmp_path, Tier.RESTRICTED) / "index.html"
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(page.as_uri())
    window, room, content = browser.execute_script(
        "const page = document.documentElement;"
        "return [window.innerWidth, page.clientWidth, page.scrollWidth]"
    )
    assert window == width
    assert content <= room
