"""Rows of device use from hand-written participants: bounds, persistence, months, outcome."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hand_written_cohort import study

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.registry import run_analysis
from multifidus.results.table import ResultRow

T_1 = 12.706204736174694  # 97.5 % point of t with 1 degree of freedom (tables: 12.706)


def rows_of(
    usage: pd.DataFrame, months: pd.DataFrame | None = None, scores: pd.DataFrame | None = None
) -> dict[str, ResultRow]:
    given = AnalysisInputs(study(), {}, scores=scores, usage=usage, months=months)
    return {row.result_id: row for row in run_analysis("device_use", given)}


def usage_of(**columns: list[object]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    frame = {"participant_id": [f"P{number}" for number in range(size)], "period": "overall"}
    return pd.DataFrame({**frame, **columns})


def test_every_row_says_which_population_it_describes() -> None:
    """Gaps of 3, 8 and 40 days; the last participant never completed a session.

    Median of all 8, of the two who continued (3 + 8) / 2.
    """
    found = rows_of(
        usage_of(
            continued=[True, True, False],
            longest_gap_days=[3, 8, 40],
            longest_gap_days_lower=[3, 8, 40],
            longest_gap_days_upper=[5, 8, 40],
        )
    )
    exposed = found["device_use.longest_gap_days.overall.exposed.all.median"]
    continuers = found["device_use.longest_gap_days.overall.continuers.all.median"]
    assert (exposed.value, exposed.n, exposed.total, exposed.unit) == (8, 3, 3, "days")
    assert (continuers.value, continuers.n, continuers.total) == (5.5, 2, 2)
    assert exposed.method.startswith("Participants with exposure in the period; quantiles")
    assert "at least one completed session" in continuers.method
    upper = found["device_use.longest_gap_days_upper.overall.exposed.all.mean"]
    assert upper.value == pytest.approx((5 + 8 + 40) / 3)
    assert upper.label == "Longest gap without therapy, upper bound"


def test_a_bound_that_is_infinite_for_somebody_has_order_statistics_and_no_mean() -> None:
    """Upper bounds 1, 2, infinite and infinite: quartiles 1.5 and infinite, median infinite."""
    found = rows_of(
        usage_of(continued=[True] * 4, start_time_sd_hours_upper=[1.0, 2.0, np.inf, np.inf])
    )
    stem = "device_use.start_time_sd_hours_upper.overall.exposed.all"
    assert found[f"{stem}.q1"].value == 1.5
    assert math.isinf(found[f"{stem}.median"].value)
    assert math.isinf(found[f"{stem}.q3"].value)
    assert found[f"{stem}.n"].value == 4
    assert f"{stem}.mean" not in found


def test_continued_use_has_bounds() -> None:
    """Two of four completed a session for certain; a third may have: 50 to 75 per cent."""
    found = rows_of(
        usage_of(
            continued=[True, True, False, False],
            continued_lower=[True, True, False, False],
            continued_upper=[True, True, True, False],
        )
    )
    stem = "overall.exposed.all.percent"
    assert found[f"device_use.continued.{stem}"].value == 50
    assert found[f"device_use.continued_lower.{stem}"].value == 50
    assert found[f"device_use.continued_upper.{stem}"].value == 75


def test_persistence_by_hand() -> None:
    """Gaps that begin on days 100 and 400; two without, followed for 500 and 1,826 days.

    Day 365: 3 of 4 left, 75 %, 3 at risk. Greenwood: 0.75 sqrt(1 / (4 x 3)) = 0.216506; over
    0.75 x 0.287682 it is 1.003454 on the log-log scale, e to 1.96 times that is 7.147:
    limits 0.75^7.147 = 12.8 % and 0.75^(1/7.147) = 96.1 %. Day 730: 75 x 2/3 = 50 %, one at
    risk, and so to day 1,826. The curve is flat at one half: no median (SAS).
    Lower bound: the third one's gap may have begun on day 0 of a stretch without records, day 200:
    50 % at day 365, 25 % at day 730. The fourth alone never completed a session.
    """
    until = [100.0, 400.0, np.nan, np.nan]
    found = rows_of(
        usage_of(
            continued=[True, True, True, False],
            exposure_days=[600, 700, 500, 1826],
            persistence_days=until,
            persistence_days_upper=until,
            persistence_days_lower=[100.0, 400.0, 200.0, np.nan],
        )
    )
    year1 = found["device_use.persistence.year1.exposed.all.percent"]
    assert (year1.value, year1.n, year1.total) == (pytest.approx(75), 3, 4)
    assert found["device_use.persistence.month12.exposed.all.percent"].value == pytest.approx(75)
    low, high = (
        found[f"device_use.persistence.year1.exposed.all.{name}"].value
        for name in ("ci_lower", "ci_upper")
    )
    assert (low, high) == (pytest.approx(12.8, abs=0.05), pytest.approx(96.1, abs=0.05))
    for year in (2, 5):
        row = found[f"device_use.persistence.year{year}.exposed.all.percent"]
        assert (row.value, row.n) == (pytest.approx(50), 1)
    assert found["device_use.persistence.overall.exposed.all.count"].value == 2
    assert "device_use.persistence.overall.exposed.all.median" not in found
    assert found["device_use.persistence_lower.year1.exposed.all.percent"].value == pytest.approx(
        50
    )
    assert found["device_use.persistence_lower.year2.exposed.all.percent"].value == pytest.approx(
        25
    )
    # Without the fourth: 2 of 3 left after day 100.
    row = found["device_use.persistence.year1.continuers.all.percent"]
    assert (row.value, row.total) == (pytest.approx(200 / 3), 3)


def months_of(rows: list[tuple[str, int, str, str, float, int, int]]) -> pd.DataFrame:
    """Months of 30 prescribed hours: participant, month, start, end, hours, days, observed."""
    names = ["participant_id", "month", "start_date", "end_date", "hours", "exposure_days"]
    frame = pd.DataFrame(rows, columns=[*names, "observed_days"])
    for name in ("start_date", "end_date"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    frame["hours_source"] = "records"
    frame["hours_lower"] = frame["hours_upper"] = frame["hours"]
    frame["prescribed_hours"] = frame["exposure_days"].astype("float64")
    frame["coverage"] = frame["observed_days"] / frame["exposure_days"]
    shown = frame["observed_days"].where(frame["observed_days"] > 0)
    for ending in ("", "_lower", "_upper"):
        frame[f"utilisation{ending}"] = frame["hours"] / shown
    frame["continued"] = frame["hours"] > 0
    return frame


def test_use_by_month() -> None:
    """Month 1: 15 of 30 h, 0 of 30 h, and nobody's logs show the third one's days.

    Mean share 25 % of two of three; of continuers 50 %. Two of three ever exposed are observed.
    Month 2 has one participant: 6 of 30 h, 20 %; one of three observed.
    """
    months = months_of(
        [
            ("A", 1, "2020-01-01", "2020-01-31", 15, 30, 30),
            ("B", 1, "2020-01-01", "2020-01-31", 0, 30, 30),
            ("C", 1, "2020-01-01", "2020-01-31", 0, 30, 0),
            ("A", 2, "2020-01-31", "2020-03-01", 6, 30, 30),
        ]
    )
    scores = pd.DataFrame(
        {
            "participant_id": ["A"],
            "parameter": "vas",
            "visit": "d120",
            "change": -1.0,
            "assessment_date": pd.Timestamp("2020-07-01"),
        }
    )
    found = rows_of(usage_of(continued=[True]), months, scores)
    first = found["device_use.utilisation.month1.exposed.all.mean"]
    assert (first.value, first.n, first.total) == (pytest.approx(25), 2, 3)
    assert found["device_use.utilisation.month1.continuers.all.mean"].value == pytest.approx(50)
    assert found["device_use.coverage.month1.exposed.all.mean"].value == pytest.approx(200 / 3)
    seen = found["device_use.observed.month1.exposed.all.percent"]
    assert (seen.value, seen.n, seen.total) == (pytest.approx(200 / 3), 2, 3)
    second = found["device_use.utilisation.month2.exposed.all.mean"]
    assert (second.value, second.n, second.total) == (pytest.approx(20), 1, 1)
    assert found["device_use.observed.month2.exposed.all.percent"].value == pytest.approx(100 / 3)
    assert found["device_use.observed.month3.exposed.all.count"].value == 0


@pytest.fixture
def against_outcome() -> dict[str, ResultRow]:
    """Six participants with 10 to 60 h before the visit, and two who do not count.

    Each has a month of 100 days before the visit on 1 July 2020 and 999 h in a month that ends
    after it. G's logs show half of the days, less than the 80 % asked for. H has no therapy before
    the visit. Changes of pain: -1, -3, -2, -5, -4, -6 cm; of disability, all the same.
    """
    people = dict(zip("ABCDEFG", (10, 20, 30, 40, 50, 60, 70), strict=True))
    rows: list[tuple[str, int, str, str, float, int, int]] = [
        (name, 1, "2020-03-01", "2020-06-09", hours, 100, 50 if name == "G" else 100)
        for name, hours in people.items()
    ]
    rows += [(name, 2, "2020-06-09", "2020-07-02", 999, 23, 23) for name in "ABCDEFGH"]
    change = dict(zip("ABCDEFGH", (-1, -3, -2, -5, -4, -6, 0, 0), strict=True))
    scores = pd.concat(
        [
            pd.DataFrame(
                {
                    "participant_id": list(change),
                    "parameter": outcome,
                    "visit": "y1",
                    "change": values,
                    "assessment_date": pd.Timestamp("2020-07-01"),
                }
            )
            for outcome, values in (("vas", [float(x) for x in change.values()]), ("odi", -20.0))
        ],
        ignore_index=True,
    )
    return rows_of(usage_of(continued=[True]), months_of(rows), scores)


def test_thirds_of_use(against_outcome: dict[str, ResultRow]) -> None:
    """Cuts between 20 and 30 h and between 40 and 50 h; means -2, -3.5 and -5 cm.

    The lowest third has -1 and -3: SE 1, limits -2 +/- t(0.975, 1). Mean use 15, 35 and 55 h, and
    15, 35 and 55 % of 100 prescribed hours.
    """
    stem = "exposure_response.vas.y1.hours"
    means = [against_outcome[f"{stem}.third{k}.mean"] for k in (1, 2, 3)]
    assert [row.value for row in means] == [-2, -3.5, -5]
    assert [(row.n, row.total) for row in means] == [(2, 8)] * 3
    assert against_outcome[f"{stem}.third1.ci_lower"].value == pytest.approx(-2 - T_1)
    assert against_outcome[f"{stem}.third1.ci_upper"].value == pytest.approx(-2 + T_1)
    for dose in ("hours", "share"):
        stem = f"exposure_response.vas.y1.{dose}"
        use = [against_outcome[f"{stem}.third{k}.use"].value for k in (1, 2, 3)]
        assert use == pytest.approx([15, 35, 55])


def test_slope_and_rank_correlation(against_outcome: dict[str, ResultRow]) -> None:
    """Sxx = 0.175 and Sxy = -1.55 in hundreds of hours: -8.857 cm per 100 h.

    Ranks of the change against ranks 1 to 6 of use: 6, 4, 5, 2, 3, 1; the squared differences
    add up to 25 + 4 + 4 + 4 + 4 + 25 = 66; 1 - 6 x 66 / (6 x 35) = -0.8857.
    """
    slope = against_outcome["exposure_response.vas.y1.hours.slope.estimate"]
    assert slope.value == pytest.approx(-1.55 / 0.175)
    assert (slope.unit, slope.n, slope.total) == ("cm per 100 h", 6, 8)
    assert slope.method.startswith("Exploratory: association, not effect; ")
    ranks = against_outcome["exposure_response.vas.y1.hours.spearman.estimate"]
    assert ranks.value == pytest.approx(1 - 66 / 35)
    assert ranks.method.startswith("Exploratory: association, not effect; ")
    for bound in ("lower", "upper"):
        same = against_outcome[f"exposure_response.vas.y1.hours_{bound}.spearman.estimate"]
        assert same.value == ranks.value


def test_an_outcome_that_never_varies_has_no_association(
    against_outcome: dict[str, ResultRow],
) -> None:
    assert not [key for key in against_outcome if key.startswith("exposure_response.odi")]


def test_fewer_than_six_participants_give_no_comparison() -> None:
    rows = [(name, 1, "2020-03-01", "2020-06-09", 10.0 + ord(name), 100, 100) for name in "ABCDE"]
    scores = pd.DataFrame(
        {
            "participant_id": list("ABCDE"),
            "parameter": "vas",
            "visit": "y1",
            "change": [-1.0, -2.0, -3.0, -4.0, -5.0],
            "assessment_date": pd.Timestamp("2020-07-01"),
        }
    )
    found = rows_of(usage_of(continued=[True]), months_of(rows), scores)
    assert not [key for key in found if key.startswith("exposure_response")]
