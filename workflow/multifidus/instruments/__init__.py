"""Instruments: raw answers to scores.

`vas`, `odi` and `eq5d` (with `value_sets`) score questionnaires, `mme` (with `mme_factors`) turns
opioid prescriptions into morphine milligram equivalents a day, `visits` places records into visit
windows, `scores` builds the scores table, `run` is the workflow's step and `cli` the command.
Everything is vectorised; what cannot be scored is refused with an ``INS-`` id. This file imports
nothing, so that a change of one instrument reruns only what rests on it.
"""
