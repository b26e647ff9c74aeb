"""What goes wrong while rendering: one sentence, an id, the line, and earlier outputs whole."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from multifidus.base.errors import RenderError
from multifidus.report.engines.kernel import execute_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.report.engines.api import RenderOutcome

    Render = Callable[..., RenderOutcome]


CELL = "\n```{python}\n1\n```\n"  # Quarto runs inline code only beside a cell


@pytest.mark.parametrize(
    ("body", "error_id", "message"),
    [
        ("\n```{python}\nx = undefined\n```\n", "RND-040", r"a\.qmd:6: .*NameError: name"),
        ("\nOne\n`{python} 1 / 0` two\n" + CELL, "RND-041", r"a\.qmd:7: .*ZeroDivisionError"),
        (
            "\nOne `{python} 1` and\n`{python} 2` and\n`{python} nothing`.\n" + CELL,
            "RND-041",
            r"a\.qmd:8: .*NameError: name 'nothing'",
        ),
        ("\n`{python} display(1)`\n" + CELL, "RND-043", r"a\.qmd:6: an inline expression"),
        ("\n{{< env ABSENT_VARIABLE >}}\n", "RND-011", r"a\.qmd:6: env has no value named"),
        (
            "\n```{python}\nfrom IPython.display import Markdown\nMarkdown('see @fig-made')\n```\n",
            "RND-009",
            r"a\.qmd:8: the cross-reference @fig-made has no target",
        ),
        (
            "\n```{python}\nfrom IPython.display import Markdown\nMarkdown('[@made2020]')\n```\n",
            "RND-010",
            r"a\.qmd:8: the citation @made2020 is not in the bibliography",
        ),
        ("\n![A picture](absent.png)\n", "RND-025", r"a\.qmd:6: the file absent\.png .* not there"),
        ("\nSee @fig-none.\n", "RND-009", r"a\.qmd:6: the cross-reference @fig-none"),
        (
            '\n::: {layout="[[1]]"}\nOne\n\nTwo\n:::\n',
            "RND-052",
            "a layout has 1 places for 2 outputs",
        ),
    ],
)
def test_errors_name_their_place(
    render_text: Render, tmp_path: Path, body: str, error_id: str, message: str
) -> None:
    earlier = tmp_path / "out" / "a.html"
    earlier.parent.mkdir()
    earlier.write_text("earlier")
    (tmp_path / "x.bib").write_text("@misc{one, title = {One}}\n")
    with pytest.raises(RenderError, match=message) as caught:
        render_text(
            body,
            head="title: T\nbibliography: x.bib\n",
            resources={"x.bib": tmp_path / "x.bib"},
        )
    assert caught.value.error_id == error_id
    assert "\n" not in str(caught.value)
    assert earlier.read_text() == "earlier"
    assert [path.name for path in earlier.parent.iterdir()] == ["a.html"]


def test_values_of_an_error_are_not_repeated(render_text: Render, tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        render_text("\n```{python}\nraise ValueError('participant RB-0042 has 111')\n```\n")
    assert "ValueError" in str(caught.value)
    assert "RB-0042" not in str(caught.value)
    log = (tmp_path / "scratch" / "kernel" / "failed-cell.log").read_text()
    assert "ValueError" in log.splitlines()[0]
    assert "has 111" not in log.splitlines()[0]


def test_errors_that_are_asked_for_are_shown(render_text: Render) -> None:
    outcome = render_text("\n```{python}\n#| error: true\n1 / 0\n```\n\nGoes on.\n")
    text = outcome.outputs["html"].read_text("utf-8")
    assert "ZeroDivisionError: division by zero" in text
    assert "Goes on." in text


@pytest.mark.parametrize(
    "metadata",
    [{}, {"tier": "synthetic"}, {"tier": "secret", "tier-banner": "x"}, {"tier-banner": "x"}],
)
def test_no_document_without_its_tier(render_text: Render, metadata: dict[str, str]) -> None:
    with pytest.raises(RenderError) as caught:
        render_text("Text.\n", metadata=metadata)
    assert caught.value.error_id == "RND-030"


@pytest.mark.parametrize(
    ("settings", "error_id"),
    [
        ({"formats": ("epub",)}, "RND-032"),
        ({"formats": ()}, "RND-032"),
        ({"engine": "latex"}, "RND-032"),
        ({"resources": {"x.bib": Path("absent.bib")}}, "RND-026"),
        ({"resources": {"../x.bib": Path(__file__)}}, "RND-026"),
    ],
)
def test_arguments_are_checked(
    render_text: Render, settings: dict[str, object], error_id: str
) -> None:
    with pytest.raises(RenderError) as caught:
        render_text("Text.\n", **settings)
    assert caught.value.error_id == error_id


def test_a_typst_error_is_one_sentence(render_text: Render) -> None:
    with pytest.raises(RenderError, match="Typst cannot make the PDF") as caught:
        render_text("```{=typst}\n#undefined-name\n```\n", formats=("pdf",))
    assert caught.value.error_id == "RND-051"


def test_a_missing_template_is_named(render_text: Render) -> None:
    head = "title: T\nformat:\n  typst:\n    template-partials: [absent.typ]\n"
    with pytest.raises(RenderError, match=r"absent\.typ .* not there") as caught:
        render_text("Text.\n", head=head, formats=("pdf",))
    assert caught.value.error_id == "RND-025"


def test_a_failing_notebook_names_its_cell(tmp_path: Path) -> None:
    source, target = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    cells = [nbformat.v4.new_markdown_cell("x"), nbformat.v4.new_code_cell("import nothing_here")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), str(source))
    with pytest.raises(RenderError, match=r"a\.ipynb, cell 2: .*nothing_here") as caught:
        execute_notebook(source, target, environment={})
    assert caught.value.error_id == "RND-040"
    assert not target.exists()


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.ipynb"
    source.write_text(json.dumps({"cells": "none"}))
    with pytest.raises(RenderError) as caught:
        execute_notebook(source, tmp_path / "b.ipynb", environment={})
    assert caught.value.error_id == "RND-070"


def test_the_kernel_is_the_running_python_with_the_callers_variables(render_text: Render) -> None:
    body = (
        "\n```{python}\nimport os, sys\n```\n\n`{python} sys.executable`, "
        "`{python} os.environ['WORD']`\n"
    )
    outcome = render_text(body, environment={"WORD": "given"})
    text = outcome.outputs["html"].read_text("utf-8")
    assert f"<p>{sys.executable}, given</p>" in text


@pytest.mark.parametrize("tier", ["published", "synthetic", "restricted"])
def test_each_tier_marks_the_page(render_text: Render, tier: str) -> None:
    outcome = render_text("Text.\n", metadata={"tier": tier, "tier-banner": "What the data are"})
    text = outcome.outputs["html"].read_text("utf-8")
    assert f'<div class="tier-banner tier-{tier}" role="note">What the data are</div>' in text
