"""The results: one long table, one row per statistic, before any layout.

In the spirit of CDISC's Analysis Results Data. Text, tables, figures and the scorecard take
numbers from here by id and by nothing else.
"""

from multifidus.results.formatting import format_value, round_half_away
from multifidus.results.ids import make_id, slug, split_id
from multifidus.results.table import (
    COLUMNS,
    Provenance,
    ResultRow,
    Results,
    collect_results,
    rows_to_frame,
)

__all__ = [
    "COLUMNS",
    "Provenance",
    "ResultRow",
    "Results",
    "collect_results",
    "format_value",
    "make_id",
    "round_half_away",
    "rows_to_frame",
    "slug",
    "split_id",
]
