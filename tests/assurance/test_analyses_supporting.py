"""Mixed model, profiles, subgroups, comparators and device use on small hand-made data."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hand_written_cohort import study

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.registry import ANALYSES, analyses_of
from multifidus.config.load import load_study
from multifidus.config.study import StudyConfig
from multifidus.contracts.check import empty_table

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

VISITS = ("m6", "y1", "y2")


def run_analysis(name: str, given: AnalysisInputs) -> list[ResultRow]:
    """Run the one analysis that a module offers."""
    module = import_module(f"multifidus.analyses.{name}")
    function = next(item for item in module.__all__ if item.startswith("summarise_"))
    rows: list[ResultRow] = getattr(module, function)(given)
    return rows


def scores_of(values: dict[str, dict[str, list[float]]]) -> pd.DataFrame:
    """Return long scores from parameter -> visit -> one value per participant (NaN missing)."""
    rows = []
    for parameter, by_visit in values.items():
        for visit, numbers in by_visit.items():
            for person, (value, start) in enumerate(
                zip(numbers, by_visit["baseline"], strict=True)
            ):
                if math.isnan(value):
                    continue
                later = visit != "baseline"
                whole = start if later and start else np.nan
                rows.append(
                    {
                        "participant_id": f"P{person:02d}",
                        "parameter": parameter,
                        "visit": visit,
                        "value": value,
                        "baseline": start,
                        "change": value - start if later else np.nan,
                        "percent_change": 100 * (value - start) / whole,
                    }
                )
    return pd.DataFrame(rows)


def people(count: int) -> pd.DataFrame:
    frame = empty_table("participants").reindex(range(count))
    day = pd.Timestamp("2020-01-01")
    return frame.assign(
        participant_id=[f"P{n:02d}" for n in range(count)],
        arm=["treatment", "control"] * (count // 2),
        sex=["F", "F", "M", "M"] * (count // 4),
        age_years=np.linspace(40, 60, count),
        randomisation_date=day,
        treatment_start_date=day,
        activation_date=day,
    )


def reduced(**sections: object) -> StudyConfig:
    return StudyConfig.model_validate(study().model_dump(mode="json") | sections)


def test_with_nobody_missing_the_model_gives_the_observed_means() -> None:
    """Balanced data: least squares means at the mean baseline are the plain means of the change,
    and with three visits seen by all 12 participants the df of a visit mean is 12 - 2 = 10."""
    rng = np.random.default_rng(3)
    start = rng.normal(7, 1, 12)
    own = rng.normal(0, 1, 12)
    values = {"baseline": start.tolist()}
    for drop, visit in enumerate(VISITS, start=2):
        values[visit] = (start - drop + own + rng.normal(0, 0.5, 12)).tolist()
    trial = reduced(
        mixed_model={"outcomes": ["vas"], "visits": list(VISITS)},
        outcomes=[one for one in study().model_dump(mode="json")["outcomes"] if one["id"] == "vas"],
        responders=[],
        randomised=None,
    )
    given = AnalysisInputs(trial, {"participants": people(12)}, scores_of({"vas": values}))
    found = {row.result_id: row.value for row in run_analysis("efficacy.mixed_model", given)}
    for visit in VISITS:
        mean = float(np.mean(np.array(values[visit]) - start))
        prefix = f"mmrm.vas.{visit}.itt.all."
        assert found[prefix + "estimate"] == pytest.approx(mean, abs=1e-8)
        assert found[prefix + "df"] == pytest.approx(10, abs=1e-4)
        # the residual SD about the regression on baseline, over the square root of 12
        slope, level = np.polyfit(start, np.array(values[visit]) - start, 1)
        residual = np.array(values[visit]) - start - level - slope * start
        se = math.sqrt(float(residual @ residual) / 10 / 12)
        assert found[prefix + "se"] == pytest.approx(se, rel=1e-5)


def test_a_model_that_cannot_be_fitted_says_so() -> None:
    """Everybody falls by exactly 3 cm: there is no variance to estimate."""
    start = [7.0, 6.0, 8.0, 7.5]
    values = {"baseline": start, "m6": [one - 3.0 for one in start]}
    trial = reduced(mixed_model={"outcomes": ["vas"], "visits": ["m6"]})
    whole = scores_of({"vas": values})
    rows = run_analysis(
        "efficacy.mixed_model", AnalysisInputs(trial, {"participants": people(4)}, whole)
    )
    asked = {"estimate", "se", "df", "ci_lower", "ci_upper", "p_value"}
    assert {row.statistic for row in rows} == asked
    assert all(math.isnan(row.value) for row in rows)
    assert all(row.method.startswith("Not estimable: ") for row in rows)


def test_the_model_of_the_opioid_dose_is_of_baseline_users_and_names_its_caveat() -> None:
    """Twelve users seen at both visits: the model's mean change is the plain one. Four others, at
    zero at baseline, are no users and do not enter, whatever they took later."""
    rng = np.random.default_rng(5)
    start = [*rng.uniform(20, 60, 12), 0, 0, 0, 0]
    doses = {"baseline": [float(one) for one in start]}
    for visit in ("y1", "y2"):
        later = [max(0.0, one - rng.uniform(0, 50)) for one in start[:12]]
        doses[visit] = [*later, 90.0, 90.0, 90.0, 90.0]
    trial = reduced(opioids={"visits": ["y1", "y2"]})
    rows = scores_of({"mme": {key: list(value) for key, value in doses.items()}})
    given = AnalysisInputs(trial, {"participants": people(16)}, rows)
    found = {row.result_id: row for row in run_analysis("opioids.model", given)}
    for visit in ("y1", "y2"):
        row = found[f"mmrm.mme.{visit}.itt.users.estimate"]
        mean = float(np.mean(np.array(doses[visit][:12]) - np.array(start[:12])))
        assert row.value == pytest.approx(mean, abs=1e-6)
        assert (row.n, row.total) == (12, 12)
        assert "skewed with many zeros" in row.method


def test_profiles() -> None:
    """Baseline 11121, 33333, 11111; year 1 11111, 33344, 11111 and one profile incomplete.

    First: better on pain alone. Second: worse on pain and anxiety. Third: no problems twice.
    """
    rows = [
        ("P00", "baseline", "2019-12-20", "11121"),
        ("P01", "baseline", "2019-12-20", "33333"),
        ("P02", "baseline", "2019-12-20", "11111"),
        ("P00", "y1", "2020-12-31", "11111"),
        ("P01", "y1", "2020-12-31", "33344"),
        ("P02", "y1", "2020-12-31", "11111"),
        ("P03", "y1", "2020-12-31", "1111"),
    ]
    table = empty_table("eq5d").reindex(range(len(rows)))
    for place, (person, visit, day, levels) in enumerate(rows):
        table.loc[place, ["participant_id", "visit"]] = [person, visit]
        table.loc[place, "assessment_date"] = pd.Timestamp(day)
        for name, level in zip(("mo", "sc", "ua", "pd", "ad"), levels, strict=False):
            table.loc[place, f"eq5d_{name}"] = int(level)
    given = AnalysisInputs(study(), {"participants": people(4), "eq5d": table})
    found = {row.result_id: row.value for row in run_analysis("efficacy.profiles", given)}
    for name, count in {"improved": 1, "worsened": 1, "no_problems": 1, "mixed": 0}.items():
        assert found[f"pareto.{name}.y1.observed.all.count"] == count
    assert found["profile.pd_any.baseline.observed.all.percent"] == pytest.approx(200 / 3)
    assert found["profile.pd_severe.y1.observed.all.count"] == 1
    assert found["profile.level_sum.y1.observed.all.mean"] == pytest.approx((5 + 17 + 5) / 3)


def test_subgroups_and_their_interaction() -> None:
    """Women (P00, P01, P04, P05) lose 4, 2, 4, 2 cm; men (P02, P03, P06, P07) 1, 1, 2, 0.

    Means -3 and -1: interaction -2. Variances 4/3 and 2/3, four each: SE = sqrt(1/3 + 1/6) =
    0.707107.
    """
    drop = [4.0, 2.0, 1.0, 1.0, 4.0, 2.0, 2.0, 0.0]
    values = {"baseline": [8.0] * 8, "y5": [8.0 - one for one in drop]}
    mme = {"baseline": [10.0, 0.0] * 4}
    given = AnalysisInputs(
        study(), {"participants": people(8)}, scores_of({"vas": values, "mme": mme})
    )
    rows = {row.result_id: row for row in run_analysis("efficacy.subgroups", given)}
    prefix = "subgroup.vas.y5.observed."
    assert rows[prefix + "female.mean"].value == pytest.approx(-3)
    assert rows[prefix + "male.mean"].value == pytest.approx(-1)
    interaction = rows[prefix + "sex_interaction.estimate"]
    assert interaction.value == pytest.approx(-2)
    assert interaction.method.startswith("Exploratory")
    half = (
        rows[prefix + "sex_interaction.ci_upper"].value
        - rows[prefix + "sex_interaction.ci_lower"].value
    ) / 2
    df = (1 / 3 + 1 / 6) ** 2 / ((1 / 3) ** 2 / 3 + (1 / 6) ** 2 / 3)  # Welch: 5.4
    assert df == pytest.approx(5.4)
    assert half / math.sqrt(0.5) == pytest.approx(2.5148, abs=2e-3)  # t(0.975, 5.4)
    assert rows[prefix + "opioid_users.mean"].value == pytest.approx(-(4 + 1 + 4 + 2) / 4)


def test_comparators_stand_beside_the_own_share() -> None:
    """Abbott's labelling: 144 of 1059; ours 0 of 8 with the exact limit 1 - 0.025^(1/8)."""
    columns = [
        "comparator_id", "study", "event", "follow_up", "events", "n", "percent_printed",
        "ci_lower_printed", "ci_upper_printed", "rate_printed",
    ]  # fmt: skip
    published = pd.DataFrame(
        [
            ("abbott", "Label", "lead_migration", "", 144, 1059, "13.6%", "", "", ""),
            ("west", "Pool", "lead_migration", "", None, 2932, "9.97%", "7.62", "12.59", ""),
            ("rauck", "Registry", "explant", "per year", None, 1289, "3.5%", "", "", "3.5% a year"),
        ],
        columns=columns,
    )
    tables = {"participants": people(8), "device_events": empty_table("device_events")}
    given = AnalysisInputs(study(), tables, comparators=published)
    found = {row.result_id: row.value for row in run_analysis("safety.comparators", given)}
    prefix = "comparison.lead_migration.overall."
    assert found[prefix + "safety.all.percent"] == 0
    assert found[prefix + "safety.all.ci_upper"] == pytest.approx(100 * (1 - 0.025 ** (1 / 8)))
    assert found[prefix + "published.abbott.percent"] == pytest.approx(100 * 144 / 1059)
    assert found[prefix + "published.west.ci_upper"] == pytest.approx(12.59)
    assert not [key for key in found if ".rauck." in key], "a rate per year is no share"


def test_device_use_over_exposed_and_continuers() -> None:
    """Year 2: 0.2, 0.6, 0 (stopped) and 1.1 of the prescribed time; three of four continued.

    Median of all (0, 0.2, 0.6, 1.1) 40 per cent; of continuers 60 per cent.
    """
    share = np.array([0.2, 0.6, 0.0, 1.1])
    usage = pd.DataFrame(
        {
            "participant_id": ["P00", "P01", "P02", "P03"],
            "period": "year2",
            "continued": share > 0,
            "coverage": [1.0, 0.5, 1.0, np.nan],
            "capped_utilisation": np.minimum(share, 1.0),
        }
    )
    for suffix in ("", "_lower", "_upper"):
        usage[f"utilisation{suffix}"] = share
        usage[f"hours{suffix}"] = share * 365.25
    given = AnalysisInputs(study(), {}, usage=usage)
    found = {row.result_id: row.value for row in run_analysis("device_use.summary", given)}
    assert found["device_use.continued.year2.exposed.all.percent"] == pytest.approx(75)
    assert found["device_use.utilisation.year2.exposed.all.median"] == pytest.approx(40)
    assert found["device_use.utilisation.year2.continuers.all.median"] == pytest.approx(60)
    assert found["device_use.capped_utilisation.year2.continuers.all.max"] == pytest.approx(100)
    assert found["device_use.coverage.year2.exposed.all.n"] == 3
    assert found["device_use.hours.year2.continuers.all.mean"] == pytest.approx(
        365.25 * (0.2 + 0.6 + 1.1) / 3
    )


def test_each_study_has_the_analyses_that_its_sections_ask_for() -> None:
    root = ANALYSES["flow"]
    assert root.asks_for == ""
    whole = analyses_of(study())
    assert set(whole) == set(ANALYSES)
    from hand_written_cohort import ROOT

    pilot = analyses_of(load_study(ROOT / "config" / "studies" / "cdiscpilot01" / "study.yaml"))
    assert set(pilot) == {"baseline", "flow", "adverse_events", "device_events"}
