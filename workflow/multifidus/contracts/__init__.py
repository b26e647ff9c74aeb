"""The tables: the only shapes of participant data that anything downstream may read.

One pandera model per table (`tables`), strict and ordered, each check named; `rules` gives every
check its stable id, its sentence in protocol terms and its remedy; `check` turns raw text columns
into typed frames and collects findings, never values.
"""

from multifidus.contracts.check import (
    ROW,
    Finding,
    check_parsed,
    check_table,
    empty_table,
    parse_table,
)
from multifidus.contracts.tables import TABLES, Table, read_table, write_table

__all__ = [
    "ROW",
    "TABLES",
    "Finding",
    "Table",
    "check_parsed",
    "check_table",
    "empty_table",
    "parse_table",
    "read_table",
    "write_table",
]
