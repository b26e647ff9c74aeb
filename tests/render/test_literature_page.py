"""The scorecard's files and page, from the real claims, looked at in headless Chromium."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from multifidus.literature.consistency.recompute import recompute_figures
from multifidus.literature.record.bibliography import short_citations
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.register import register_of
from multifidus.literature.scorecard.build import build_scorecard
from multifidus.literature.scorecard.page import ScorecardFiles, write_scorecard
from multifidus.literature.scorecard.verdicts import verdict_counts

_FOLDER = Path(__file__).parents[2] / "literature"
_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def _write(folder: Path, tier: str = "synthetic") -> tuple[pd.DataFrame, ScorecardFiles]:
    literature = load_literature(_FOLDER)
    recomputed = recompute_figures(literature.claims, literature.recomputations)
    # One figure right, one limit as declared, one wrong; all others are absent.
    results = pd.DataFrame(
        {
            "result_id": [
                "level.vas.y5.observed.all.mean",
                "change.odi.y5.observed.all.ci_upper",
                "level.odi.y5.observed.all.mean",
            ],
            "value": [2.41, -20.0, 17.4],
        }
    )
    register = register_of(literature.divergences, literature.divergent_figures)
    card = build_scorecard(literature.claims, results, recomputed, register, tier)
    files = ScorecardFiles(folder / "s.csv", folder / "s.json", folder / "s.html")
    write_scorecard(card, files, tier, citations=short_citations(_FOLDER / "references.bib"))
    return card, files


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    _, first = _write(tmp_path / "a")
    _, second = _write(tmp_path / "b")
    for one, two in zip(first, second, strict=True):
        assert (
            hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest()
        )


def test_csv_and_json_hold_every_row_and_the_tier(tmp_path: Path) -> None:
    card, files = _write(tmp_path)
    table = pd.read_csv(files.csv, dtype=str, keep_default_na=False)
    assert table["claim_id"].tolist() == card["claim_id"].tolist()
    assert set(table["tier"]) == {"synthetic"}
    content = json.loads(files.json.read_text(encoding="utf-8"))
    assert content["verdict_counts"] == verdict_counts(card)
    assert sum(content["verdict_counts"].values()) == len(content["rows"]) == len(card)
    assert content["tier"] == "synthetic"
    assert "not trial data" in content["tier_banner"]
    by_id = {(row["claim_id"], row["part"]): row for row in content["rows"]}
    assert by_id[("gilligan2024_vas_level_y5_mean", "value")]["verdict"] == "reproduced"
    assert by_id[("gilligan2024_odi_level_y5_mean", "value")]["verdict"] == "not_reproduced"
    assert by_id[("gilligan2024_vas_change_y5_p", "value")]["difference"] is None


@pytest.mark.parametrize(
    ("tier", "said"),
    [
        ("published", "no participant data"),
        ("synthetic", "not trial data"),
        ("restricted", "not for distribution"),
        ("public", "de-identified"),
    ],
)
def test_the_page_is_self_contained_and_says_its_tier(tmp_path: Path, tier: str, said: str) -> None:
    card, files = _write(tmp_path, tier)
    html = files.html.read_text(encoding="utf-8")
    assert said in html
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//|@import|url\(", html)
    assert "<script" not in html
    assert html.count("<tr class=") == len(card)
    for count in verdict_counts(card).values():
        assert f'<span class="figure">{count}</span>' in html


def test_differences_are_printed_with_one_digit_more_than_the_tolerance(tmp_path: Path) -> None:
    """2.41 against 2.4 give or take 0.05; -20.0 against -20.8; 17.4 against 16.5."""
    _, files = _write(tmp_path)
    html = files.html.read_text(encoding="utf-8")
    for shown in ("+0.010", "+0.800", "+0.900"):
        assert f'{shown}<span class="tolerance">±0.05 allowed</span>' in html
    assert "e-" not in "".join(re.findall(r'data-label="Difference">([^<]*)<', html))


def test_text_from_the_tables_is_escaped(tmp_path: Path) -> None:
    card, files = _write(tmp_path)
    card.loc[0, "reason"] = "<script>alert(1)</script> & more"
    write_scorecard(card, files, "synthetic")
    html = files.html.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html


@pytest.mark.browser
@pytest.mark.skipif(_CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_the_width(tmp_path: Path, width: int) -> None:
    """The page is laid out in a frame of the given width and must not scroll sideways."""
    _write(tmp_path)
    probe = tmp_path / "probe.html"
    probe.write_text(
        f'<iframe id="f" style="width:{width}px;height:800px;border:0" src="s.html"></iframe>'
        "<script>onload = () => {"
        'const d = document.getElementById("f").contentDocument;'
        "const box = e => e.getBoundingClientRect();"
        'const cell = d.querySelector("td.reason"), head = d.querySelector("tbody th");'
        "document.title = [d.documentElement.scrollWidth, d.querySelectorAll('tbody tr').length,"
        " box(cell).top > box(head).top + 1, getComputedStyle(d.querySelector('h1')).fontSize]"
        '.join(" ");}</script>',
        encoding="utf-8",
    )
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    shown = subprocess.run(
        [
            str(_CHROMIUM),
            *flags.split(),
            "--disable-background-networking",
            "--disable-component-update",
            "--allow-file-access-from-files",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            probe.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    title = re.search(r"<title>(\d+) (\d+) (true|false) ([\d.]+)px</title>", shown)
    assert title is not None
    assert int(title[1]) <= width
    assert int(title[2]) > 150
    assert (title[3] == "true") is (width == 390)  # stacked on a phone, side by side else
