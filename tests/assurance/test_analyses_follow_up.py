"""Sets, composites, completers and opioid transitions of 16 hand-written participants.

F01 to F16, odd numbers on treatment and even ones on control, implanted on 2018-01-10, activated
and randomised on 2018-01-24 (day 0), controls switched on day 120, 2018-05-24. F14 was implanted
and never randomised. Everybody attended every visit but: F10 lost after year 2; F11 died on
2021-06-30, between years 3 and 4; F16 missed years 2 and 5; F15 came for year 5 on day 2200, after
its window. F12 was explanted on 2020-03-01 and attended still. F13 attended and answered nothing.

====  =============  =============  =================================================
P     VAS mm         ODI points     Year 5: VAS >= 50 %, ODI >= 20, anything worse
====  =============  =============  =================================================
F01   80 to 40       40 to 40       exactly 50 %, ODI unchanged
F02   80 to 40       40 to 42       exactly 50 %, ODI worse by 2
F03   80 to 81       60 to 40       exactly 20 points, VAS worse by 1 mm
F04   80 to 80       60 to 40       exactly 20 points, VAS unchanged
F05   80 to 30       40 to -        62.5 %, ODI not answered
F06   - to 20        60 to 20       40 points, VAS without a baseline
F07   80 to 60       40 to 30       neither
F08   0 to 10        60 to 20       40 points, VAS worse by 1 cm from a baseline of zero
F09   80 to 20       40 to 10       both
F12   80 to 70       40 to 40       neither, explanted
F15   80 to 10       - to -         VAS outside the window: not counted
====  =============  =============  =================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hand_written_cohort import FOLLOW_UP, inputs, study

from multifidus.analyses.opioids.transitions import course_of, use_by_visit
from multifidus.analyses.registry import ANALYSES, run_analysis
from multifidus.analyses.responders.responder_status import responder_status
from multifidus.config.study import StudyConfig

if TYPE_CHECKING:
    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.results.table import ResultRow

NOT_WORSE = "vas50_or_odi20_not_worse"
NAMES = ("effectiveness", "responders", "opioids", "flow", "sensitivity", "device_events")


@pytest.fixture(scope="module")
def given() -> AnalysisInputs:
    return inputs(FOLLOW_UP)


@pytest.fixture(scope="module")
def results(given: AnalysisInputs) -> dict[str, ResultRow]:
    rows = [row for name in NAMES for row in run_analysis(name, given)]
    assert len({row.result_id for row in rows}) == len(rows)
    return {row.result_id: row for row in rows}


def people(*numbers: int) -> set[str]:
    return {f"F{number:02d}" for number in numbers}


def met_at_five(given: AnalysisInputs, name: str) -> dict[str, bool]:
    status = responder_status(given)
    own = status[(status["responder"] == name) & (status["visit"] == "y5")]
    return {key: bool(met) for key, met in zip(own["participant_id"], own["met"], strict=True)}


def test_members_of_the_sets(given: AnalysisInputs) -> None:
    """F14 was implanted and not randomised. Completers came to year 5, on whatever day, with or
    without their device and their answers; F14 would have to be randomised as well."""
    members = {
        one.id: set(given.members(one.id)["participant_id"]) for one in study().analysis_sets
    }
    everybody = people(*range(1, 17))
    assert members["safety"] == everybody
    assert members["itt"] == everybody - people(14)
    assert members["completers"] == people(1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15)


def test_sizes_of_the_sets_stand_in_the_flow(results: dict[str, ResultRow]) -> None:
    """Completers by arm: odd F01 03 05 07 09 13 15, even F02 04 06 08 12."""
    found = {
        (name, group): results[f"flow.set_{name}.overall.itt.{group}.count"].value
        for name in ("itt", "completers")
        for group in ("all", "treatment", "control")
    }
    assert found == {
        ("itt", "all"): 15, ("itt", "treatment"): 8, ("itt", "control"): 7,
        ("completers", "all"): 12, ("completers", "treatment"): 7, ("completers", "control"): 5,
    }  # fmt: skip


def test_the_composite_as_such_is_decided_by_the_part_that_is_known(given: AnalysisInputs) -> None:
    """F05 by VAS alone, F06 and F08 by ODI alone (no baseline, a baseline of zero)."""
    met = met_at_five(given, "vas50_or_odi20")
    assert {name for name, value in met.items() if value} == people(1, 2, 3, 4, 5, 6, 8, 9)
    assert {name for name, value in met.items() if not value} == people(7, 12)


def test_the_composite_without_worsening_needs_both_measures(given: AnalysisInputs) -> None:
    """Unchanged is not worse (F01, F04). F02, F03 and F08 are worse on the other measure. F05 and
    F06 lack what shows it: not classified. F07 and F12 meet no part."""
    met = met_at_five(given, NOT_WORSE)
    assert {name for name, value in met.items() if value} == people(1, 4, 9)
    assert {name for name, value in met.items() if not value} == people(2, 3, 7, 8, 12)


@pytest.mark.parametrize(
    ("vas", "odi", "responders"),
    [
        (0.0, 0.0, (1, 4, 9)),
        (0.0, 2.0, (1, 2, 4, 9)),  # F02's two points are just within the margin
        (0.0, 1.9, (1, 4, 9)),
        (0.1, 0.0, (1, 3, 4, 9)),  # F03's millimetre is, 8.1 - 8.0 being no 0.1 in binary
        (1.0, 2.0, (1, 2, 3, 4, 8, 9)),
    ],
)
def test_the_margin_of_worsening_is_the_study_files(
    vas: float, odi: float, responders: tuple[int, ...]
) -> None:
    whole = study().model_dump(mode="json")
    for one in whole["responders"]:
        if one["id"] == NOT_WORSE:
            one["without_worsening"] = [
                {"outcome": "vas", "more_than": vas},
                {"outcome": "odi", "more_than": odi},
            ]
    met = met_at_five(inputs(FOLLOW_UP, StudyConfig.model_validate(whole)), NOT_WORSE)
    assert {name for name, value in met.items() if value} == people(*responders)


def test_a_joined_definition_refuses_an_increase_of_analgesics_too() -> None:
    """F16 is down from 70 to 35 mm at 120 days and answered that there was no increase; answering
    that there was one takes the response away."""
    whole = study().model_dump(mode="json")
    for one in whole["responders"]:
        if one["id"] == "vas50_or_odi20":
            one["refuse_analgesic_increase"] = True
    trial = StudyConfig.model_validate(whole)
    for increase in (False, True):
        here = inputs(FOLLOW_UP, trial)
        table = here.tables["analgesics"].assign(analgesic_increase=increase)
        table["analgesic_increase"] = table["analgesic_increase"].astype("boolean")
        here.tables["analgesics"] = table  # type: ignore[index]
        status = responder_status(here)
        own = status[(status["responder"] == "vas50_or_odi20") & (status["visit"] == "d120")]
        met = own.set_index("participant_id")["met"].to_dict()
        assert met == {"F01": True, "F16": not increase}  # nobody asked F01


@pytest.mark.parametrize(
    ("definition", "met", "classified"),
    [
        ("vas_ge50", 4, 8),  # F01 02 05 09 of F01 02 03 04 05 07 09 12
        ("vas_le25", 3, 10),  # F06 20 mm without a baseline, F08 10 mm, F09 20 mm
        ("vas50_or_odi20", 8, 10),
        (NOT_WORSE, 3, 8),
        ("vas50_and_odi20", 1, 7),  # F09 of F01 02 03 04 07 09 12
    ],
)
def test_observed_and_imputed_denominators(
    results: dict[str, ResultRow], definition: str, met: int, classified: int
) -> None:
    """Missing as no response counts all 15 randomised: whoever has no baseline, died, was lost or
    came too late stays in the denominator."""
    row = results[f"responder.{definition}.y5.observed.all.count"]
    assert (row.value, row.total) == (met, classified)
    row = results[f"responder_nri.{definition}.y5.itt.all.percent"]
    assert row.value == pytest.approx(100 * met / 15)
    assert row.total == 15


def test_a_record_after_death_does_not_count(given: AnalysisInputs) -> None:
    """F11 died on 2021-06-30; a VAS dated 2022-01-24 is an error of the data, not a response."""
    scores = given.scored()
    own = scores[(scores["participant_id"] == "F11") & (scores["parameter"] == "vas")]
    assert list(own["visit"]) == ["baseline", "y3"]


def test_an_assessment_after_the_switch_is_none_of_the_blinded_phase(
    given: AnalysisInputs, results: dict[str, ResultRow]
) -> None:
    """F01 (treatment) and F02 (control) gave their 120-day VAS on day 122, two days after F02 had
    switched; F16 gave its own on the day of the switch. By arm: F01 alone -5 cm, F16 alone -3.5."""
    scores = given.scored()
    own = scores[(scores["parameter"] == "vas") & (scores["visit"] == "d120")]
    assert set(own["participant_id"]) == {"F01", "F16"}
    prefix = "change.vas.d120.observed."
    assert results[prefix + "treatment.mean"].value == pytest.approx(-5)
    assert results[prefix + "control.mean"].value == pytest.approx(-3.5)
    row = results["responder_nri.vas_ge50.d120.itt.control.percent"]
    assert (row.value, row.total) == (pytest.approx(100 / 7), 7)


def test_the_maintained_cohort_has_the_same_people_at_every_visit(
    results: dict[str, ResultRow],
) -> None:
    """Changes at year 5 in cm: F01 -4, F02 -4, F03 +0.1, F04 0, F05 -5, F07 -2, F08 +1, F09 -6, F12
    -1: sum -20.9 over 9. F06 has no baseline, F13 no answer, F15 none in the window.

    At year 1 F01 is at 20 mm (-6) and F02 at 50 (-3): mean -4.5 of 2. F10, at 30 mm (-5), came to
    year 1 and is no completer: as observed the mean is -14/3 of 3.
    """
    prefix = "change.vas.{}.completers.all.mean"
    last, first = results[prefix.format("y5")], results[prefix.format("y1")]
    assert last.value == pytest.approx(-20.9 / 9, abs=1e-12)
    assert (last.n, last.total) == (9, 9)
    assert first.value == pytest.approx(-4.5, abs=1e-12)
    assert (first.n, first.total) == (2, 9)
    observed = results["change.vas.y1.observed.all.mean"]
    assert observed.value == pytest.approx(-14 / 3, abs=1e-12)
    assert (observed.n, observed.total) == (3, 15)
    assert results["level.vas.baseline.completers.all.mean"].value == pytest.approx(64 / 9)


def test_responders_of_the_maintained_cohort(results: dict[str, ResultRow]) -> None:
    """At year 5 as observed, 4 of 8; at year 1 of these F01 (75 %) and not F02 (37.5 %)."""
    last = results["responder.vas_ge50.y5.completers.all.count"]
    first = results["responder.vas_ge50.y1.completers.all.count"]
    assert (last.value, last.total) == (4, 8)
    assert (first.value, first.total) == (1, 2)


def test_per_cent_change_has_an_interval_and_a_test(results: dict[str, ResultRow]) -> None:
    """Year 1: F01 -75, F02 -37.5, F10 -62.5: mean -58.33, SD sqrt((16.67^2 + 20.83^2 + 4.17^2) / 2)
    = 19.094; t(0.975, 2) = 4.302653; half width 4.302653 * 19.094 / sqrt(3) = 47.432."""
    prefix = "percent_change.vas.y1.observed.all."
    assert results[prefix + "mean"].value == pytest.approx(-175 / 3)
    assert results[prefix + "ci_lower"].value == pytest.approx(-175 / 3 - 47.4325, abs=1e-3)
    # t = -58.333 / 11.0240 = -5.29150 on 2 df: p = 1 - t / sqrt(t^2 + 2) in two tails
    t = 175 / 3 / (19.0941 / 3**0.5)
    assert results[prefix + "p_value"].value == pytest.approx(1 - t / (t**2 + 2) ** 0.5, abs=1e-5)


def test_signed_rank_test_of_the_changes(results: dict[str, ResultRow]) -> None:
    """Year 1: three falls; of the 8 sign patterns one has no rise and one no fall: p = 2/8."""
    row = results["signed_rank.vas.y1.observed.all.p_value"]
    assert row.value == pytest.approx(0.25)
    assert row.method == "signed rank, exact"


USE = {
    # participant: use at baseline and years 1 to 5; u user, n non-user, - not seen
    "F01": "uuuuuu", "F02": "unnnnn", "F03": "unuuuu", "F04": "ununuu", "F05": "nnnuuu",
    "F06": "nunnnu", "F07": "nnnnnn", "F08": "nnnnnn", "F09": "nnnnnn", "F10": "nnu---",
    "F11": "uuuu--", "F12": "nnnnnn", "F13": "nnnnnn", "F15": "uuuuu-", "F16": "uu-nn-",
}  # fmt: skip
COURSE = {
    # c continued, s stopped, r restarted, o stayed off, b began, v never, - not seen
    "F01": "ccccc", "F02": "soooo", "F03": "srccc", "F04": "srsrc", "F05": "vvbcc", "F06": "bsoor",
    "F07": "vvvvv", "F08": "vvvvv", "F09": "vvvvv", "F10": "vb---", "F11": "ccc--", "F12": "vvvvv",
    "F13": "vvvvv", "F15": "cccc-", "F16": "c-so-",
}  # fmt: skip
_COURSES = {
    "c": "continued", "s": "stopped", "r": "restarted", "o": "stayed_off", "b": "started",
    "v": "never", "-": "",
}  # fmt: skip


def test_use_and_course_of_everybody(given: AnalysisInputs) -> None:
    """The prescriptions are 30 mg of morphine a day over these times, F15's half of it from 2019:

    F01 throughout; F02 to 2018; F03 to 2018 and from June 2019; F04 to 2018, June 2019 to June
    2020, from June 2021; F05 from June 2020; F06 June 2018 to June 2019, from June 2022; F10 from
    June 2019; F11 until death; F15 throughout; F16 to June 2019. F14, not randomised, is left out.
    F16 missed year 2: what it had at year 1 is the latest that was seen before year 3.
    """
    assert given.study.opioids is not None
    use = use_by_visit(given, given.study.opioids)
    words = {"u": "user", "n": "non_user", "-": "not_seen"}
    assert {key: list(row) for key, row in zip(use.index, use.to_numpy(), strict=True)} == {
        key: [words[letter] for letter in letters] for key, letters in USE.items()
    }
    course = course_of(use)
    assert {key: list(row) for key, row in zip(course.index, course.to_numpy(), strict=True)} == {
        key: [_COURSES[letter] for letter in letters] for key, letters in COURSE.items()
    }


@pytest.mark.parametrize(
    ("outcome", "visit", "count", "risk"),
    [
        ("stopped", "y1", 3, 7),
        ("started", "y1", 1, 8),
        ("restarted", "y1", 0, 0),
        ("stopped", "y2", 1, 4),
        ("restarted", "y2", 2, 3),
        ("started", "y2", 1, 7),
        ("stopped", "y3", 2, 6),
        ("restarted", "y3", 0, 2),
        ("started", "y3", 1, 6),
        ("restarted", "y4", 1, 4),
        ("stopped", "y5", 0, 4),
        ("restarted", "y5", 1, 2),
        ("started", "y5", 0, 5),
        ("stopped", "overall", 5, 9),  # F02 03 04 06 16 of those and F01 05 11 15
        ("restarted", "overall", 3, 5),  # F03 04 06 of those and F02 16
        ("started", "overall", 3, 8),  # F05 06 10 of all not on opioids at baseline
    ],
)
def test_who_stopped_restarted_and_started_of_those_at_risk(
    results: dict[str, ResultRow], outcome: str, visit: str, count: int, risk: int
) -> None:
    row = results[f"opioid_course.{outcome}.{visit}.observed.all.count"]
    assert (row.value, row.total) == (count, risk)


def links(results: dict[str, ResultRow], outcome: str, visit: str) -> dict[str, float]:
    prefix = f"opioid_transition.{outcome}.{visit}.itt."
    own = {key.split(".")[4]: row for key, row in results.items() if key.startswith(prefix)}
    totals = {row.total for row in own.values()}
    assert totals == {sum(row.value for row in own.values())}, "everybody has one link to a visit"
    return {key: row.value for key, row in own.items() if row.value}


def test_links_of_use(results: dict[str, ResultRow]) -> None:
    """Year 1 to year 2, everybody randomised: F01 11 15 on twice, F06 off, F16 not seen, F03 04 10
    on, seven off twice. Baseline to year 5: of seven users F01 03 04 are, F02 is not, F11 15 16 not
    seen; of eight others F05 06 are, F10 not seen, five are not."""
    assert links(results, "use", "y2") == {
        "user_to_user": 3, "user_to_non_user": 1, "user_to_not_seen": 1,
        "non_user_to_user": 3, "non_user_to_non_user": 7,
    }  # fmt: skip
    assert links(results, "use_from_baseline", "y5") == {
        "user_to_user": 3, "user_to_non_user": 1, "user_to_not_seen": 3,
        "non_user_to_user": 2, "non_user_to_non_user": 5, "non_user_to_not_seen": 1,
    }  # fmt: skip


def test_links_of_categories(results: dict[str, ResultRow]) -> None:
    """The seven baseline users. Year 1: F01 11 16 at the old dose, F02 03 04 off, F15 at half."""
    assert links(results, "category", "y1") == {
        "user_to_unchanged": 3, "user_to_discontinued": 3, "user_to_decreased": 1,
    }  # fmt: skip
    assert links(results, "category", "y5") == {
        "unchanged_to_unchanged": 3,  # F01 03 04
        "discontinued_to_discontinued": 1,  # F02
        "decreased_to_not_seen": 1,  # F15
        "discontinued_to_not_seen": 1,  # F16
        "not_seen_to_not_seen": 1,  # F11
    }


def test_opioid_doses_name_the_users_they_are_of(results: dict[str, ResultRow]) -> None:
    """Year 5: F01 02 03 04 of seven baseline users; F02 alone changed, by -30: p = 2/2."""
    row = results["opioids.mme_change.y5.observed.all.mean"]
    assert (row.value, row.n, row.total) == (pytest.approx(-7.5), 4, 7)
    assert results["opioids.mme_signed_rank.y5.observed.all.p_value"].value == pytest.approx(1)


def test_baseline_of_completers_against_lost(results: dict[str, ResultRow]) -> None:
    """Lost: F10 11 16, of whom F11 and F16 took opioids; completers: F01 02 03 04 15 of 12."""
    found = {
        group: results[f"completers.opioid_users.y5.itt.{group}.count"]
        for group in ("completers", "lost")
    }
    assert {key: (row.value, row.total) for key, row in found.items()} == {
        "completers": (5, 12),
        "lost": (2, 3),
    }
    arm = results["completers.arm_treatment.y5.itt.lost.count"]
    assert (arm.value, arm.total) == (1, 3)  # F11


def test_time_zero_may_differ_by_arm() -> None:
    """Counted from the switch on day 120, the controls' day 365 of activation is day 245, inside
    the window of year 1 (here 200 to 547), and their day 120 is day 0."""
    whole = study().model_dump(mode="json")
    for one in whole["visits"]:
        if one["id"] in ("d120", "y1"):
            one["anchor_by_arm"] = {"control": "crossover_date"}
        if one["id"] == "y1":
            one["window"] = [200, 547]
    scores = inputs(FOLLOW_UP, StudyConfig.model_validate(whole)).scored()
    own = scores.set_index(["participant_id", "parameter", "visit"])["study_day"]
    assert own[("F02", "vas", "y1")] == 245
    assert own[("F01", "vas", "y1")] == 365
    assert ("F16", "vas", "d120") not in own.index, "day 0 lies in no window of 90 to 150"


def test_every_row_says_how_it_came_about_and_of_how_many(given: AnalysisInputs) -> None:
    """A model that could not be fitted has no n: it says so instead."""
    for name, item in ANALYSES.items():
        if item.needs_usage:
            continue
        for row in run_analysis(name, given):
            assert row.method, row.result_id
            if not row.method.startswith("Not estimable: "):
                assert row.n is not None, row.result_id
                assert row.total is not None, row.result_id
