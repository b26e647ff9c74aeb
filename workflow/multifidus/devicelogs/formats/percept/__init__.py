"""Percept session reports (JSON): events of therapy, trends, impedances, programs.

`report` reads one report, with `sections` for its tables, `therapy` for the intervals of therapy
and `streams` for lost packets; `shapes` reads members whatever another tool made of them. Start
with `report`; `reader` gives it the common shape.
"""
