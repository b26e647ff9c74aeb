"""Documents of the workflow: what a failing render leaves, what it says, what an author gets."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from multifidus.base.files import sha256_of
from multifidus.report.run import render_document
from runs import Run, multifidus

FAILING_QUARTO = """#!{python}
import sys
if sys.argv[1:] == ["--version"]:
    print("1.9.38")
    raise SystemExit(0)
print("\\x1b[91mERROR: Typst compilation failed\\x1b[39m", file=sys.stderr)
raise SystemExit(1)
"""


def _hashes(run: Run) -> dict[str, str]:
    folder = run.results / "manuscript"
    return {path.name: sha256_of(path) for path in folder.iterdir() if path.is_file()}


def _rerender(run: Run, engine: str) -> Run:
    rules = ("default", "all", "render_document", "deliver_document", "write_manifest")
    return multifidus(
        run.folder,
        *("run", "--cores", "2", "--config", f"render={{engine: {engine}}}"),
        *("--forcerun", "render_document", "--allowed-rules", *rules),
    )


@pytest.fixture
def failing_quarto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bin" / "quarto"
    path.parent.mkdir()
    path.write_text(FAILING_QUARTO.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setenv("QUARTO_PATH", str(path))
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    return path


def test_a_document_that_fails_leaves_the_last_good_ones_and_names_the_log(own_run: Run) -> None:
    before = _hashes(own_run)
    assert {"manuscript.html", "manuscript.pdf", "manuscript.docx"} <= before.keys()
    document = own_run.folder / "reports/manuscript/manuscript.qmd"
    text = document.read_text("utf-8")
    try:
        document.write_text(text + "\n```{python}\nabsent\n```\n", "utf-8")
        run = _rerender(own_run, "embedded")
    finally:
        document.write_text(text, "utf-8")
    assert run.code == 14, run.output[-2000:]
    assert re.search(r"\[RND-040\] manuscript\.qmd:\d+: .*NameError", run.output)
    assert "logs/render_manuscript.log says more" in run.output
    assert "NameError" in (own_run.folder / "logs/render_manuscript.log").read_text()
    assert _hashes(own_run) == before


@pytest.mark.usefixtures("failing_quarto")
def test_quarto_that_is_asked_for_and_fails_leaves_the_last_good_documents(own_run: Run) -> None:
    before = _hashes(own_run)
    run = _rerender(own_run, "quarto")
    assert run.code == 14, run.output[-2000:]
    assert "[RND-062] Quarto stopped with exit code 1 (Typst compilation failed)" in run.output
    assert "logs/render_manuscript.log says more" in run.output
    assert _hashes(own_run) == before


@pytest.mark.usefixtures("failing_quarto")
def test_the_user_reads_why_quarto_was_not_used(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "lock").touch()
    document = tmp_path / "paper.qmd"
    document.write_text("---\ntitle: T\n---\n\nText.\n")
    (tmp_path / "_quarto.yml").write_bytes((root / "reports/manuscript/_quarto.yml").read_bytes())
    for name in ("filters", "styles", "templates"):
        (tmp_path / name).symlink_to(root / "reports/manuscript" / name)
    render_document(
        document,
        tmp_path / "out",
        engine="auto",
        formats=("html",),
        context={
            "tier": "synthetic",
            "banner": "Not trial data",
            "lock": tmp_path / "lock",
            "sections": {},
        },
        resources={},
        log="logs/render_paper.log",
    )
    words = "Quarto 1.9.38 failed and the embedded renderer was used"
    assert words in capfd.readouterr().err
    assert words in (tmp_path / "out/render.json").read_text()


def test_a_run_leaves_a_folder_for_the_author(finished_run: Run) -> None:
    folder = finished_run.results / "manuscript/preview"
    source = finished_run.folder / "reports/manuscript/manuscript.qmd"
    assert (folder / "manuscript.qmd").resolve() == source.resolve()
    assert {"context.json", "_metadata.yml", "_environment", "references.bib"} <= {
        path.name for path in folder.iterdir()
    }
    assert len(list((folder / "notebooks").glob("*.ipynb"))) == 2
