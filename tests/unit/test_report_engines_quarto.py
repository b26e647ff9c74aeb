"""The wrapper round Quarto, with a stand-in program: what it is called with and how it fails.

The stand-in refuses what Quarto 1.9.38 refuses, in the same words; the real program is run in
``tests/render/test_report_engines_real_quarto.py`` where it is installed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import typst
from nbformat import v4

from multifidus.base.errors import RenderError
from multifidus.report.engines.api import ENGINE_VARIABLE, render
from multifidus.report.engines.pdf_time import without_time
from multifidus.report.engines.quarto import find_quarto

MANUSCRIPT = Path(__file__).parents[2] / "reports" / "manuscript"
TIER = {"tier": "synthetic", "tier-banner": "Synthetic cohort: not trial data"}

# What Quarto 1.9.38 says to calls that it refuses, and how it ends: ``render`` of a document in a
# folder with ``_quarto.yml``, seen with the real program. It takes a list of formats for the name
# of one (src/command/render/render-contexts.ts, resolveFormats).
STAND_IN = """#!{python}
import json, os, pathlib, sys, time, zipfile

def refuse(words):
    lines = ["\\x1b[91mERROR: " + words, "", "Stack trace:", "    at main\\x1b[39m"]
    print(*lines, sep="\\n", file=sys.stderr)
    raise SystemExit(1)

if sys.argv[1:] == ["--version"]:
    print({version!r})
    raise SystemExit(0)
command, name, *options = sys.argv[1:]
settings = dict(zip(options[::2], options[1::2]))
calls = pathlib.Path(os.environ["RECORD"])
calls.write_text(json.dumps([*(json.loads(calls.read_text()) if calls.exists() else []), {{
    "arguments": sys.argv[1:],
    "folder": os.getcwd(),
    "files": sorted(path.name for path in pathlib.Path().iterdir()),
    "metadata": pathlib.Path(settings["--metadata-file"]).read_text(),
    "environment": dict(os.environ),
}}]))
if not pathlib.Path(name).exists():
    refuse("No valid input files passed to render")
if settings["--to"] not in ("html", "typst", "docx", "all"):
    refuse("Unknown format " + settings["--to"])
{body}
"""

MAKES_ALL = """
stem, wanted = pathlib.Path(name).stem, settings["--to"]
endings = {"html": "html", "typst": "pdf", "docx": "docx"}
for ending in [endings[wanted]] if wanted != "all" else endings.values():
    if ending == "docx":
        with zipfile.ZipFile(stem + ".docx", "w") as archive:
            archive.writestr("word/document.xml", os.environ.get("WORD_XML", "<w/>"))
            archive.writestr("word/_rels/document.xml.rels", os.environ.get("WORD_RELS", "<r/>"))
    else:
        pathlib.Path(stem + "." + ending).write_text(ending)
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


def test_one_call_a_format_in_a_copy_with_the_running_python(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run(document, tmp_path, monkeypatch, stand_in(tmp_path / "bin"))
    records = json.loads((tmp_path / "record.json").read_text())
    assert [record["arguments"] for record in records] == [
        ["render", "paper.qmd", "--to", name, "--metadata-file", "run-metadata.yml"]
        for name in ("html", "typst", "docx")
    ]
    assert ["MULTIFIDUS_RASTER_FIGURES" in record["environment"] for record in records] == [
        False,
        False,
        True,
    ]
    record = records[0]
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
    assert [path.name for path in outcome.outputs.values()] == [
        "paper.html",
        "paper.pdf",
        "paper.docx",
    ]
    assert outcome.outputs["html"].read_text() == "html"
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
    (record,) = json.loads((tmp_path / "record.json").read_text())
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


def test_the_stand_in_refuses_a_list_of_formats_as_quarto_does(
    document: Path, tmp_path: Path
) -> None:
    (document.parent / "m.yml").write_text("tier: synthetic\n")
    command = [stand_in(tmp_path / "bin"), "render", "paper.qmd", "--to", "html,typst,docx"]
    done = subprocess.run(
        [*command, "--metadata-file", "m.yml"],
        cwd=document.parent,
        env={**os.environ, "RECORD": str(tmp_path / "record.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ERROR: Unknown format html,typst,docx\n" in done.stderr


FAILS = "refuse('Typst compilation failed')"
FIGURE = (
    '<w:p xmlns:w="w" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
    'wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<wp:inline><wp:docPr id="1" {descr}/><a:blip r:embed="rId1"/></wp:inline></w:p>'
)
RELATION = '<r><Relationship Id="rId1" Target="media/rId1.{ending}"/></r>'


def test_auto_uses_the_embedded_renderer_when_quarto_fails_and_says_so(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = stand_in(tmp_path / "bin", FAILS)
    outcome = run(document, tmp_path, monkeypatch, program, engine="auto", formats=("html",))
    assert outcome.engine_name == "embedded"
    assert "Quarto 1.9.38 failed" in outcome.note
    assert "Typst compilation failed" in outcome.note
    assert "<title>T</title>" in outcome.outputs["html"].read_text("utf-8")


@pytest.mark.parametrize(
    "case",
    [
        ('descr="A line."', "png", None),
        ('descr="A line."', "svg", "of 1 figures in paper.docx, 1 without pixels;"),
        ('descr=""', "png", "of 1 figures in paper.docx, 1 without a description;"),
        ("", "svg", "1 without pixels and 1 without a description"),
    ],
)
def test_a_word_file_is_delivered_when_each_figure_has_pixels_and_a_description(
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, str, str | None],
) -> None:
    descr, ending, words = case
    monkeypatch.setenv("WORD_XML", FIGURE.format(descr=descr))
    monkeypatch.setenv("WORD_RELS", RELATION.format(ending=ending))
    program = stand_in(tmp_path / "bin")
    if words is None:
        assert run(document, tmp_path, monkeypatch, program).outputs["docx"].is_file()
        return
    with pytest.raises(RenderError, match=words) as caught:
        run(document, tmp_path, monkeypatch, program)
    assert caught.value.error_id == "RND-065"
    assert not (tmp_path / "out").exists()


def test_outputs_of_notebooks_are_settled_for_quarto(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTML as a raw block, for which Quarto adds no scripts; in the Word pass pixels alone."""
    both = {"image/svg+xml": "<svg/>", "image/png": "AA==", "text/html": "<b>1</b>"}
    output = v4.new_output("display_data", data=both)
    cell = v4.new_code_cell("figure", outputs=[output], metadata={"tags": ["a"]})
    notebook = document.parent / "a.ipynb"
    notebook.write_text(nbformat.writes(v4.new_notebook(cells=[cell])))
    keeps = "\nimport shutil; shutil.copy('a.ipynb', os.environ['RECORD'] + settings['--to'])"
    run(document, tmp_path, monkeypatch, stand_in(tmp_path / "bin", MAKES_ALL + keeps))
    shown = {
        name: nbformat.read(tmp_path / f"record.json{name}", 4).cells[0].outputs[0].data
        for name in ("html", "docx")
    }
    raw = {"image/png": "AA==", "text/markdown": "```{=html}\n<b>1</b>\n```"}
    assert dict(shown["html"]) == {"image/svg+xml": "<svg/>", **raw}
    assert dict(shown["docx"]) == raw


def test_a_page_that_fetches_something_is_not_delivered(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = '<script src="https://cdn.example/jquery.min.js"></script>'
    body = f"pathlib.Path('paper.html').write_text({script!r})"
    with pytest.raises(RenderError, match=r"would fetch from cdn\.example") as caught:
        run(document, tmp_path, monkeypatch, stand_in(tmp_path / "bin", body), formats=("html",))
    assert caught.value.error_id == "RND-066"
    link = "pathlib.Path('paper.html').write_text('<a href=\"https://a.example\">A</a>')"
    run(document, tmp_path, monkeypatch, stand_in(tmp_path / "bin", link), formats=("html",))


def test_a_pdf_of_typst_loses_the_time_of_day_and_nothing_else() -> None:
    source = b"#set document(title: [T], date: auto)\nText."
    times = (1_000_000_000, 1_700_000_000)
    first, second = (typst.compile(source, timestamp=time) for time in times)
    assert first != second
    assert without_time(first) == without_time(second)
    assert len(without_time(first)) == len(first)
    assert b"19700101000000Z" in without_time(first)
    assert b"1970-01-01T00:00:00" in without_time(first)
    other = typst.compile(b"#set document(title: [T])\nOther.", timestamp=times[0])
    identifier = re.compile(rb"DocumentID>([^<]+)<")
    assert identifier.findall(without_time(first)) != identifier.findall(without_time(other))


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
