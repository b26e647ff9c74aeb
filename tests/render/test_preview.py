"""The author's folder of a run and the live page of the embedded renderer."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from conftest import MANUSCRIPT, make_project
from multifidus.base.errors import RenderError
from multifidus.report.preview import (
    Page,
    find_workspace,
    read_environment,
    serve,
    watch_and_render,
)
from multifidus.report.workspace import write_workspace

BODY = """---
title: {title}
bibliography: references.bib
---

{{{{< include _sections/_part.qmd >}}}}

The lock is `{{python}} report.fact("lock")`; see [@one2020].

```{{python}}
#| include: false
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "project")
    (folder / "_sections").mkdir()
    (folder / "_sections/_part.qmd").write_text(
        "```{python}\n#| include: false\n"
        "from multifidus.report.context import open_report\nreport = open_report()\n```\n\n"
        "Words of the part.\n"
    )
    (folder / "paper.qmd").write_text(BODY.format(title="First"))
    (folder / "other.qmd").write_text("Another document.\n")
    return folder


@pytest.fixture
def document(project: Path, tmp_path: Path) -> Path:
    bibliography = tmp_path / "one.bib"
    bibliography.write_text("@misc{one2020, title = {One}, year = {2020}}\n")
    lock = tmp_path / "lock"
    lock.write_bytes(b"abc")
    write_workspace(
        tmp_path / "results/paper/preview",
        project / "paper.qmd",
        context={
            "tier": "synthetic",
            "banner": "Synthetic cohort: not trial data",
            "lock": str(lock),
            "sections": {"study": {"title": "T"}},
        },
        resources={"references.bib": bibliography},
    )
    return find_workspace(tmp_path / "results", None)


def test_the_folder_links_to_the_sources_and_leaves_other_documents_out(
    document: Path, project: Path, tmp_path: Path
) -> None:
    assert document == tmp_path / "results/paper/preview/paper.qmd"
    assert document.is_symlink()
    assert not document.readlink().is_absolute()
    assert document.resolve() == (project / "paper.qmd").resolve()
    assert (document.parent / "_sections/_part.qmd").resolve().parent.parent == project.resolve()
    assert not (document.parent / "other.qmd").exists()
    template = document.parent / "templates/reference.docx"
    assert not template.is_symlink()  # it holds the run's tier
    assert (project / "templates/reference.docx").read_bytes() == (
        MANUSCRIPT / "templates/reference.docx"
    ).read_bytes()


def test_the_folder_holds_context_metadata_and_variables(document: Path) -> None:
    folder = document.parent
    variables = read_environment(folder / "_environment")
    assert variables["QUARTO_PYTHON"] == sys.executable
    assert variables["MULTIFIDUS_REPORT_CONTEXT"] == str(folder / "context.json")
    assert all(Path(variables[name]).exists() for name in ("IPYTHONDIR", "MATPLOTLIBRC"))
    context = json.loads((folder / "context.json").read_text())
    # SHA-256 of "abc", FIPS 180-2, appendix B.1
    assert context["lock"].startswith("ba7816bf8f01cfea")
    assert "tier: synthetic" in (folder / "_metadata.yml").read_text()


def test_the_page_follows_the_sources_and_stays_when_a_render_fails(
    document: Path, project: Path, tmp_path: Path
) -> None:
    part = project / "_sections/_part.qmd"
    states: list[tuple[int, str, str]] = []

    def edit(path: Path, old: str, new: str) -> None:
        path.write_text(path.read_text().replace(old, new))

    edits = [
        lambda: edit(project / "paper.qmd", "First", "Second title"),
        lambda: None,
        lambda: edit(part, "Words", "Later words"),
        lambda: edit(part, "Later", "{{< nothing >}} Later"),
        lambda: edit(part, "{{< nothing >}} ", ""),
    ]

    def going_on() -> bool:
        title = re.search("<title>([^<]*)</title>", page.content)
        states.append((page.version, title[1] if title else "", page.error[:9]))
        if len(states) > len(edits):
            return False
        edits[len(states) - 1]()
        return True

    page = Page()
    watch_and_render(document, page, tmp_path / "scratch", going_on)
    assert states == [
        (1, "First", ""),
        (2, "Second title", ""),
        (2, "Second title", ""),
        (3, "Second title", ""),
        (3, "Second title", "[RND-008]"),
        (4, "Second title", ""),
    ]
    assert "Later words of the part." in page.content
    assert "ba7816bf" in page.content


def _get(address: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_the_server_gives_the_page_and_its_version_to_this_machine_alone() -> None:
    page = Page()
    page.show("<html><body>One</body></html>")
    with serve(page, 0) as address:
        code, text = _get(address)
        assert code == 200
        assert re.match(r"<html><body>One\s*<script>.*</script>\s*</body></html>", text, re.S)
        assert json.loads(_get(address + "state")[1]) == {"version": 1, "error": ""}
        page.show("<p>Two</p>")
        assert json.loads(_get(address + "state")[1])["version"] == 2
        assert "Two" in _get(address)[1]
        assert _get(address + "elsewhere")[0] == 404
        assert _get(address, Host="elsewhere.example")[0] == 404
        port = int(address.rstrip("/").rpartition(":")[2])
        with pytest.raises(RenderError) as caught, serve(page, port):
            pass
        assert caught.value.error_id == "RND-081"


@pytest.mark.parametrize("moment", ["while it waits", "while it renders"])
def test_one_interrupt_ends_the_command(document: Path, moment: str) -> None:
    results = document.parents[2]
    # A shell without job control starts its background processes deaf to interrupts.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from multifidus.cli.app import main; main()"
    options = ["--results", str(results), "--engine", "embedded", "--no-browser", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "preview", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert "paper is shown at http://localhost:" in process.stdout.readline()
    if moment == "while it waits":
        assert process.stdout.readline() == "Rendered paper (1).\n"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert "RND-" not in output


@pytest.mark.parametrize("name", [None, "paper"])
def test_a_run_must_come_first(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(RenderError) as caught:
        find_workspace(tmp_path, name)
    assert caught.value.error_id == "RND-080"


@pytest.mark.skipif(shutil.which("quarto") is None, reason="there is no Quarto on this machine")
def test_plain_quarto_renders_in_the_folder(document: Path) -> None:
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("QUARTO", "MULTIFIDUS"))
    }
    done = subprocess.run(
        ["quarto", "render", document.name, "--to", "html"],
        cwd=document.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    text = (document.parent / "paper.html").read_text("utf-8")
    assert "Words of the part." in text
    assert "ba7816bf" in text
