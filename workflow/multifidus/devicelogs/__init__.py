"""Stimulator logs: readers that account for every byte, sessions, adherence with bounds.

`reading` reads logs through the formats of `formats`; `adherence` measures a cohort's use from what
they give; `run` holds the steps of the workflow. Start with `formats/interface.py`, which says what
a log format is and what it gives.
"""
