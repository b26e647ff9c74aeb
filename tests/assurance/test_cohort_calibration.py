"""The scored synthetic cohort prints the published figures.

Expected values are those of the five-year abstract (Gilligan 2024, 10.1016/j.neurom.2024.01.006),
of the conference abstracts and papers of two to four years, and of the 120-day figures as quoted by
NICE; each stands with its row in ``literature/claims.csv``.
"""

from __future__ import annotations

from math import sqrt

import pandas as pd
import pytest
from scipy import stats

from multifidus.cohort.tables import CohortTables
from synthetic_cohort import cohort_of, published_targets, score_by_hand

SEEDS = (1, 20, 2026)


@pytest.fixture(params=SEEDS, scope="module")
def cohort(request: pytest.FixtureRequest) -> CohortTables:
    return cohort_of(request.param)


@pytest.fixture
def scores(cohort: CohortTables) -> pd.DataFrame:
    return score_by_hand(cohort)


def test_every_published_window_is_met(cohort: CohortTables) -> None:
    report = cohort.report
    held = report[report["low"].notna()]
    assert held["met"].fillna(value=False).all(), held.loc[~held["met"], "target"].tolist()
    assert set(held["claim_id"].dropna()) >= {
        "gilligan2024_vas_change_y5_mean",
        "gilligan2024_eq5d_change_y5_mean",
        "nice_vas_difference_d120_p",
        "aans2023_odi_change_y4_sd",
    }


def test_five_year_changes_and_intervals(scores: pd.DataFrame) -> None:
    """-4.9 (-5.3, -4.5) of 124, -22.7 (-25.4, ...) and +0.231 (0.195, 0.267) of 126."""
    printed = {
        "vas": (124, -4.9, -5.3, -4.5, 1),
        "odi": (126, -22.7, -25.4, None, 1),
        "eq5d": (126, 0.231, 0.195, 0.267, 3),
    }
    for outcome, (n, mean, lower, upper, decimals) in printed.items():
        change = (scores[outcome, "y5"] - scores[outcome, "baseline"]).dropna()
        half = stats.t.ppf(0.975, len(change) - 1) * change.std() / sqrt(len(change))
        assert len(change) == n
        assert round(change.mean(), decimals) == mean
        assert round(change.mean() - half, decimals) == lower
        if upper is not None:
            assert round(change.mean() + half, decimals) == upper


def test_odi_upper_limit_is_left_where_the_lower_one_puts_it(scores: pd.DataFrame) -> None:
    """A symmetric interval with -22.7 and -25.4 ends near -20.0, not at the printed -20.8."""
    change = (scores["odi", "y5"] - scores["odi", "baseline"]).dropna()
    half = stats.t.ppf(0.975, 125) * change.std() / sqrt(126)
    assert change.mean() + half == pytest.approx(-20.0, abs=0.15)


def test_levels_and_paired_baselines(scores: pd.DataFrame) -> None:
    """7.3 to 2.4, 39.1 to 16.5; 0.585 of all 204 and about 0.576 of those seen at five years."""
    assert round(scores["vas", "baseline"].mean(), 1) == 7.3
    assert round(scores["vas", "y5"].mean(), 1) == 2.4
    assert round(scores["odi", "baseline"].mean(), 1) == 39.1
    assert round(scores["odi", "y5"].mean(), 1) == 16.5
    assert round(scores["eq5d", "baseline"].mean(), 3) == 0.585
    assert round(scores["eq5d", "y5"].mean(), 3) == 0.807
    seen = scores[scores["eq5d", "y5"].notna()]
    assert seen["eq5d", "baseline"].mean() == pytest.approx(0.576, abs=0.001)


def test_five_year_responders_are_the_only_counts_that_print(scores: pd.DataFrame) -> None:
    """71.8 % is 89 of 124, 61.1 % is 77 of 126."""
    before, after = scores["vas", "baseline"], scores["vas", "y5"]
    assert int(((before - after) / before >= 0.5).sum()) == 89
    assert int((scores["odi", "baseline"] - scores["odi", "y5"] >= 20 - 1e-9).sum()) == 77


def test_two_year_counts_as_nice_quotes_them(scores: pd.DataFrame) -> None:
    """128, 111 and 103 of 155; ODI by 20 points 61 % of 156; 76 % and 56 % for "or" and "both"."""
    pain = scores[scores["vas", "y2"].notna()]
    share = 1 - pain["vas", "y2"] / pain["vas", "baseline"]
    assert len(pain) == 155
    assert [int((share >= cut).sum()) for cut in (0.3, 0.5)] == [128, 111]
    assert int((pain["vas", "y2"] <= 2.5).sum()) == 103
    relief = (1 - scores["vas", "y2"] / scores["vas", "baseline"]) >= 0.5
    better = scores["odi", "baseline"] - scores["odi", "y2"] >= 20 - 1e-9
    assert int(better.sum()) == 95
    for n in (155, 156):
        assert round(100 * int((relief & better).sum()) / n) == 56
    assert round(100 * int((relief | better).sum()) / 156) == 76


def test_randomised_phase(cohort: CohortTables, scores: pd.DataFrame) -> None:
    """4.0 (2.7) against 4.8 (2.9); -0.9 (-1.6, -0.1), p 0.032; primary 57 and 48 of 102."""
    arm = cohort["participants"].set_index("participant_id")["arm"].reindex(scores.index)
    level, before = scores["vas", "d120"], scores["vas", "baseline"]
    for group, mean, sd, change in (("treatment", 4.0, 2.7, -3.3), ("control", 4.8, 2.9, -2.4)):
        members = arm == group
        assert int(members.sum()) == 102
        assert round(level[members].mean(), 1) == mean
        assert round(level[members].std(), 1) == sd
        assert round((level - before)[members].mean(), 1) == change
    for values in (level - before, level):
        test = stats.ttest_ind(values[arm == "treatment"], values[arm == "control"])
        limits = test.confidence_interval()
        assert round(float(test.pvalue), 3) == 0.032
        assert (round(float(limits.low), 1), round(float(limits.high), 1)) == (-1.6, -0.1)
    more = cohort["analgesics"].set_index("participant_id")["analgesic_increase"]
    primary = (1 - level / before >= 0.3) & ~more.reindex(scores.index).astype(bool)
    assert [int(primary[arm == name].sum()) for name in ("treatment", "control")] == [57, 48]


def test_attendance_is_as_published_and_not_monotone(cohort: CohortTables) -> None:
    visits = cohort["visits"]
    seen = visits[visits["attended"]].groupby("visit").size()
    assert seen[["d120", "y2", "y3", "y4", "y5"]].tolist() == [204, 156, 133, 105, 126]
    at_three = visits[visits["visit"] == "y3"]
    restricted = at_three.loc[at_three["reason_missed"] == "covid19", "participant_id"]
    assert len(restricted) == 16
    attended = visits[visits["attended"]].groupby("participant_id")["visit"].agg(set)
    assert sum("y4" not in seen and "y5" in seen for seen in attended) > 0


def test_published_zeros_and_serious_events(cohort: CohortTables) -> None:
    """No lead migrations; serious related events in 3.9 % of 204, that is 8."""
    assert "lead_migration" not in set(cohort["device_events"]["event_type"])
    events = cohort["adverse_events"]
    related = (events[["related_device", "related_procedure"]] != "none").any(axis=1)
    assert events.loc[related & events["serious"], "participant_id"].nunique() == 8


def test_the_supporting_model_is_weaker_but_of_the_same_sign(cohort: CohortTables) -> None:
    """The abstract says so in words; p < 0.0001 needs about four standard errors."""
    model = cohort.report[cohort.report["target"].str.startswith("mmrm.")].set_index("target")
    assert len(model) == 3
    vas = model.loc["mmrm.vas.y5.itt.all.estimate"]
    assert -4.9 < vas["reached"] < -4.0
    assert model["met"].all()


def test_what_is_not_aimed_at_is_listed_with_its_reason(cohort: CohortTables) -> None:
    declined = cohort.report[cohort.report["low"].isna()].set_index("target")["note"]
    assert "not symmetric" in declined["change.odi.y5.observed.all.ci_upper"]
    assert "divergence" in declined["responder.primary.d120.observed.treatment.percent"]
    assert len(declined) == len(published_targets().declined)
