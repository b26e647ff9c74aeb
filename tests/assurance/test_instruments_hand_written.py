"""Scores of the hand-written participants, each answer worked out on paper.

Calendar: implantation 2018-01-10, activation 2018-01-24 (day 0 of the later visits), so day 120 is
2018-05-24, day 365 is 2019-01-24 and day 1826 is 2023-01-24; baseline is 2017-12-27 (day -14 from
implantation).
"""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hand_written_cohort import inputs, mme_factors, read_tables

from multifidus.instruments.mme import mme_per_day


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    frame = inputs().scores
    assert frame is not None
    return frame.set_index(["participant_id", "parameter", "visit"]).sort_index()


@pytest.mark.parametrize(
    ("participant", "visit", "value", "change", "percent"),
    [
        ("P01", "y5", 3.7, -3.7, -50.0),  # 74 mm to 37 mm: exactly half
        ("P02", "y5", 3.8, -3.6, -100 * 36 / 74),  # 74 to 38: 48.6 per cent
        ("P03", "y5", 4.9, -2.1, -30.0),  # 70 to 49: exactly 30 per cent, not so in binary
        ("P04", "y5", 2.1, -4.9, -70.0),  # 70 to 21
        ("P05", "y5", 2.5, -3.5, -100 * 35 / 60),
        ("P07", "y5", 2.0, None, None),  # no baseline: a level and no change
        ("P34", "y5", 6.0, -2.0, -25.0),  # explanted 2021, seen and counted at five years
        ("P35", "y1", 3.0, -4.5, -60.0),  # died 2021, counted while alive
        ("P36", "y5", 1.8, -5.4, -75.0),  # days 1800 and 1840: 26 and 14 days off, day 1840 wins
        ("P37", "y5", 3.4, -3.4, -50.0),  # days 1816 and 1836: 10 days off each, the earlier wins
        ("P38", "d120", 4.2, -2.8, -40.0),  # assessed on the day of the crossover: day 120
        ("P41", "y5", 1.0, 1.0, None),  # baseline of zero: no per cent
    ],
)
def test_vas_level_change_and_per_cent(
    scores: pd.DataFrame,
    *,
    participant: str,
    visit: str,
    value: float,
    change: float | None,
    percent: float | None,
) -> None:
    row = scores.loc[(participant, "vas", visit)]
    assert row["value"] == pytest.approx(value, abs=1e-12)
    for name, wanted in (("change", change), ("percent_change", percent)):
        if wanted is None:
            assert math.isnan(row[name])
        else:
            assert row[name] == pytest.approx(wanted, abs=1e-12)


def test_which_records_stand_for_a_visit(scores: pd.DataFrame) -> None:
    """Two records of P36 and P37 lie in the five-year window; P43's day 2200 lies in none.

    P36: 2022-12-29 is day 1800, 2023-02-07 day 1840. P37: 2023-01-14 is day 1816, 2023-02-03 day
    1836. Both early records were recorded under y4 and belong to no y4 window (1279 to 1643).
    """
    assert scores.loc[("P36", "vas", "y5"), "record_key"] == "vas:P36:y5"
    assert scores.loc[("P36", "vas", "y5"), "study_day"] == 1840
    assert scores.loc[("P37", "vas", "y5"), "record_key"] == "vas:P37:y4"
    assert scores.loc[("P37", "vas", "y5"), "study_day"] == 1816
    assert ("P43", "vas", "y5") not in scores.index
    assert ("P48", "vas", "y5") not in scores.index, "a form without a mark is no record"
    assert not scores.index.duplicated().any()


@pytest.mark.parametrize(
    ("participant", "baseline", "later"),
    [
        ("P08", 50.0, 30.0),  # sums 25 and 15 of 50: exactly 20 points
        ("P09", 100 * 21 / 45, 100 * 12 / 45),  # one missing each: 21 and 12 of 45, 20 points
        ("P10", 50.0, None),  # two missing: no score
        ("P11", 48.0, 100 * 13 / 45),  # 24 of 50; 2+2+1+1+1+2+1+2+1 = 13 of 45
        ("P12", 40.0, 30.0),  # exactly 10 points
        ("P13", 40.0, 50.0),  # worse
        ("P46", 50.0, None),  # nothing answered
    ],
)
def test_odi_points(
    scores: pd.DataFrame, participant: str, baseline: float, later: float | None
) -> None:
    assert scores.loc[(participant, "odi", "baseline"), "value"] == pytest.approx(baseline)
    if later is None:
        assert (participant, "odi", "y5") not in scores.index
    else:
        assert scores.loc[(participant, "odi", "y5"), "value"] == pytest.approx(later, abs=1e-12)


@pytest.mark.parametrize(
    ("participant", "baseline", "later"),
    [
        ("P14", 1.0, 1.0),  # 11111 twice
        ("P15", -0.573, 1.0),  # 55555: 1 - .322 - .261 - .255 - .414 - .321
        ("P16", 0.705, 0.940),  # 21331: 1 - .096 - .101 - .098; 11121: 1 - .060
        ("P17", 0.705, None),  # anxiety/depression missing: no index
        ("P01", 0.590, 0.776),  # 32331: 1 - .122 - .089 - .101 - .098; 21221: 1-.096-.068-.060
        (
            "P02",
            0.559,
            0.313,
        ),  # 22332: 1-.096-.089-.101-.098-.057; 32342: 1-.122-.089-.101-.318-.057
    ],
)
def test_eq5d_index(
    scores: pd.DataFrame, participant: str, baseline: float, later: float | None
) -> None:
    assert scores.loc[(participant, "eq5d", "baseline"), "value"] == pytest.approx(baseline)
    if later is None:
        assert (participant, "eq5d", "y5") not in scores.index
    else:
        row = scores.loc[(participant, "eq5d", "y5")]
        assert row["value"] == pytest.approx(later, abs=1e-12)
        assert row["change"] == pytest.approx(later - baseline, abs=1e-12)


@pytest.mark.parametrize(
    ("participant", "baseline", "year1", "year5"),
    [
        ("P18", 45.0, 45.0, 0.0),  # oxycodone 3 x 10 mg x 1.5, ended 2020
        ("P19", 60.0, 60.0, 30.0),  # morphine 60 then 30 mg
        ("P20", 30.0, 30.0, 30.0),
        ("P21", 40.0, 80.0, 80.0),  # tramadol 200 then 400 mg x 0.2
        ("P22", 18.0, 0.0, 4.5),  # codeine 120 mg x 0.15, none, then 30 mg x 0.15: restarted
        ("P23", 60.0, 60.0, 90.0),  # patch 25 mcg/h x 2.4, later 20 mg oxycodone as needed besides
        ("P24", 30.0, 30.0, 30.0),  # ends "2023-01", which allows the visit on the 24th
        ("P25", 30.0, 30.0, 0.0),  # ends "2022", before the visit
        ("P26", 60.0, 30.0, 30.0),  # oxycodone 30 + morphine 30, which ends before year 1
        ("P27", 30.0, 30.0, 30.0),  # renewed on the day of the visit: not doubled
        ("P29", 0.0, 0.0, 15.0),  # oxycodone/paracetamol 2 x 5 mg, started 2021
        ("P30", 94.0, 94.0, 94.0),  # methadone 20 mg x 4.7, without any date: always
    ],
)
def test_mme_at_visits(
    scores: pd.DataFrame, participant: str, baseline: float, year1: float, year5: float
) -> None:
    for visit, wanted in (("baseline", baseline), ("y1", year1), ("y5", year5)):
        assert scores.loc[(participant, "mme", visit), "value"] == pytest.approx(wanted, abs=1e-9)


def test_participants_not_seen_have_no_dose(scores: pd.DataFrame) -> None:
    """P28 missed year 5 for covid19, P35 had died: neither is "off opioids" there."""
    assert ("P28", "mme", "y5") not in scores.index
    assert ("P35", "mme", "y5") not in scores.index
    assert scores.loc[("P28", "mme", "y1"), "value"] == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("doses", "wanted"),
    [
        ([(0.2, 4), (3.2, 6)], 80.0),  # 0.8 + 19.2 = 20 mg: the band of 1 to 20, factor 4
        ([(12.8, 1), (19.6, 1), (7.6, 1)], 320.0),  # 40 mg: 21 to 40, factor 8
    ],
)
def test_a_total_at_the_end_of_a_band_stays_in_it(
    doses: list[tuple[float, int]], wanted: float
) -> None:
    """Both totals come out a hair above the end in binary: 20.000000000000004 and 40.00...01."""
    opioids = read_tables()["opioids"]
    one = opioids[opioids["drug"] == "methadone"]
    rows = [
        one.assign(dose=dose, doses_per_day=float(number), prescription_id=f"R{at}")
        for at, (dose, number) in enumerate(doses, start=90)
    ]
    asked = pd.DataFrame({"participant_id": ["P30"], "date": pd.to_datetime(["2020-01-01"])})
    dose = mme_per_day(pd.concat(rows, ignore_index=True), asked, mme_factors()["cdc_2016"])
    assert dose.tolist() == pytest.approx([wanted])


@pytest.mark.parametrize(
    "name",
    [
        "oxycodone/paracetamol", "Oxycodone + Acetaminophen", "oxycodone-acetaminophen",
        "oxycodone and aspirin", "oxycodone with naloxone",
    ],
)  # fmt: skip
def test_combination_products_count_by_their_opioid(name: str) -> None:
    """Two tablets of 5 mg oxycodone: 10 mg x 1.5 = 15, whatever stands beside it."""
    opioids = read_tables()["opioids"]
    one = opioids[opioids["drug"] == "oxycodone/paracetamol"].assign(drug=name)
    asked = pd.DataFrame(
        {"participant_id": one["participant_id"].to_list(), "date": pd.to_datetime(["2022-06-01"])}
    )
    assert mme_per_day(one, asked, mme_factors()["cdc_2022"]).tolist() == pytest.approx([15.0])


def test_an_unknown_day_has_no_dose() -> None:
    """Without a date it is not known whether a prescription was active: no dose, and not zero."""
    asked = pd.DataFrame({"participant_id": ["P18"], "date": pd.to_datetime([None])})
    assert math.isnan(mme_per_day(read_tables()["opioids"], asked, mme_factors()["cdc_2022"])[0])


@pytest.mark.parametrize(
    ("milligrams", "wanted"),
    [(20.0, 80.0), (20.5, 164.0), (40.0, 320.0), (60.0, 600.0), (61.0, 732.0)],
)
def test_methadone_sliding_scale_of_2016(milligrams: float, wanted: float) -> None:
    """Factors 4, 8, 10, 12 for 1-20, 21-40, 41-60 and 61 mg or more, on the total daily dose.

    The dose is split over two prescriptions to show that the total decides: 20.5 mg x 8 = 164.
    """
    opioids = read_tables()["opioids"]
    one = opioids[opioids["drug"] == "methadone"].assign(doses_per_day=1.0, dose=milligrams / 2)
    two = pd.concat([one, one.assign(prescription_id="R99")], ignore_index=True)
    asked = pd.DataFrame({"participant_id": ["P30"], "date": pd.to_datetime(["2020-01-01"])})
    dose = mme_per_day(two, asked, mme_factors()["cdc_2016"])
    assert dose.tolist() == pytest.approx([wanted])
