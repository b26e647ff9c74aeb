"""What cannot be scored or analysed is refused: stable id, one sentence, exit code, no value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.registry import run_analysis
from multifidus.base.errors import ExitCode
from multifidus.config.study import StudyConfig, Visit
from multifidus.contracts.check import empty_table
from multifidus.instruments.eq5d import classify_pareto, score_eq5d
from multifidus.instruments.mme import mme_per_day
from multifidus.instruments.mme_factors import mme_factors_from_frame, mme_factors_named
from multifidus.instruments.odi import odi_band, score_odi
from multifidus.instruments.value_sets import ValueSet, value_sets_from_frames
from multifidus.instruments.vas import score_vas
from multifidus.instruments.visits import assign_visits

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = 87.654321
FULL = ValueSet("flat", "nobody", np.ones(3125))
FACTOR_COLUMNS = ["edition", "drug", "route", "unit", "factor", "dose_from", "dose_to"]
FACTORS = pd.DataFrame(
    [
        ("cdc", "oxycodone", "oral", "mg/day", 1.5, np.nan, np.nan),
        ("cdc", "fentanyl", "transdermal", "mcg/h", 2.4, np.nan, np.nan),
    ],
    columns=FACTOR_COLUMNS,
)
SETS = pd.DataFrame(
    [("one", "vt", 0.0, 0.0, 0.0, "nobody")],
    columns=["id", "kind", "intercept", "n45", "n5", "citation"],
)
WEIGHTS = pd.DataFrame(
    [("one", name, level, 0.1) for name in ("mo", "sc", "ua", "pd", "ad") for level in range(2, 6)],
    columns=["value_set", "dimension", "level", "decrement"],
)
VISIT = Visit(id="y1", label="1 year", anchor="activation_date", target_day=365, window=(259, 547))


def prescribe(**changes: Any) -> None:
    row = {
        "participant_id": "P1", "prescription_id": "R1", "drug": "oxycodone", "route": "oral",
        "dose": 10.0, "dose_unit": "mg", "doses_per_day": 2.0, "as_needed": False,
        "start_date": "2020-01-01", "end_date": "2020-12-31",
    }  # fmt: skip
    asked = pd.DataFrame({"participant_id": ["P1"], "date": pd.to_datetime(["2020-06-01"])})
    factors = mme_factors_from_frame(FACTORS)["cdc"]
    assert mme_per_day(pd.DataFrame([row]), asked, factors).tolist() == [30.0]
    mme_per_day(pd.DataFrame([row | changes]), asked, factors)


def place(**changes: Any) -> None:
    people = empty_table("participants").reindex([0])
    people = people.assign(participant_id="P1", activation_date=pd.Timestamp("2020-01-01"))
    row = {
        "participant_id": "P1",
        "visit": "y1",
        "assessment_date": pd.Timestamp("2021-01-01"),
        "record_key": "k",
    }
    good = assign_visits(pd.DataFrame([row]), people, [VISIT])
    assert good["flag"].tolist() == ["used"]
    assign_visits(pd.DataFrame([row | changes]), people, [VISIT])


def band(*bands: tuple[float, float]) -> None:
    rows = [("cdc", "methadone", "oral", "mg/day", 4.0, low, high) for low, high in bands]
    mme_factors_from_frame(pd.DataFrame(rows, columns=FACTOR_COLUMNS))


def study(**sections: Any) -> StudyConfig:
    base: dict[str, Any] = {
        "study": {
            "id": "s",
            "title": "t",
            "short_title": "t",
            "intervention": "i",
            "condition": "c",
        },
        "arms": [{"id": "one", "label": "One"}],
        "analysis_sets": [
            {"id": "safety", "label": "Safety", "requires": ["treatment_start_date"]}
        ],
        "report": {"document": "study_report"},
    }
    return StudyConfig.model_validate(base | sections)


def safety_without_dates() -> None:
    people = empty_table("participants").reindex([0])
    people = people.assign(participant_id="P1", treatment_start_date=pd.Timestamp("2020-01-01"))
    tables = {"participants": people, "adverse_events": empty_table("adverse_events")}
    run_analysis("adverse_events", AnalysisInputs(study(), tables))


def analyse(name: str, **sections: Any) -> None:
    people = empty_table("participants")
    run_analysis(name, AnalysisInputs(study(**sections), {"participants": people}))


DEVICE_USE = {"exposure_start": {"one": "activation_date"}}
OUTCOMES = [
    {
        "id": "vas",
        "label": "VAS",
        "instrument": "vas",
        "unit": "cm",
        "better": "lower",
        "decimals": 1,
    }
]
VISITS = [VISIT.model_dump(mode="json")]

CASES: dict[str, tuple[Callable[[], object], str]] = {
    "VAS above the scale": (lambda: score_vas([50.0, CANARY + 100]), "INS-002"),
    "VAS below the scale": (lambda: score_vas([-CANARY]), "INS-002"),
    "VAS in mm declared as cm": (lambda: score_vas([CANARY], unit="cm"), "INS-002"),
    "VAS of mixed units": (lambda: score_vas([73.0, 52.0, 7.3]), "INS-003"),
    "VAS of an unknown unit": (lambda: score_vas([1.0], unit="inch"), "INS-001"),  # type: ignore[arg-type]
    "ODI points above 100": (lambda: odi_band([20.0, CANARY + 100]), "INS-012"),
    "ODI points below 0": (lambda: odi_band([-CANARY]), "INS-012"),
    "ODI points of words": (lambda: odi_band(["mild"]), "INS-009"),
    "buccal fentanyl": (
        lambda: prescribe(drug="fentanyl", route="buccal", dose_unit="mcg", dose=200.0),
        "INS-031",
    ),
    "VAS of words": (lambda: score_vas(["seven"]), "INS-009"),
    "VAS infinite": (lambda: score_vas([np.inf]), "INS-009"),
    "ODI section of 6": (lambda: score_odi([[6] + [0] * 9]), "INS-010"),
    "ODI section below 0": (lambda: score_odi([[-1] + [0] * 9]), "INS-010"),
    "ODI section of a half": (lambda: score_odi([[0.5] + [0] * 9]), "INS-010"),
    "ODI with nine sections": (lambda: score_odi([[0] * 9]), "INS-008"),
    "ODI with ten missing allowed": (lambda: score_odi([[0] * 10], max_missing=10), "INS-011"),
    "EQ-5D level of 0": (lambda: score_eq5d([[0, 1, 1, 1, 1]], FULL), "INS-020"),
    "EQ-5D level of 6": (lambda: score_eq5d([[6, 1, 1, 1, 1]], FULL), "INS-020"),
    "EQ-5D level of a half": (lambda: score_eq5d([[1.5, 1, 1, 1, 1]], FULL), "INS-020"),
    "EQ-5D with four dimensions": (lambda: score_eq5d([[1, 1, 1, 1]], FULL), "INS-008"),
    "Pareto with a level of 6": (lambda: classify_pareto([[1] * 5], [[6] * 5]), "INS-020"),
    "value set of another kind": (
        lambda: value_sets_from_frames(SETS.assign(kind="tto"), WEIGHTS),
        "INS-022",
    ),
    "value set without a coefficient": (
        lambda: value_sets_from_frames(SETS, WEIGHTS.iloc[1:]),
        "INS-023",
    ),
    "value set with a coefficient twice": (
        lambda: value_sets_from_frames(SETS, pd.concat([WEIGHTS, WEIGHTS.iloc[:1]])),
        "INS-023",
    ),
    "crosswalk without probabilities": (
        lambda: value_sets_from_frames(SETS.assign(kind="crosswalk"), WEIGHTS),
        "INS-023",
    ),
    "value set of 3,124 states": (lambda: ValueSet("short", "nobody", np.ones(3124)), "INS-024"),
    "unknown drug": (lambda: prescribe(drug="heroin"), "INS-030"),
    "two opioids in one product": (lambda: prescribe(drug="oxycodone/fentanyl"), "INS-030"),
    "unknown partner in a product": (lambda: prescribe(drug="oxycodone/xyz"), "INS-030"),
    "unknown route": (lambda: prescribe(route="intravenous"), "INS-031"),
    "unknown unit": (lambda: prescribe(dose_unit="g"), "INS-031"),
    "negative dose": (lambda: prescribe(dose=-CANARY), "INS-032"),
    "no doses a day": (lambda: prescribe(doses_per_day=0.0), "INS-032"),
    "dose missing": (lambda: prescribe(dose=np.nan), "INS-032"),
    "patch every three days as a third of a patch": (
        lambda: prescribe(
            drug="fentanyl", route="transdermal", dose_unit="mcg/h", doses_per_day=1 / 3
        ),
        "INS-035",
    ),
    "end before start": (lambda: prescribe(end_date="2019"), "INS-036"),
    "unknown edition": (
        lambda: mme_factors_named(mme_factors_from_frame(FACTORS), "cdc_1999"),
        "INS-033",
    ),
    "bands with a gap": (lambda: band((0.0, 20.0), (30.0, np.nan)), "INS-034"),
    "bands that overlap": (lambda: band((0.0, 20.0), (10.0, np.nan)), "INS-034"),
    "bands that start late": (
        lambda: band(
            (1.0, np.nan),
        ),
        "INS-034",
    ),
    "record of nobody": (lambda: place(participant_id="P9"), "INS-040"),
    "assessment without a date": (lambda: place(assessment_date=pd.NaT), "INS-041"),
    "analysis without scores": (
        lambda: analyse("effectiveness", outcomes=OUTCOMES, visits=VISITS),
        "ANA-001",
    ),
    "no observation time": (safety_without_dates, "ANA-003"),
    "device use without logs": (lambda: analyse("device_use", device_use=DEVICE_USE), "ANA-004"),
    "unknown analysis": (lambda: analyse("opiods"), "ANA-005"),
}


@pytest.mark.parametrize("name", CASES)
def test_refused_with_id_sentence_and_exit_code(name: str) -> None:
    work, error_id = CASES[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the id is what is asserted
        work()
    error = caught.value
    assert getattr(error, "error_id", None) == error_id, error
    assert error.exit_code is ExitCode.DATA
    message = error.message
    assert message.count("\n") == 0
    assert message.endswith((".", "?"))
    assert ". " not in message.rstrip("."), "one sentence"
    assert len(message) < 240
    assert "87.65" not in message, "no participant's value"


def test_records_out_of_reach_are_flagged_and_not_refused() -> None:
    """After death, outside every window, and without an anchor: kept, flagged, not used."""
    people = empty_table("participants").reindex([0, 1])
    people = people.assign(
        participant_id=["P1", "P2"],
        activation_date=pd.to_datetime(["2020-01-01", None]),
        death_date=pd.to_datetime(["2020-12-01", None]),
    )
    records = pd.DataFrame(
        {
            "participant_id": ["P1", "P1", "P2"],
            "visit": "y1",
            "assessment_date": pd.to_datetime(["2021-01-01", "2020-03-01", "2021-01-01"]),
            "record_key": ["a", "b", "c"],
        }
    )
    placed = assign_visits(records, people, [VISIT])
    assert placed["flag"].tolist() == ["after_death", "outside_windows", "no_anchor"]
    assert placed["analysis_visit"].isna().all()
    assert placed["record_key"].tolist() == ["a", "b", "c"], "every row keeps its key"
