"""Reading a document: front matter, includes, blocks, options.

Expected values follow Quarto's documented rules (quarto.org: includes, cell options, metadata
merging), worked out by hand on the few lines each test writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multifidus.base.errors import RenderError
from multifidus.report.engines.source import (
    INLINE_CODE,
    SHORTCODE,
    cell_options,
    merge,
    read_document,
    split_blocks,
)

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_blocks_know_their_kind_and_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.qmd",
        "---\ntitle: T\n---\nProse.\n\n```{python}\n#| echo: false\nx = 1\n```\n\n"
        "````text\n```{python}\nnot run\n```\n````\nMore.\n",
    )
    blocks = list(split_blocks(read_document(path).lines))
    assert [(block.kind, block.place) for block in blocks] == [
        ("prose", "a.qmd:4"),
        ("cell", "a.qmd:6"),
        ("prose", "a.qmd:10"),
        ("verbatim", "a.qmd:11"),
        ("prose", "a.qmd:16"),
    ]
    assert blocks[1].text == "#| echo: false\nx = 1"
    assert blocks[3].text.endswith("````")


def test_a_tilde_fence_is_not_closed_by_back_ticks(tmp_path: Path) -> None:
    path = write(tmp_path, "a.qmd", "~~~\n```\n~~~\nafter")
    kinds = [block.kind for block in split_blocks(read_document(path).lines)]
    assert kinds == ["verbatim", "prose"]


def test_an_open_fence_names_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a.qmd", "one\n\n```{python}\nx = 1\n")
    with pytest.raises(RenderError, match=r"a\.qmd:3: .*never closed") as caught:
        list(split_blocks(read_document(path).lines))
    assert caught.value.error_id == "RND-018"


def test_includes_nest_and_keep_their_own_lines(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", "inner.qmd", "---\nignored: true\n---\ninner\n")
    write(tmp_path / "parts", "outer.qmd", "before\n{{< include inner.qmd >}}\n")
    path = write(tmp_path, "a.qmd", "{{< include parts/outer.qmd >}}\nend\n")
    lines = [(line.text, line.place) for line in read_document(path).lines if line.text]
    assert lines == [("before", "outer.qmd:1"), ("inner", "inner.qmd:4"), ("end", "a.qmd:2")]


def test_an_include_inside_a_fence_is_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a.qmd", "```\n{{< include absent.qmd >}}\n```\n")
    assert read_document(path).lines[1].text == "{{< include absent.qmd >}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one\n{{< include absent.qmd >}}\n", r"a\.qmd:2: .*absent\.qmd does not exist"),
        ("{{< include a.qmd >}}\n", r"a\.qmd:1: .*circle"),
    ],
)
def test_a_bad_include_names_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, "a.qmd", text)
    with pytest.raises(RenderError, match=message) as caught:
        read_document(path)
    assert caught.value.error_id == "RND-004"


def test_the_document_wins_over_the_project_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        "_quarto.yml",
        "project:\n  type: default\nlang: en\ntoc: true\n"
        "execute:\n  echo: false\n  warning: false\n",
    )
    write(tmp_path, "_variables.yml", "seed: seven\n")
    path = write(tmp_path, "a.qmd", "---\ntoc: false\nexecute:\n  echo: true\n---\n")
    document = read_document(path)
    assert document.metadata == {
        "lang": "en",
        "toc": False,
        "execute": {"echo": True, "warning": False},
    }
    assert document.variables == {"seed": "seven"}
    assert document.project == tmp_path.resolve()


def test_lists_are_joined_without_repeats() -> None:
    assert merge({"a": [1, 2], "b": [1]}, {"a": [2, 3], "b": 4}) == {"a": [1, 2, 3], "b": 4}


def test_dates_stay_iso_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a.qmd", "---\ndate: 2026-01-31\n---\n")
    assert read_document(path).metadata["date"] == "2026-01-31"


def test_broken_front_matter_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a.qmd", "---\ntitle: T\nauthor: [unclosed\n---\n")
    with pytest.raises(RenderError, match=r"a\.qmd:[34]: the YAML is broken") as caught:
        read_document(path)
    assert caught.value.error_id == "RND-002"


def test_an_absent_document_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="cannot be read") as caught:
        read_document(tmp_path / "absent.qmd")
    assert caught.value.error_id == "RND-001"


def test_cell_options_are_read_and_taken_off() -> None:
    options, code = cell_options(
        '#| label: fig-a\n#| layout: [[1], [1, 1]]\n#| fig-cap: "A: b"\nx = 1\n#| not: an option',
        "a.qmd:5",
    )
    assert options == {"label": "fig-a", "layout": [[1], [1, 1]], "fig-cap": "A: b"}
    assert code == "x = 1\n#| not: an option"


def test_options_over_several_lines() -> None:
    options, code = cell_options("#| fig-subcap:\n#|   - One\n#|   - Two\npass", "a.qmd:1")
    assert options == {"fig-subcap": ["One", "Two"]}
    assert code == "pass"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a `{python} x` b", ["x"]),
        ("`{python} f('a', 2)`, `{python}\ty`", ["f('a', 2)", "y"]),
        ("`` `{python} x` ``", ["x"]),
        ("``{python} x``", []),
        ("`{python}x`", []),
        ("`{python} two\nlines`", []),
    ],
)
def test_inline_code_is_found_as_quarto_finds_it(text: str, found: list[str]) -> None:
    assert INLINE_CODE.findall(text) == found


def test_a_third_brace_escapes_a_shortcode() -> None:
    assert SHORTCODE.search("{{{< var x >}}}") is None
    match = SHORTCODE.search("see {{< meta a.b >}}")
    assert match is not None
    assert match.groups() == ("meta", "a.b")
