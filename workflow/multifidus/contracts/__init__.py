"""The tables: the only shapes of participant data that anything downstream may read.

One pandera model per table (`tables`), strict and ordered, each check named; `rules` gives every
check its stable id, its sentence in protocol terms and its remedy; `check` turns raw text columns
into typed frames and collects findings, never values.
"""
