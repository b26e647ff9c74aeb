"""Properties of scores and windows that hold for any answers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multifidus.config.study import Visit
from multifidus.contracts.check import empty_table
from multifidus.instruments.mme import MmeRules, mme_per_day
from multifidus.instruments.mme_factors import mme_factors_from_frame
from multifidus.instruments.odi import ODI_BANDS, odi_band, score_odi
from multifidus.instruments.partial_dates import date_precision, earliest_day, latest_day
from multifidus.instruments.visits import FLAGS, assign_visits

LEVEL = st.one_of(st.integers(0, 5), st.none())
VISITS = (
    Visit(id="early", label="Early", anchor="activation_date", target_day=100, window=(50, 160)),
    Visit(id="late", label="Late", anchor="activation_date", target_day=200, window=(140, 260)),
)
FACTORS = mme_factors_from_frame(
    pd.DataFrame(
        [("cdc", "oxycodone", "oral", "mg/day", 1.5, np.nan, np.nan)],
        columns=["edition", "drug", "route", "unit", "factor", "dose_from", "dose_to"],
    )
)["cdc"]


@given(st.lists(LEVEL, min_size=10, max_size=10), st.integers(0, 9))
def test_odi_lies_on_its_scale_and_ignores_the_order_of_sections(
    answers: list[int | None], max_missing: int
) -> None:
    missing = sum(one is None for one in answers)
    score = score_odi([answers], max_missing=max_missing)[0]
    assert np.isnan(score) == (missing > max_missing)
    if not np.isnan(score):
        assert 0 <= score <= 100
        assert score == pytest.approx(score_odi([answers[::-1]], max_missing=max_missing)[0])
        given_answers = [one for one in answers if one is not None]
        assert score == pytest.approx(20 * float(np.mean(given_answers)))
        assert odi_band([score])[0] in ODI_BANDS


@given(st.lists(st.integers(0, 5), min_size=10, max_size=10), st.integers(0, 9))
def test_a_worse_answer_never_lowers_the_odi(answers: list[int], place: int) -> None:
    worse = [*answers]
    worse[place] = min(5, worse[place] + 1)
    assert score_odi([worse])[0] >= score_odi([answers])[0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-50, 400)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_windows(records: list[tuple[int, int]], random: object) -> None:
    """One record stands for a visit at most, the nearest one; shuffling changes nothing."""
    people = empty_table("participants").reindex(range(4))
    start = pd.Timestamp("2020-01-01")
    people = people.assign(participant_id=[f"P{n}" for n in range(4)], activation_date=start)
    frame = pd.DataFrame(
        {
            "participant_id": [f"P{person}" for person, _ in records],
            "visit": "any",
            "assessment_date": [start + pd.Timedelta(days=day) for _, day in records],
            "record_key": [f"k{number:02d}" for number in range(len(records))],
        }
    )
    placed = assign_visits(frame, people, VISITS)
    assert placed["record_key"].tolist() == frame["record_key"].tolist(), "no row is lost"
    assert set(placed["flag"]) <= set(FLAGS)
    used = placed[placed["flag"] == "used"]
    assert not used.duplicated(["participant_id", "analysis_visit"]).any()
    for row in used.itertuples():
        rivals = placed[
            (placed["participant_id"] == row.participant_id)
            & (placed["analysis_visit"] == row.analysis_visit)
        ]
        assert row.target_distance == rivals["target_distance"].min()
    outside = placed["analysis_visit"].isna()
    days = np.array([day for _, day in records])
    assert (outside.to_numpy() == ((days < 50) | (days > 260))).all()
    shuffled = frame.sample(frac=1.0, random_state=random.randrange(2**31))  # type: ignore[attr-defined]
    again = assign_visits(shuffled, people, VISITS)
    assert set(again.loc[again["flag"] == "used", "record_key"]) == set(used["record_key"])


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from([4, 7, 10]))
def test_partial_dates_bound_the_day(day: date, cut: int) -> None:
    text = str(day)
    dates = pd.Series([text[:cut], None])
    first, last = earliest_day(dates), latest_day(dates)
    assert first[0] <= pd.Timestamp(text) <= last[0]
    assert (first[0] == last[0]) == (cut == 10)
    assert first.isna()[1]
    assert last.isna()[1]
    assert date_precision(dates).tolist() == [{4: "Y", 7: "M", 10: "D"}[cut], "-"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 28), st.integers(1, 12), st.integers(0, 400), st.integers(1, 4)),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 800),
)
def test_doses_add_up_and_the_longest_reading_is_never_below_the_shortest(
    intervals: list[tuple[int, int, int, int]], asked: int
) -> None:
    rows = []
    for number, (day, month, length, doses) in enumerate(intervals):
        start = pd.Timestamp(year=2020, month=month, day=day)
        end = start + pd.Timedelta(days=length)
        rows.append((f"R{number}", start, end, float(doses)))
    # One prescription a participant, so that each dose is plain.
    frame = pd.DataFrame(
        {
            "participant_id": [f"P{number}" for number in range(len(rows))],
            "prescription_id": [name for name, *_ in rows],
            "drug": "oxycodone",
            "route": "oral",
            "dose": 5.0,
            "dose_unit": "mg",
            "doses_per_day": [doses for *_, doses in rows],
            "as_needed": False,
            "start_date": [start.strftime("%Y-%m") for _, start, _, _ in rows],
            "end_date": [end.strftime("%Y-%m-%d") for _, _, end, _ in rows],
        }
    )
    day = pd.Timestamp("2020-01-01") + pd.Timedelta(days=asked)
    dates = frame[["participant_id"]].assign(date=day)
    longest = mme_per_day(frame, dates, FACTORS, MmeRules(partial_dates="longest"))
    shortest = mme_per_day(frame, dates, FACTORS, MmeRules(partial_dates="shortest"))
    assert (longest >= shortest).all()
    for (_, start, end, doses), dose in zip(rows, longest, strict=True):
        active = start.replace(day=1) <= day <= end
        assert dose == pytest.approx(7.5 * doses if active else 0.0)
