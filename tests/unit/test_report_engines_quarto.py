"""The wrapper round Quarto, with a stand-in program: what it is called with and how it fails.

The stand-in answers ``--version`` and ``render`` as Quarto's command line is documented to
(quarto.org, "quarto render"); what the real one prints is not claimed here.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from multifidus.base.errors import RenderError
from multifidus.report.engines.api import ENGINE_VARIABLE, render
from multifidus.report.engines.quarto import find_quarto

MANUSCRIPT = Path(__file__).parents[2] / "reports" / "manuscript"
TIER = {"tier": "synthetic", "tier-banner": "Synthetic cohort: not trial data"}

STAND_IN = """#!{python}
import json, os, pathlib, sys
if sys.argv[1:] == ["--version"]:
    print({version!r})
    raise SystemExit(0)
pathlib.Path(os.environ["RECORD"]).write_text(json.dumps({{
    "arguments": sys.argv[1:],
    "folder": os.getcwd(),
    "files": sorted(path.name for path in pathlib.Path().iterdir()),
    "metadata": pathlib.Path(sys.argv[-1]).read_text(),
    "environment": dict(os.environ),
}}))
{body}
"""

MAKES_ALL = """
stem = pathlib.Path(sys.argv[2]).stem
for suffix in ("html", "pdf", "docx"):
    pathlib.Path(stem + "." + suffix).write_text(suffix)
"""


def stand_in(folder: Path, body: str = MAKES_ALL, version: str = "1.9.38") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "quarto"
    path.write_text(STAND_IN.format(python=sys.executable, version=version, body=body), "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def document(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    for name in ("templates", "styles", "filters"):
        (project / name).mkdir(parents=True)
        for source in (MANUSCRIPT / name).iterdir():
            (project / name / source.name).write_bytes(source.read_bytes())
    (project / "_quarto.yml").write_bytes((MANUSCRIPT / "_quarto.yml").read_bytes())
    path = project / "paper.qmd"
    path.write_text("---\ntitle: T\n---\n\nText.\n", "utf-8")
    return path


def run(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Path, **more):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("QUARTO_PATH", str(program))
    monkeypatch.setenv("RECORD", str(tmp_path / "record.json"))
    settings = {"engine": "quarto", "environment": {"WORD": "yes"}, "metadata": TIER, **more}
    return render(
        document, tmp_path / "out", scratch=tmp_path / "scratch", resources={}, **settings
    )


def test_one_call_in_a_copy_with_the_running_python(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run(document, tmp_path, monkeypatch, stand_in(tmp_path / "bin"))
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["arguments"] == [
        "render",
        "paper.qmd",
        "--to",
        "html,typst,docx",
        "--metadata-file",
        "run-metadata.yml",
    ]
    assert Path(record["folder"]) == tmp_path / "scratch" / "project"
    assert "_quarto.yml" in record["files"]
    assert record["metadata"] == (
        "tier: synthetic\ntier-banner: 'Synthetic cohort: not trial data'\n"
    )
    environment = record["environment"]
    assert environment["QUARTO_PYTHON"] == sys.executable
    assert environment[ENGINE_VARIABLE] == "Quarto 1.9.38"
    assert environment["WORD"] == "yes"
    assert environment["SOURCE_DATE_EPOCH"] == "0"
    kernel = Path(environment["JUPYTER_PATH"].split(os.pathsep)[0], "kernels/python3/kernel.json")
    assert json.loads(kernel.read_text())["argv"][0] == sys.executable
    assert (outcome.engine_name, outcome.engine_version) == ("quarto", "1.9.38")
    assert {name: path.read_text() for name, path in outcome.outputs.items()} == {
        "html": "html",
        "pdf": "pdf",
        "docx": "docx",
    }
    assert sorted(path.name for path in document.parent.iterdir()) == [
        "_quarto.yml",
        "filters",
        "paper.qmd",
        "styles",
        "templates",
    ]


def test_only_the_formats_asked_for(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run(document, tmp_path, monkeypatch, stand_in(tmp_path / "bin"), formats=("pdf",))
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["arguments"][3] == "typst"
    assert list(outcome.outputs) == ["pdf"]


@pytest.mark.parametrize(
    "failure",
    [
        ("print('ERROR: the cell fails'); raise SystemExit(3)", "RND-062", "exit code 3 .*cell"),
        ("print('x: RND-030: no data tier'); raise SystemExit(1)", "RND-030", "no data tier"),
        ("pass", "RND-063", r"made no paper\.html"),
    ],
)
def test_failures_are_one_sentence_and_keep_earlier_outputs(
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: tuple[str, str, str],
) -> None:
    body, error_id, message = failure
    earlier = tmp_path / "out" / "paper.html"
    earlier.parent.mkdir()
    earlier.write_text("earlier")
    with pytest.raises(RenderError, match=message) as caught:
        run(document, tmp_path, monkeypatch, stand_in(tmp_path / "bin", body))
    assert caught.value.error_id == error_id
    assert earlier.read_text() == "earlier"
    assert (tmp_path / "scratch" / "quarto.log").is_file()


@pytest.mark.parametrize("version", ["1.6.42", "unknown"])
def test_a_quarto_that_is_too_old(tmp_path: Path, version: str) -> None:
    program = stand_in(tmp_path, version=version)
    with pytest.raises(RenderError) as caught:
        find_quarto({"QUARTO_PATH": str(program)})
    assert caught.value.error_id == "RND-061"


def test_auto_passes_over_an_old_quarto_and_says_so(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run(
        document,
        tmp_path,
        monkeypatch,
        stand_in(tmp_path / "bin", version="1.2.0"),
        engine="auto",
        formats=("html",),
    )
    assert outcome.engine_name == "embedded"
    assert "1.2.0" in outcome.note


def test_where_quarto_is_looked_for(tmp_path: Path) -> None:
    named, on_path = stand_in(tmp_path / "a"), stand_in(tmp_path / "b", version="1.8.1")
    both = {"QUARTO_PATH": str(named), "PATH": str(on_path.parent)}
    found = find_quarto(both)
    assert found is not None
    assert (found.program, found.version) == (named, "1.9.38")
    folder = find_quarto({"QUARTO_PATH": str(named.parent)})
    assert folder is not None
    assert folder.program == named
    second = find_quarto({"PATH": str(on_path.parent)})
    assert second is not None
    assert second.version == "1.8.1"
    with pytest.raises(RenderError) as caught:
        find_quarto({"QUARTO_PATH": str(tmp_path / "absent")})
    assert caught.value.error_id == "RND-064"


def test_quarto_beside_the_running_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = stand_in(tmp_path / "env" / "bin")
    monkeypatch.setattr(sys, "executable", str(program.parent / "python"))
    program.write_text(program.read_text().replace(str(program.parent / "python"), "python3"))
    found = find_quarto({"PATH": str(tmp_path)})
    assert found is not None
    assert found.program == program


def test_quarto_asked_for_and_absent(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError) as caught:
        render(
            document,
            tmp_path / "out",
            engine="quarto",
            environment={},
            metadata=TIER,
            scratch=tmp_path / "scratch",
            resources={},
        )
    assert caught.value.error_id == "RND-060"
