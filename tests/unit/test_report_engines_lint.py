"""The lint of the document subset: for each rule a document that breaks it, and its line.

The place of each finding is counted by hand on the lines written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multifidus.report.engines.lint.document import lint_document

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "---\ntitle: T\n---\n"  # the body starts on line 4


def lint(folder: Path, body: str, head: str = HEAD) -> list[tuple[str, int]]:
    path = folder / "a.qmd"
    path.write_text(head + body, "utf-8")
    return [(finding.rule, finding.line) for finding in lint_document(path)]


BAD = {
    "unknown cell option": ("```{python}\n#| fig-caption: x\n1\n```\n", ("RND-005", 5)),
    "broken cell options": ("```{python}\n#| a: [\n1\n```\n", ("RND-002", 5)),
    "cell of another language": ("```{r}\nx <- 1\n```\n", ("RND-006", 4)),
    "inline code of another language": ("Value `{r} x`.\n", ("RND-006", 4)),
    "cell that is not Python": ("```{python}\nx = (\n```\n", ("RND-017", 4)),
    "unknown div class": ("::: {.theorem}\nx\n:::\n", ("RND-007", 4)),
    "bare unknown div class": ("::: warning\nx\n:::\n", ("RND-007", 4)),
    "unknown span class": ("a [b]{.highlight} c\n", ("RND-007", 4)),
    "unknown heading class": ("# A {.appendix}\n", ("RND-007", 4)),
    "unknown shortcode": ("\n{{< video x.mp4 >}}\n", ("RND-008", 5)),
    "include inside a line": ("a {{< include b.qmd >}} c\n", ("RND-008", 4)),
    "cross-reference without a target": ("See @fig-none.\n", ("RND-009", 4)),
    "section reference without numbers": ("# A {#sec-a}\n\nSee @sec-a.\n", ("RND-009", 6)),
    "citation without an entry": ("As shown [@nobody2020].\n", ("RND-010", 4)),
    "unknown variable": ("{{< var nothing >}}\n", ("RND-011", 4)),
    "unknown metadata": ("{{< meta nothing.here >}}\n", ("RND-011", 4)),
    "remote picture": ("![A picture](https://example.org/x.png)\n", ("RND-012", 4)),
    "typed number among results": ("# Results\n\nPain fell by 4.9 cm.\n", ("RND-013", 6)),
    "inline statement": ("Value `{python} x = 1`.\n\n```{python}\n1\n```\n", ("RND-014", 4)),
    "inline code without a cell": ("\nOf `{python} 1 + 1` people.\n", ("RND-014", 5)),
    "inline code over two lines": ("Value `{python} x +\n1`.\n", ("RND-014", 4)),
    "inline code in a caption": (
        "```{python}\n#| label: tbl-a\n#| tbl-cap: 'n `{python} n`'\n1\n```\n",
        ("RND-014", 6),
    ),
    "label used twice": (
        "```{python}\n#| label: tbl-a\n#| tbl-cap: A\n1\n```\n\n"
        "```{python}\n#| label: tbl-a\n#| tbl-cap: B\n1\n```\n",
        ("RND-015", 10),
    ),
    "notebook that is not there": ("{{< embed absent.ipynb#fig-a >}}\n", ("RND-016", 4)),
    "div that is never closed": ("::: {.abstract}\nx\n", ("RND-018", 4)),
    "div closed that was not open": ("x\n\n:::\n", ("RND-018", 6)),
    "fence that is never closed": ("```{python}\n1\n", ("RND-018", 4)),
    "float without a caption": ("```{python}\n#| label: tbl-a\n1\n```\n", ("RND-021", 4)),
    "cell label of another kind": ("```{python}\n#| label: eq-a\n1\n```\n", ("RND-021", 4)),
    "figure without words": (
        "```{python}\n#| label: fig-a\n#| fig-cap: A\n1\n```\n",
        ("RND-022", 4),
    ),
    "layout with one caption": (
        "```{python}\n#| label: fig-a\n#| fig-cap: A\n#| fig-alt: B\n"
        "#| layout: [[1], [1, 1]]\n1\n```\n",
        ("RND-021", 4),
    ),
    "columns with one caption": (
        "```{python}\n#| label: tbl-a\n#| tbl-cap: A\n#| layout-ncol: 2\n1\n```\n",
        ("RND-021", 4),
    ),
    "authors, which Quarto rewrites": ("{{< meta author.1.name >}}\n", ("RND-011", 4)),
    "affiliations, which Quarto rewrites": ("{{< meta affiliations.0.city >}}\n", ("RND-011", 4)),
    "picture without words": ("![](x.png)\n", ("RND-022", 4)),
}


@pytest.mark.parametrize(("body", "expected"), BAD.values(), ids=BAD.keys())
def test_each_rule_finds_its_line(tmp_path: Path, body: str, expected: tuple[str, int]) -> None:
    assert lint(tmp_path, body) == [expected]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("---\ntitle: T\ntilte: U\n---\n", ("RND-003", 3)),
        ("---\ntitle: T\nexecute:\n  ecko: false\n---\n", ("RND-003", 4)),
        ("---\nformat:\n  html:\n    theem: none\n---\n", ("RND-003", 4)),
        ("---\nformat:\n  revealjs: default\n---\n", ("RND-003", 3)),
        ("---\nformat: html\n---\n", ("RND-003", 2)),
        ("---\ndate: today\n---\n", ("RND-023", 2)),
        ("---\ntitle: T\nlang: [\n---\n", ("RND-002", 3)),
        ("---\nbibliography: absent.bib\n---\n", ("RND-019", 1)),
    ],
)
def test_front_matter(tmp_path: Path, head: str, expected: tuple[str, int]) -> None:
    assert lint(tmp_path, "Text.\n", head) == [expected]


@pytest.mark.parametrize(
    ("shortcode", "found"),
    [
        ("meta keywords.1", True),
        ("meta keywords.0", False),
        ("meta keywords.3", False),
        ("var list.2", True),
        ("var list.0", False),
        ("var map.key", True),
    ],
)
def test_lists_are_counted_from_one_as_in_quarto(
    tmp_path: Path, shortcode: str, found: bool
) -> None:
    """Quarto 1.9.38 printed the values of these, and "?meta:keywords.0" for the others."""
    (tmp_path / "_variables.yml").write_text("list: [p, q]\nmap:\n  key: v\n", "utf-8")
    head = "---\ntitle: T\nkeywords: [a, b]\n---\n"
    findings = lint(tmp_path, f"{{{{< {shortcode} >}}}}\n", head)
    assert findings == ([] if found else [("RND-011", 5)])


def test_an_author_whose_affiliation_is_not_declared(tmp_path: Path) -> None:
    head = "---\nauthor:\n  - name: A\n    affiliations: [{ref: x}]\n---\n"
    assert lint(tmp_path, "Text.\n", head) == [("RND-024", 1)]


def test_the_project_file_is_held_to_the_same_keys(tmp_path: Path) -> None:
    (tmp_path / "_quarto.yml").write_text("project:\n  type: default\ntoc-dept: 2\n", "utf-8")
    path = tmp_path / "a.qmd"
    path.write_text(HEAD, "utf-8")
    (finding,) = lint_document(path)
    assert (finding.file, finding.line, finding.rule) == ("_quarto.yml", 3, "RND-003")
    assert "did you mean toc-depth?" in finding.message


def test_a_finding_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "_part.qmd").write_text("one\n\n{{< vedio x >}}\n", "utf-8")
    path = tmp_path / "a.qmd"
    path.write_text(HEAD + "{{< include _part.qmd >}}\n", "utf-8")
    (finding,) = lint_document(path)
    assert str(finding).startswith("_part.qmd:3: the shortcode vedio")


RESULTS_THAT_PASS = [
    "Pain fell by `{python} x(124)` cm.",
    "See @tbl-names and [Tables @tbl-names; -@tbl-names].",
    "A picture ![of pain](figure-1.png) and a [link](https://example.org/2024).",
    "The EQ-5D-5L and the EQ-5D, both with a 95 % interval.",
    "A footnote[^1] and `code 12`.",
    "<!-- 42 is a comment -->",
    "{{< meta title >}}",
    "1. A numbered item.",
    "[words]{.num data-id='a.b.1' title='n 3'}",
    "## A subsection of words",
]


@pytest.mark.parametrize("line", RESULTS_THAT_PASS)
def test_digits_that_are_no_results(tmp_path: Path, line: str) -> None:
    allowed = 'multifidus:\n  allowed-numerals: [EQ-5D, EQ-5D-5L, "95 %"]\n'
    head = f"---\ntitle: T\njupyter: python3\n{allowed}---\n"
    body = (
        f"# Results\n\n{line}\n\n[^1]: Words.\n\n# Discussion\n\nAfter 5 years.\n\n"
        "| a |\n|---|\n| b |\n\n: Names. {#tbl-names}\n"
    )
    assert lint(tmp_path, body, head) == []


@pytest.mark.parametrize(
    "line",
    ["In 204 people.", "(n=3)", "p < 0.0001", "- 12 stopped", "EQ-5D-6L", "Table 1 shows"],
)
def test_digits_that_are_results(tmp_path: Path, line: str) -> None:
    head = "---\ntitle: T\nmultifidus:\n  allowed-numerals: [EQ-5D]\n---\n"
    assert lint(tmp_path, f"# Results\n\n{line}\n", head) == [("RND-013", 8)]


def test_results_end_with_the_section_and_include_its_subsections(tmp_path: Path) -> None:
    body = "# Methods\n\n1 a\n\n# Results\n\n## Pain\n\n2 b\n\n# Discussion\n\n3 c\n"
    assert lint(tmp_path, body) == [("RND-013", 12)]


def test_the_abstract_has_its_own_results(tmp_path: Path) -> None:
    body = (
        "::: {.abstract}\n**Methods:** 12 sites.\n\n**Results:** 34 people.\n\n"
        "More: 56.\n\n**Conclusions:** 78.\n:::\n\n90 outside.\n"
    )
    assert lint(tmp_path, body) == [("RND-013", 7), ("RND-013", 9)]


def test_captions_among_the_results_are_prose(tmp_path: Path) -> None:
    body = "# Results\n\n```{python}\n#| label: tbl-a\n#| tbl-cap: 'Of 204 people'\n1\n```\n"
    assert lint(tmp_path, body) == [("RND-013", 6)]


def test_a_comment_over_several_lines_is_no_prose(tmp_path: Path) -> None:
    assert lint(tmp_path, "# Results\n\n<!-- 1\n2\n3 --> words\n") == []


def test_the_sentence_says_where_and_how_to_mend(tmp_path: Path) -> None:
    path = tmp_path / "a.qmd"
    path.write_text(HEAD + "```{python}\n#| fig-wdth: 3\n1\n```\n", "utf-8")
    (finding,) = lint_document(path)
    error = finding.as_error(others=2)
    assert str(error) == (
        "[RND-005] a.qmd:5: the cell option fig-wdth is not one that both engines know; did you "
        "mean fig-width? (2 more findings in the document)"
    )
