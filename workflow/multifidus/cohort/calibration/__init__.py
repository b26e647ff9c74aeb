"""Calibration: published figures as windows, and the search that meets them.

Start with `targets`. `goals` and `search` move answers into the windows, `balance` places the
arms, `verify` and `report` say where the finished cohort landed.
"""
