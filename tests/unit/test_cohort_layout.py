"""The raw tables hold to the contracts, are plausible, and are the same bytes for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.tables import write_cohort
from multifidus.contracts.check import check_table, parse_table
from multifidus.contracts.tables import TABLES
from synthetic_cohort import assumed_design, cohort_of, published_targets, score_by_hand

SEED = 20
FOLLOW_UPS = ("d120", "m6", "y1", "y2", "y3", "y4", "y5")


def test_every_table_holds_to_its_contract(tmp_path: Path) -> None:
    for path in write_cohort(cohort_of(SEED), tmp_path):
        raw = pd.read_csv(path, dtype="str", keep_default_na=False).replace("", pd.NA)
        assert list(raw.columns) == list(TABLES[path.stem].columns), path.stem
        frame, findings = parse_table(path.stem, raw)
        findings = [*findings, *check_table(path.stem, frame)]
        assert not findings, [finding.sentence for finding in findings]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    again = generate_cohort(SEED, published_targets(), assumed_design())
    first = write_cohort(cohort_of(SEED), tmp_path / "a")
    second = write_cohort(again, tmp_path / "b")
    other = write_cohort(cohort_of(1), tmp_path / "c")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    different = {
        a.stem for a, b in zip(first, other, strict=True) if a.read_bytes() != b.read_bytes()
    }
    assert different == {path.stem for path in first}
    pd.testing.assert_frame_equal(cohort_of(SEED).report, again.report)
    for one, two in zip(cohort_of(SEED).usage, again.usage, strict=True):
        assert (one.start_utc == two.start_utc).all()


def test_answers_stand_at_attended_visits_and_in_their_windows() -> None:
    cohort = cohort_of(SEED)
    people = cohort["participants"].set_index("participant_id")
    visits = cohort["visits"].set_index(["participant_id", "visit"])
    days = {"d120": (120, 14), "m6": (183, 30), "y1": (365, 60), "y2": (731, 60),
            "y3": (1096, 90), "y4": (1461, 90), "y5": (1826, 90)}  # fmt: skip
    for name in ("vas", "odi", "eq5d"):
        table = cohort[name]
        attended = visits.loc[
            pd.MultiIndex.from_frame(table[["participant_id", "visit"]]), "attended"
        ]
        assert attended.all()
        activation = pd.to_datetime(
            people.loc[table["participant_id"], "activation_date"]
        ).to_numpy()
        day = (pd.to_datetime(table["assessment_date"]).to_numpy() - activation) / np.timedelta64(
            1, "D"
        )
        for visit, (target, window) in days.items():
            here = day[(table["visit"] == visit).to_numpy()]
            assert (np.abs(here - target) <= window).all(), (name, visit)
        assert (day[(table["visit"] == "baseline").to_numpy()] < 0).all()


def test_dates_are_in_order_and_the_pandemic_is_where_it_was() -> None:
    cohort = cohort_of(SEED)
    people = cohort["participants"]
    day = {name: pd.to_datetime(people[name]) for name in people if name.endswith("_date")}
    assert (day["treatment_start_date"] < day["activation_date"]).all()
    for name in ("crossover_date", "treatment_end_date", "death_date"):
        known = day[name].notna()
        assert (day[name][known] > day["activation_date"][known]).all()
        assert (day[name][known] <= day["last_contact_date"][known]).all()
    assert people.loc[people["arm"] == "treatment", "crossover_date"].isna().all()
    visits = cohort["visits"]
    missed = visits.loc[visits["reason_missed"] == "covid19", "participant_id"]
    due = day["activation_date"][people["participant_id"].isin(missed)] + pd.Timedelta(days=1096)
    assert due.between("2020-03-01", "2021-07-31").all()


def test_whoever_missed_a_visit_for_the_pandemic_stayed_in_follow_up() -> None:
    visits = cohort_of(SEED)["visits"]
    at_three = visits[visits["visit"] == "y3"]
    gone = ("withdrew", "explanted", "lost_to_follow_up", "died")
    ended = set(at_three.loc[at_three["reason_missed"].isin(gone), "participant_id"])
    later = visits[visits["visit"].isin(["y4", "y5"]) & visits["attended"]]
    assert not ended & set(later["participant_id"])


@pytest.mark.parametrize("seed", [1, SEED])
def test_correlations_are_those_of_real_questionnaires(seed: int) -> None:
    """Within a person over visits 0.3 to 0.9, between outcomes at a visit 0.4 to 0.9 in size."""
    scores = score_by_hand(cohort_of(seed))
    for outcome in ("vas", "odi", "eq5d"):
        matrix = scores[outcome][["y1", "y2", "y3", "y4", "y5"]].corr().to_numpy()
        pairs = matrix[np.triu_indices(5, 1)]
        assert 0.4 < pairs.mean() < 0.8, outcome
        assert pairs.min() > 0.25, outcome
    for visit in FOLLOW_UPS:
        at = scores.loc[:, [("vas", visit), ("odi", visit), ("eq5d", visit)]].corr().to_numpy()
        assert 0.4 < at[0, 1] < 0.85
        assert -0.9 < at[0, 2] < -0.4
        assert -0.9 < at[1, 2] < -0.5


@pytest.mark.parametrize("seed", [1, SEED])
def test_the_calibration_leaves_no_heaps_at_the_cuts(seed: int) -> None:
    """People within one step beyond a cut are no crowd beside those a few steps further."""
    scores = score_by_hand(cohort_of(seed))
    for visit in ("y2", "y3", "y5"):
        drop = (scores["odi", "baseline"] - scores["odi", visit]).dropna()
        at_cut = ((drop >= 20 - 1e-9) & (drop < 24)).sum()
        beyond = ((drop >= 24) & (drop < 36)).sum() / 3
        assert at_cut < 2.6 * beyond, (visit, at_cut, beyond)
        share = (1 - scores["vas", visit] / scores["vas", "baseline"]).dropna()
        assert ((share >= 0.5) & (share < 0.52)).sum() <= 8


def test_people_without_benefit_leave_more_often() -> None:
    """Two-year change of those who came back at five years and of those who did not."""
    differences = []
    for seed in (1, SEED, 2026):
        scores = score_by_hand(cohort_of(seed))
        change = scores["vas", "y2"] - scores["vas", "baseline"]
        back = scores["odi", "y5"].notna()
        differences.append(change[~back].mean() - change[back].mean())
    assert np.mean(differences) > 0.3


def test_missing_answers_are_few_and_none_where_the_published_n_is_complete() -> None:
    odi = cohort_of(SEED)["odi"]
    left_out = odi.filter(regex=r"odi_\d").isna().sum(axis=1)
    calibrated = odi["visit"].isin(["baseline", "y2", "y3", "y4", "y5"])
    assert left_out[calibrated].max() <= 1
    assert (left_out == 1).mean() == pytest.approx(0.025, abs=0.02)
    assert 3 <= (left_out >= 2).sum() <= 10


def test_health_states_are_plausible_and_varied() -> None:
    eq5d = cohort_of(SEED)["eq5d"].dropna()
    for visit in ("baseline", "y2", "y5"):
        here = eq5d.loc[eq5d["visit"] == visit].filter(regex="eq5d_").astype(int)
        assert here.drop_duplicates().shape[0] > 40
    levels = eq5d.filter(regex="eq5d_").astype(int)
    worst = levels[["eq5d_mo", "eq5d_ua"]].max(axis=1)
    assert (levels["eq5d_sc"] > worst).mean() < 0.01
