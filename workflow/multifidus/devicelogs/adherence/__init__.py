"""Adherence of a cohort, with bounds, from the sessions of its devices.

`cohort` reads the logs and gives sessions their participants, `daily` lays them out over exposure
days, `periods` and `dose` measure use per participant and period. Start with `cohort`.
"""
