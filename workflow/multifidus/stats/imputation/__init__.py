"""Multiple imputation of repeated continuous outcomes, vectorised over imputations."""

from multifidus.stats.imputation.analysis import (
    TippingPoint,
    add_delta,
    compare_responders,
    regress_imputations,
    tipping_point,
)
from multifidus.stats.imputation.multiple import Imputations, ImputationSeed, impute
from multifidus.stats.imputation.single import (
    baseline_carried_forward,
    last_observation_carried_forward,
    non_responder_imputation,
)

__all__ = [
    "ImputationSeed",
    "Imputations",
    "TippingPoint",
    "add_delta",
    "baseline_carried_forward",
    "compare_responders",
    "impute",
    "last_observation_carried_forward",
    "non_responder_imputation",
    "regress_imputations",
    "tipping_point",
]
