"""Configuration as typed models: one pydantic model per top key, unknown keys refused.

`run` says what a run does (study, tier, data, seed, rendering); `study` says what a trial is
(arms, visits, outcomes, responder cuts, analysis sets, declared assumptions). `load` reads both
from YAML and turns every fault into one sentence; `generate` writes the defaults, the JSON Schemas
and the reference table from the models.
"""
