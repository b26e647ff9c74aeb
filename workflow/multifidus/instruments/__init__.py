"""Instruments: raw answers to scores.

VAS in centimetres, the Oswestry Disability Index, the EQ-5D-5L index of an explicit value set,
opioid prescriptions to morphine milligram equivalents a day, and the placing of records into visit
windows. Everything is vectorised; what cannot be scored is refused with an ``INS-`` id.
"""

from multifidus.instruments.eq5d import (
    classify_pareto,
    level_sum_score,
    score_eq5d,
    value_set_named,
)
from multifidus.instruments.errors import InstrumentError
from multifidus.instruments.mme import MmeRules, mme_per_day
from multifidus.instruments.mme_factors import (
    MmeFactors,
    mme_factors_from_frame,
    mme_factors_named,
)
from multifidus.instruments.odi import odi_band, score_odi
from multifidus.instruments.scores import SCORE_COLUMNS, build_scores
from multifidus.instruments.value_sets import ValueSet, value_sets_from_frames
from multifidus.instruments.vas import score_vas
from multifidus.instruments.visits import assign_visits

__all__ = [
    "SCORE_COLUMNS",
    "InstrumentError",
    "MmeFactors",
    "MmeRules",
    "ValueSet",
    "assign_visits",
    "build_scores",
    "classify_pareto",
    "level_sum_score",
    "mme_factors_from_frame",
    "mme_factors_named",
    "mme_per_day",
    "odi_band",
    "score_eq5d",
    "score_odi",
    "score_vas",
    "value_set_named",
    "value_sets_from_frames",
]
