"""Tables of the evidence: scorecard, divergences, declared assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from multifidus.report.html_table import ReportTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multifidus.results.table import Results

__all__ = ["assumptions_table", "scorecard_table", "verdicts_table"]


def scorecard_table(results: Results, scorecard: pd.DataFrame, family: str) -> ReportTable:
    """Return the scorecard's rows of one family of claims, figure by figure."""
    table = ReportTable(
        results, ["Published figure", "Printed", "Reproduced", "Verdict"], align="left"
    )
    for _, row in scorecard[scorecard["family"] == family].iterrows():
        cells = [str(row["printed"]), str(row["reproduced"]), str(row["verdict"]).replace("_", " ")]
        table.row(str(row["label"]), [table.text(cell) for cell in cells])
    return table


def verdicts_table(results: Results, scorecard: pd.DataFrame) -> ReportTable:
    """Return counts of verdicts by class of evidence."""
    counts = pd.crosstab(scorecard["evidence"], scorecard["verdict"])
    verdicts = list(counts.columns)
    heads = [str(verdict).replace("_", " ").capitalize() for verdict in verdicts]
    table = ReportTable(results, ["Evidence", *heads])
    for evidence, row in counts.iterrows():
        label = str(evidence).replace("_", " ").capitalize()
        table.row(label, [str(int(row[verdict])) for verdict in verdicts])
    return table


def assumptions_table(results: Results, assumptions: Iterable[tuple[str, str]]) -> ReportTable:
    """Return every declared assumption with its reason."""
    table = ReportTable(results, ["Assumption", "Reason"], align="left")
    for statement, reason in assumptions:
        table.row(statement, [table.text(reason)])
    return table
