"""A table of the report: semantic HTML that both engines turn into a real table in every format.

Rows may be grouped under headings, columns under spanners; notes are in the table's foot. The
methods of all results printed are collected and printed under the table by themselves.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.report.numbers import number_html
from multifidus.results.formatting import NOT_ESTIMABLE
from multifidus.results.plain import PLAIN_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multifidus.results.table import Results

__all__ = ["DASH", "ReportTable"]

DASH = "\N{EN DASH}"


@dataclass
class ReportTable:
    """A table that is filled row by row and shown by Jupyter as markdown.

    Parameters
    ----------
    results
        The results table that numbers are taken from.
    columns
        Heads of the columns; the first belongs to the row labels.
    spanners
        ``(title, number of columns)`` over the columns, left to right; empty for none.
    align
        Alignment of all columns but the first, which is flush left: ``right`` for numbers.
    """

    results: Results
    columns: Sequence[str]
    spanners: Sequence[tuple[str, int]] = ()
    align: str = "right"
    _rows: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _methods: list[str] = field(default_factory=list)

    def group(self, title: str) -> None:
        """Add a heading row over the rows that follow."""
        cell = f'<td colspan="{len(self.columns)}"><strong>{html.escape(title)}</strong></td>'
        self._rows.append(f'<tr class="group">{cell}</tr>')

    def row(self, label: str, cells: Iterable[str], *, indent: bool = False) -> None:
        """Add a row: a label and cells that are HTML already (:meth:`number`, :meth:`text`)."""
        pad = "\N{EM SPACE}" if indent else ""
        body = "".join(f'<td style="text-align: {self.align};">{cell}</td>' for cell in cells)
        self._rows.append(
            f'<tr><td style="text-align: left;">{pad}{html.escape(label)}</td>{body}</tr>'
        )

    def note(self, text: str) -> None:
        """Add a note under the table."""
        if text and text not in self._notes:
            self._notes.append(text)

    def number(self, result_id: str, *, display: str | None = None, sign: bool = False) -> str:
        """Return a result as a cell, or a dash when the table of results does not hold it."""
        if result_id not in self.results:
            return DASH
        row = self.results.row(result_id)
        if (reason := self.results.reason(result_id)) is not None:
            self.note(f"{NOT_ESTIMABLE.capitalize()} ({row['label']}): {reason}.")
            return number_html(self.results, result_id)
        if self.results.hidden(result_id) is not None:
            self.note(
                "Hidden, or given as a range: small counts of people, which are not none, what "
                "they could be computed from, and what is computed from them."
            )
            return number_html(self.results, result_id)
        method = row["method"]
        known = (*self._methods, *PLAIN_METHODS.values())
        if isinstance(method, str) and method and method not in known:
            self._methods.append(method)
        return number_html(self.results, result_id, display=display, sign=sign)

    def text(self, words: str) -> str:
        """Return plain words as a cell."""
        return html.escape(words)

    def interval(self, stem: str, *, sign: bool = False) -> str:
        """Return ``lower to upper`` of an id without its statistic."""
        low, high = f"{stem}.ci_lower", f"{stem}.ci_upper"
        if low not in self.results:
            return DASH
        if self.results.reason(low) is not None or self.results.hidden(low) is not None:
            return self.number(low)
        return f"{self.number(low, sign=sign)} to {self.number(high, sign=sign)}"

    def mean_sd(self, stem: str, *, sign: bool = False) -> str:
        """Return ``mean (SD)`` of an id without its statistic."""
        if f"{stem}.mean" not in self.results:
            return DASH
        return f"{self.number(f'{stem}.mean', sign=sign)} ({self.number(f'{stem}.sd')})"

    def count_percent(self, stem: str) -> str:
        """Return ``count (per cent)`` of an id without its statistic."""
        if f"{stem}.count" not in self.results:
            return DASH
        return f"{self.number(f'{stem}.count')} ({self.number(f'{stem}.percent')})"

    def share(self, stem: str) -> str:
        """Return ``count/total (per cent)`` of an id without its statistic."""
        if f"{stem}.count" not in self.results:
            return DASH
        if pd.isna(self.results.row(f"{stem}.count")["N"]):
            return self.number(f"{stem}.count")
        total = self.results.people(f"{stem}.count", "N")
        return f"{self.number(f'{stem}.count')}/{total} ({self.number(f'{stem}.percent')})"

    def counts(self, result_id: str) -> str:
        """Return ``n/N`` of a result: who contributes, of how many."""
        if result_id not in self.results:
            return DASH
        row = self.results.row(result_id)
        if row[["n", "N"]].isna().all():
            return self.results.people(result_id)
        names = [name for name in ("n", "N") if pd.notna(row[name]) or name == "n"]
        known = [self.results.people(result_id, name) for name in names]
        return "/".join(word for word in known if word != DASH)

    def to_html(self) -> str:
        """Return the table as HTML."""
        foot = ""
        notes = [*self._notes]
        if self._methods:
            notes.append("Methods: " + "; ".join(self._methods) + ".")
        if notes:
            cells = "<br/>".join(html.escape(note) for note in notes)
            foot = f'<tfoot><tr><td colspan="{len(self.columns)}">{cells}</td></tr></tfoot>'
        body = "".join(self._rows)
        return f"<table>\n<thead>{self._head()}</thead>\n<tbody>{body}</tbody>\n{foot}</table>"

    def _head(self) -> str:
        spans = "".join(
            f'<th colspan="{width}" style="text-align: center;">{html.escape(title)}</th>'
            for title, width in self.spanners
        )
        heads = "".join(
            f'<th style="text-align: {"left" if i == 0 else self.align};">{html.escape(title)}</th>'
            for i, title in enumerate(self.columns)
        )
        return (f"<tr>{spans}</tr>" if spans else "") + f"<tr>{heads}</tr>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/markdown": f"```{{=html}}\n{self.to_html()}\n```\n",
            "text/plain": "table",
        }
