"""The page as a reader sees it: headless Chromium, a wide window and a telephone's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium import webdriver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Paper

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path="/usr/bin/chromedriver")
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


def look(browser: webdriver.Chrome, paper: Paper, width: int) -> None:
    # A frame of the wanted width: headless Chromium has no window narrower than 500 pixels.
    browser.set_window_size(max(width, 500) + 40, 900)
    browser.get("about:blank")
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.get(paper.path("html").as_uri())


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_never_scrolls_sideways(
    browser: webdriver.Chrome, paper: Paper, width: int
) -> None:
    look(browser, paper, width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_no_error_and_no_request(browser: webdriver.Chrome, paper: Paper) -> None:
    look(browser, paper, 1280)
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    requests = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
        ".filter(n => !n.startsWith('data:'))"
    )
    assert requests == []


def test_the_tier_stays_in_sight(browser: webdriver.Chrome, paper: Paper) -> None:
    look(browser, paper, 1280)
    browser.execute_script("window.scrollTo({top: 2000, behavior: 'instant'})")
    box = browser.execute_script(
        "const b = document.querySelector('.tier-banner').getBoundingClientRect();"
        "return [b.top, b.height]"
    )
    assert box[0] == 0
    assert box[1] > 20


def test_contents_beside_the_text_or_folded_above_it(
    browser: webdriver.Chrome, paper: Paper
) -> None:
    shown = "return getComputedStyle(document.querySelector('#TOC ul')).display !== 'none'"
    look(browser, paper, 1280)
    assert browser.execute_script(shown)
    look(browser, paper, 390)
    assert not browser.execute_script(shown)
    browser.execute_script("document.querySelector('#toc-title').click()")
    assert browser.execute_script(shown)


def test_tabs_change_without_a_script(browser: webdriver.Chrome, paper: Paper) -> None:
    look(browser, paper, 1280)
    visible = (
        "return [...document.querySelectorAll('.tab')]"
        ".map(t => getComputedStyle(t).display !== 'none')"
    )
    assert browser.execute_script(visible) == [True, False]
    browser.execute_script("document.querySelectorAll('.tabset > label')[1].click()")
    assert browser.execute_script(visible) == [False, True]


def test_every_picture_is_painted(browser: webdriver.Chrome, paper: Paper) -> None:
    look(browser, paper, 1280)
    sizes = browser.execute_script(
        "return [...document.images].map(i => [i.naturalWidth, i.clientWidth])"
    )
    assert len(sizes) == 7
    assert all(natural > 100 and shown > 100 for natural, shown in sizes)


def test_links_show_their_focus(browser: webdriver.Chrome, paper: Paper) -> None:
    look(browser, paper, 1280)
    style = browser.execute_script(
        "const l = document.querySelector('a.quarto-xref'); l.focus({focusVisible: true});"
        "return getComputedStyle(l).outlineStyle"
    )
    assert style == "solid"
