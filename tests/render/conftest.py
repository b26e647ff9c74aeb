"""One demanding document, rendered once by the embedded engine and shared by the tests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from multifidus.report.engines.api import render
from multifidus.report.engines.kernel import execute_notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multifidus.report.engines.api import EngineName, RenderOutcome

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FIXTURES = Path(__file__).parent / "fixtures"
MANUSCRIPT = Path(__file__).parents[2] / "reports" / "manuscript"
BANNER = "Synthetic cohort, calibrated to published figures: not trial data"
TIER = {"tier": "synthetic", "tier-banner": BANNER}


@dataclass(frozen=True)
class Paper:
    """The rendered fixture: its outcome and the folder it was rendered from."""

    outcome: RenderOutcome
    project: Path
    notebook: Path

    def path(self, output_format: str) -> Path:
        return self.outcome.outputs[output_format]  # type: ignore[index]


def make_project(folder: Path, *documents: str) -> Path:
    """Copy the manuscript's templates, styles and filters, and the documents named."""
    folder.mkdir(parents=True)
    for name in ("templates", "styles", "filters"):
        shutil.copytree(MANUSCRIPT / name, folder / name)
    shutil.copyfile(MANUSCRIPT / "_quarto.yml", folder / "_quarto.yml")
    for name in documents:
        shutil.copytree(FIXTURES / name, folder, dirs_exist_ok=True)
    return folder


def render_paper(folder: Path, engine: EngineName = "embedded") -> Paper:
    """Execute the fixture's notebook and render the fixture, in a folder of its own."""
    project = make_project(folder / "project", "paper")
    notebook = folder / "executed.ipynb"
    execute_notebook(project / "notebooks" / "calibration.ipynb", notebook, environment={})
    outcome = render(
        project / "paper.qmd",
        folder / "out",
        engine=engine,
        environment={"RENDER_WORD": "environment"},
        metadata=TIER,
        scratch=folder / "scratch",
        resources={"notebooks/calibration.ipynb": notebook},
    )
    return Paper(outcome, project, notebook)


@pytest.fixture(scope="session")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return render_paper(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="session")
def second_paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """The same document from another folder, whose longer name must not show."""
    return render_paper(tmp_path_factory.mktemp("second") / "a folder with a longer name")


@pytest.fixture
def render_text(tmp_path: Path) -> Callable[..., RenderOutcome]:
    """Render a body of text with the manuscript's templates; HTML unless asked otherwise."""

    def run(body: str, head: str = "title: T\n", **settings: object) -> RenderOutcome:
        project = make_project(tmp_path / "project")
        (project / "a.qmd").write_text(f"---\n{head}---\n{body}", "utf-8")
        arguments = {
            "engine": "embedded",
            "formats": ("html",),
            "environment": {},
            "metadata": TIER,
            "resources": {},
        }
        return render(
            project / "a.qmd",
            tmp_path / "out",
            scratch=tmp_path / "scratch",
            **(arguments | settings),  # type: ignore[arg-type]
        )

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
    ):
        options.add_argument(argument)
    # Both programs are named, or Selenium would look for them on the network.
    options.binary_location = next(filter(None, map(shutil.which, CHROMIUM)), "")
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()
