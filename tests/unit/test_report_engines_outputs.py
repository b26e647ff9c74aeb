"""Cell outputs to markdown: the order of preference and the mark-up Quarto's readers expect.

The order is that of Quarto's Jupyter engine: for HTML text/html, then markdown, SVG, PNG; for other
formats markdown, pictures, HTML when it holds a table, plain text.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from nbformat import v4

from multifidus.base.errors import RenderError
from multifidus.report.engines.outputs import (
    OutputWriter,
    attributes,
    fenced_div,
    inline_value,
    verbatim,
)

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

PNG = base64.b64encode(b"picture").decode()


def cell(*bundles: dict[str, str], shown: str = "") -> NotebookNode:
    made = v4.new_code_cell("", metadata={"shown": shown})
    made.outputs = [v4.new_output("display_data", data=bundle) for bundle in bundles]
    return made


def write(folder: Path, output_format: str, node: NotebookNode, **options: object) -> str:
    writer = OutputWriter(output_format, folder, "files")  # type: ignore[arg-type]
    settings = {key.replace("_", "-"): value for key, value in options.items()}
    return writer.cell(node, {"echo": False, **settings}, "stem", "a.qmd:7")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"text/plain": "42"}, "42"),
        ({"text/plain": "'a_b*c'"}, r"a\_b\*c"),
        ({"text/plain": '"it\'s"'}, r"it\'s"),
        ({"text/plain": "-4.9"}, r"\-4\.9"),
        ({"text/plain": "<object>", "text/markdown": "[7.3]{.num}"}, "[7.3]{.num}"),
    ],
)
def test_inline_values(value: dict[str, str], expected: str) -> None:
    assert inline_value(value) == expected


def test_each_format_takes_its_richest_output(tmp_path: Path) -> None:
    bundle = {
        "text/html": "<b>x</b>",
        "text/markdown": "**x**",
        "image/svg+xml": "<svg/>",
        "image/png": PNG,
        "text/plain": "x",
    }
    assert write(tmp_path, "html", cell(bundle)) == "```{=html}\n<b>x</b>\n```".replace(
        "```{", "``` {"
    )
    assert write(tmp_path, "pdf", cell(bundle)) == "**x**"
    pictures = {key: bundle[key] for key in ("image/svg+xml", "image/png", "text/plain")}
    assert write(tmp_path, "html", cell(pictures)) == "![](files/stem-0.svg){}"
    assert write(tmp_path, "docx", cell(pictures)) == "![](files/stem-0.png){}"
    assert (tmp_path / "files" / "stem-0.png").read_bytes() == b"picture"


def test_html_without_a_table_is_plain_text_on_paper(tmp_path: Path) -> None:
    words = {"text/html": "<b>x</b>", "text/plain": "x"}
    table = {"text/html": "<table></table>", "text/plain": "x"}
    assert write(tmp_path, "pdf", cell(words)) == "``` {.text .cell-output}\nx\n```"
    assert write(tmp_path, "pdf", cell(table)) == "``` {=html}\n<table></table>\n```"


def test_the_repr_beside_a_picture_is_dropped(tmp_path: Path) -> None:
    node = cell({"text/plain": "<Axes>"}, {"image/png": PNG, "text/plain": "<Figure>"})
    assert write(tmp_path, "docx", node) == "![](files/stem-1.png){}"


def test_a_float_has_label_caption_words_and_width(tmp_path: Path) -> None:
    text = write(
        tmp_path,
        "docx",
        cell({"image/png": PNG}),
        label="fig-a",
        fig_cap="A caption.",
        fig_alt='A "line".',
        out_width="80%",
    )
    assert text == (
        "::: {#fig-a}\n\n"
        '![](files/stem-0.png){alt="A \\"line\\"." width="80%"}\n\n'
        "A caption.\n\n:::"
    )


def test_sub_captions_nest_inside_the_float(tmp_path: Path) -> None:
    node = cell({"text/markdown": "one"}, {"text/markdown": "two"})
    text = write(
        tmp_path,
        "html",
        node,
        label="tbl-a",
        tbl_cap="Both.",
        tbl_subcap=["I", "II"],
        layout_ncol=2,
    )
    assert text.startswith(':::: {#tbl-a layout-ncol="2"}\n\n::: {#tbl-a-1}\n\none\n\nI\n\n:::')
    assert text.endswith("::: {#tbl-a-2}\n\ntwo\n\nII\n\n:::\n\nBoth.\n\n::::")


def test_sub_captions_must_match_the_outputs(tmp_path: Path) -> None:
    node = cell({"text/markdown": "one"})
    with pytest.raises(RenderError, match=r"a\.qmd:7: fig-subcap has 2 .* 1 outputs") as caught:
        write(tmp_path, "html", node, label="fig-a", fig_cap="A", fig_subcap=["I", "II"])
    assert caught.value.error_id == "RND-052"


def test_layout_rows_become_columns(tmp_path: Path) -> None:
    node = cell(*({"text/markdown": str(number)} for number in range(5)))
    assert 'layout-ncol="3"' in write(tmp_path, "html", node, layout_nrow=2)
    assert 'layout="[[1, 2], [1]]"' in write(tmp_path, "html", node, layout=[[1, 2], [1]])


def test_warnings_and_code_are_shown_on_demand(tmp_path: Path) -> None:
    node = cell(shown="x = 1")
    node.outputs = [
        v4.new_output("stream", name="stderr", text="careful\n"),
        v4.new_output("stream", name="stdout", text="## said\n"),
    ]
    assert write(tmp_path, "html", node, warning=False, output="asis") == "## said\n"
    shown = write(tmp_path, "html", node, echo=True, code_fold=True, code_summary="How")
    assert '{.python .cell-code code-fold="true" code-summary="How"}\nx = 1\n' in shown
    assert "{.text .cell-output .cell-stderr}\ncareful\n" in shown
    assert write(tmp_path, "html", node, include=False) == ""
    assert write(tmp_path, "html", node, output=False) == ""


def test_what_no_format_can_show_names_the_cell(tmp_path: Path) -> None:
    node = cell({"application/vnd.widget+json": "{}"})
    with pytest.raises(RenderError, match=r"a\.qmd:7: .*vnd\.widget") as caught:
        write(tmp_path, "pdf", node)
    assert caught.value.error_id == "RND-043"


def test_fences_outgrow_what_they_hold() -> None:
    assert verbatim("a ```` b", "{.text}").startswith("````` {.text}")
    assert fenced_div("::: {.x}\ny\n:::", "{#a}").startswith(":::: {#a}")


def test_attribute_values_are_escaped() -> None:
    assert attributes("a", ("b",), {"title": 'say "x" \\', "none": None}) == (
        '{#a .b title="say \\"x\\" \\\\"}'
    )
