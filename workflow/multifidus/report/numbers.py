"""Numbers as readers meet them: the printed value, carrying its id, counts, method and rule."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.results.formatting import NOT_ESTIMABLE

if TYPE_CHECKING:
    from multifidus.results.table import Results

__all__ = ["absent_markdown", "describe", "number_html", "number_markdown"]

_STATISTICS = {
    "ci_lower": "lower 95 % limit",
    "ci_upper": "upper 95 % limit",
    "p_value": "p value",
    "sd": "standard deviation",
    "se": "standard error",
    "q1": "lower quartile",
    "q3": "upper quartile",
    "n": "number",
}


def describe(row: pd.Series[Any]) -> str:
    """Return one line on a result: what it is, from how many, by which method and rule."""
    statistic = str(row["statistic"])
    parts = [f"{row['label']}, {_STATISTICS.get(statistic, statistic.replace('_', ' '))}"]
    if pd.notna(row["n"]):
        of = f" of {int(row['N'])}" if pd.notna(row["N"]) else ""
        parts.append(f"n = {int(row['n'])}{of}")
    if isinstance(row["method"], str) and row["method"]:
        parts.append(row["method"])
    parts.append(f"rule {row['rule']}")
    return "; ".join(parts)


def number_markdown(
    results: Results, result_id: str, *, display: str | None = None, sign: bool = False
) -> str:
    """Return a result as a pandoc span that carries its id and description."""
    text = results.text(result_id, display=display, sign=sign)
    title = describe(results.row(result_id)).replace("\\", "").replace('"', "'")
    return f'[{_plain(text)}]{{.num data-id="{result_id}" title="{title}"}}'


def absent_markdown(result_id: str) -> str:
    """Return the words for a result that the data of a run do not give."""
    title = f"{result_id.replace('.', ', ')}: the data of this run do not give it"
    return f'[{NOT_ESTIMABLE}]{{.num title="{title}"}}'


def number_html(
    results: Results, result_id: str, *, display: str | None = None, sign: bool = False
) -> str:
    """Return a result as an HTML span that carries its id and description."""
    text = results.text(result_id, display=display, sign=sign)
    title = html.escape(describe(results.row(result_id)))
    return f'<span class="num" data-id="{result_id}" title="{title}">{html.escape(text)}</span>'


def _plain(text: str) -> str:
    """Keep a printed number from being read as markdown."""
    return text.replace("<", "\\<")
