"""Published figures as windows, and the declared rules for clashes."""

from __future__ import annotations

import pytest

from multifidus.base.errors import LiteratureError
from multifidus.cohort.calibration.targets import CohortTargets, Window, targets_from_claims

COLUMNS = ("claim_id", "result_id", "value_printed", "ci_lower_printed", "ci_upper_printed")
CHANGE = "change.odi.y5.observed.all"


MORE = ("evidence", "superseded_by", "count_printed", "declared_contradiction")


def claims(*rows: tuple[str, ...]) -> list[dict[str, str]]:
    rest = dict.fromkeys((*COLUMNS, *MORE), "") | {"evidence": "recovered_from_cohort"}
    return [rest | dict(zip(COLUMNS, row, strict=False)) for row in rows]


@pytest.mark.parametrize(
    ("printed", "lower", "upper"),
    [
        ("-4.9", -4.95, -4.85),
        ("71.8%", 71.75, 71.85),
        ("+0.231", 0.2305, 0.2315),
        ("37%", 36.5, 37.5),
        ("< 0.0001", 0.0, 0.0001),
        ("none", -0.5, 0.5),
    ],
)
def test_a_window_is_half_a_unit_of_the_last_digit(
    printed: str, lower: float, upper: float
) -> None:
    window = targets_from_claims(claims(("c", f"{CHANGE}.mean", printed))).get(f"{CHANGE}.mean")
    assert window is not None
    assert (window.lower, window.upper) == pytest.approx((lower, upper))


def test_a_figure_that_is_no_number_is_refused() -> None:
    with pytest.raises(LiteratureError):
        targets_from_claims(claims(("c", f"{CHANGE}.mean", "about five")))


def test_an_asymmetric_interval_keeps_its_lower_limit() -> None:
    """The five-year ODI: -22.7 (-25.4 to -20.8) has its middle at -23.1."""
    found = targets_from_claims(claims(("c", f"{CHANGE}.mean", "-22.7", "-25.4", "-20.8")))
    assert found.get(f"{CHANGE}.ci_lower") is not None
    assert found.get(f"{CHANGE}.ci_upper") is None
    assert [row.result_id for row in found.declined] == [f"{CHANGE}.ci_upper"]


def test_a_symmetric_interval_keeps_both_limits() -> None:
    found = targets_from_claims(
        claims(("c", "change.vas.y5.observed.all.mean", "-4.9", "-5.3", "-4.5"))
    )
    assert found.get("change.vas.y5.observed.all.ci_upper") is not None
    assert not found.declined


def test_superseded_claims_give_way_unless_the_other_is_given_up() -> None:
    stem = "responder.primary.d120.observed.treatment"
    table = claims(("paper", f"{stem}.percent", "57.1%"), ("press", f"{stem}.percent", "56%"))
    table[1]["superseded_by"] = "paper"
    table = [row | {"declared_contradiction": "no_count"} for row in table]
    plain = targets_from_claims(table)
    assert plain.counts_that_print(stem, 102) == ()
    register = [{"divergence_id": "no_count", "part": "all"}]
    declared = targets_from_claims(table, register)
    assert declared.counts_that_print(stem, 102) == (57,)
    assert [row.claim_id for row in declared.declined] == ["paper"]


def test_windows_of_one_result_are_cut_to_their_overlap() -> None:
    name = "baseline.odi.baseline.itt.all.mean"
    found = targets_from_claims(
        claims(("fine", name, "39.1"), ("coarse", name, "39"), ("other", name, "41"))
    )
    window = found.get(name)
    assert window is not None
    assert (window.lower, window.upper) == pytest.approx((39.05, 39.15))
    assert [row.claim_id for row in found.declined] == ["other"]


@pytest.mark.parametrize(
    ("share", "n", "counts"),
    [
        ((71.75, 71.85), 124, (89,)),
        ((61.05, 61.15), 126, (77,)),
        ((71.75, 71.85), 126, ()),
        ((75.5, 76.5), 156, (118, 119)),
    ],
)
def test_counts_that_print_as_a_share(
    share: tuple[float, float], n: int, counts: tuple[int, ...]
) -> None:
    """The counts that section 1 and 2.4 of the project's fact sheet derive from the shares."""
    found = CohortTargets((Window("responder.x.y5.observed.all.percent", *share, "", ""),))
    assert found.counts_that_print("responder.x.y5.observed.all", n) == counts


def test_a_printed_count_beats_a_share_that_contradicts_it() -> None:
    stem = "responder.vas_le25.y2.observed.all"
    windows = (
        Window(f"{stem}.count", 102.5, 103.5, "103", ""),
        Window(f"{stem}.percent", 64.5, 65.5, "65%", ""),
    )
    assert CohortTargets(windows).counts_that_print(stem, 156) == (103,)
