"""What is read from Quarto's own words. The texts are what Quarto 1.9.38 printed, shortened."""

from __future__ import annotations

from pathlib import Path

import pytest

from multifidus.report.engines.quarto_log import fault_in, plain
from multifidus.report.engines.source import Document, read_document

BODY = """---
title: T
---

See @fig-made and [@made2020], `{python} rate`, {{< env PLACE >}} and ![A picture](absent.png).

```{python}
#| label: tbl-one
total = sum(values)
```

```{python}
#| label: tbl-two
raise ValueError(f"{who}: no visit")
```
"""
FAILED = """
Starting python3 kernel...Done

Executing 'a.quarto_ipynb'
  Cell 2/2: 'tbl-two'...

An error occurred while executing the following cell:
------------------
raise ValueError(f"{who}: no visit")
------------------


\x1b[31m---------------------------------------------------------------------------\x1b[39m
\x1b[31mValueError\x1b[39m                                Traceback (most recent call last)
\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[2]\x1b[39m\x1b[32m, line 1\x1b[39m
\x1b[32m----> \x1b[39m\x1b[32m1\x1b[39m \x1b[38;5;28;01mraise\x1b[39;00m ValueError(...)

\x1b[31mValueError\x1b[39m: RB-0042: no visit
RB-0043: no visit

\x1b[33mWARN: Error encountered when rendering files\x1b[39m
"""
INLINE = """
Starting python3 kernel...Done

Executing 'a.quarto_ipynb'


{raised}
\x1b[33mWARN: Error encountered when rendering files\x1b[39m
"""
FILTERS = "/opt/quarto/share/filters/./"


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "a.qmd"
    path.write_text(BODY, "utf-8")
    return read_document(path)


def test_a_failing_cell_is_named_by_its_line_and_keeps_its_values_to_itself(
    document: Document,
) -> None:
    text = plain(FAILED)
    assert "RB-004" not in text
    assert "\x1b" not in text
    assert "ValueError\n\nWARN: Error encountered" in text
    fault = fault_in(text, document)
    assert fault is not None
    assert (fault.error_id, fault.message) == (
        "RND-040",
        "a.qmd:12: the cell fails with ValueError; correct the code there.",
    )


@pytest.mark.parametrize(
    ("raised", "why"),
    [
        ("ZeroDivisionError: division by 4711", "ZeroDivisionError"),
        ("NameError: name 'rate' is not defined", "NameError: name 'rate' is not defined"),
        ("KeyError: '4711'", "KeyError"),
        ("AssertionError", "AssertionError"),
    ],
)
def test_a_failing_inline_expression(document: Document, raised: str, why: str) -> None:
    text = plain(INLINE.format(raised=raised))
    assert "4711" not in text
    fault = fault_in(text, document)
    assert fault is not None
    assert fault.error_id == "RND-041"
    assert fault.message == f"an inline expression of a.qmd fails with {why}; correct it there."


@pytest.mark.parametrize(
    ("warning", "error_id", "message"),
    [
        (
            f"WARNING ({FILTERS}crossref/refs.lua:128) Unable to resolve crossref @fig-made",
            "RND-009",
            "a.qmd:5: the cross-reference @fig-made has no target.",
        ),
        (
            "[WARNING] Citeproc: citation made2020 not found",
            "RND-010",
            "a.qmd:5: the citation @made2020 is not in the bibliography; add its entry.",
        ),
        (
            f"WARNING ({FILTERS}quarto-pre/shortcodes-handlers.lua:224) Unknown variable PLACE "
            "specified in an env Shortcode.",
            "RND-011",
            "a.qmd:5: env has no value named 'PLACE'.",
        ),
        (
            "[WARNING] Could not fetch resource absent.png",
            "RND-025",
            "a.qmd:5: the file absent.png that the document names is not there.",
        ),
        (
            "[WARNING] Could not fetch resource sub/never.png",
            "RND-025",
            "the file never.png that the document names is not there.",
        ),
    ],
)
def test_what_quarto_only_warns_of_is_a_fault(
    document: Document, warning: str, error_id: str, message: str
) -> None:
    fault = fault_in(plain(f"\n{warning}\nOutput created: a.html\n"), document)
    assert fault is not None
    assert (fault.error_id, fault.message) == (error_id, message)


@pytest.mark.parametrize(
    "text",
    [
        "pandoc --to html\n  output-file: a.html\n\nOutput created: a.html\n",
        "[WARNING] Could not fetch resource https://cdn.example/require.min.js: Http\n",
        "[typst]: Compiling a.typ to a.pdf...DONE\n\nOutput created: a.pdf\n",
    ],
)
def test_other_words_are_no_fault(document: Document, text: str) -> None:
    assert plain(text) == text
    assert fault_in(text, document) is None
