"""Synthetic cohorts for tests, drawn once per seed and process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from multifidus.cohort.calibration.targets import CohortTargets, targets_from_claims
from multifidus.cohort.design import CohortDesign
from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.run import decrements_of
from multifidus.cohort.tables import CohortTables
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.value_sets import load_value_sets

LITERATURE = Path(__file__).resolve().parent.parent / "literature"
VALUE_SET = "usa_2019"


@cache
def published_targets() -> CohortTargets:
    """The windows of the committed claims."""
    literature = load_literature(LITERATURE)
    return targets_from_claims(
        literature.claims.to_dict("records"), literature.divergences.to_dict("records")
    )


@cache
def assumed_design() -> CohortDesign:
    """The design with the value set that the study file declares."""
    coefficients = load_value_sets(LITERATURE / "value_sets").coefficients
    return CohortDesign(decrements_of(coefficients, VALUE_SET))


@cache
def cohort_of(seed: int) -> CohortTables:
    """The cohort of a seed."""
    return generate_cohort(seed, published_targets(), assumed_design())


def score_by_hand(cohort: CohortTables) -> pd.DataFrame:
    """Score the raw answers by the published rules, independently of the package.

    VAS in cm; ODI 100 x sum / (5 x sections answered) with at most one section left out; EQ-5D-5L
    by the decrements of Pickard 2019 (10.1016/j.jval.2019.02.009) as printed.
    """
    pickard = {
        "mo": (0, 0.096, 0.122, 0.237, 0.322),
        "sc": (0, 0.089, 0.107, 0.220, 0.261),
        "ua": (0, 0.068, 0.101, 0.255, 0.255),
        "pd": (0, 0.060, 0.098, 0.318, 0.414),
        "ad": (0, 0.057, 0.123, 0.299, 0.321),
    }
    frames = []
    vas = cohort["vas"]
    frames.append(vas[["participant_id", "visit"]].assign(o="vas", x=vas["vas_mm"] / 10))
    odi = cohort["odi"]
    items = odi[[f"odi_{k:02d}" for k in range(1, 11)]].astype("float64")
    answered = items.notna().sum(axis=1)
    points = (100 * items.sum(axis=1) / (5 * answered)).where(answered >= 9)
    frames.append(odi[["participant_id", "visit"]].assign(o="odi", x=points))
    eq5d = cohort["eq5d"]
    lost = sum(
        eq5d[f"eq5d_{short}"].map(
            lambda level, decrements=decrements: (
                np.nan if pd.isna(level) else decrements[int(level) - 1]
            )
        )
        for short, decrements in pickard.items()
    )
    frames.append(eq5d[["participant_id", "visit"]].assign(o="eq5d", x=1 - lost.astype("float64")))
    long = pd.concat([frame.astype({"x": "float64"}) for frame in frames])
    return long.pivot_table(index="participant_id", columns=["o", "visit"], values="x")
