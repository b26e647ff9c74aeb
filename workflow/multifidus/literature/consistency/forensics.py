"""Forensic checks that go beyond one source: which test made a p value, what a spread is.

Findings are about the publications and need no explanation in the divergence register: an
impossible share may be an imputed one, and two tests in one trial may both be planned.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from multifidus.literature.consistency.comparisons import (
    denominators_for_share,
    intervals_that_give,
    share_tests_that_give,
)
from multifidus.literature.record.printed import parse_printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from multifidus.literature.consistency.comparisons import Match
    from multifidus.literature.record.claims import Literature
    from multifidus.literature.record.printed import Printed

__all__ = [
    "forensic_checks",
    "name_tests",
    "one_test_per_study",
    "printings_agree",
    "shares_are_counts",
    "spread_is_sd",
]

_COLUMNS = ("check", "subject", "verdict", "sentence")
_Row = dict[str, Any]
_Finding = tuple[str, str, str, str]


def forensic_checks(literature: Literature) -> pd.DataFrame:
    """Run the forensic checks that the record allows.

    Returns
    -------
    pandas.DataFrame
        ``check``, ``subject`` (id of the claim, comparison or study), ``verdict`` (``agrees``,
        ``disagrees``) and ``sentence`` with the rule and the numbers; sorted.
    """
    comparisons = _rows(literature.comparisons)
    findings = [
        *shares_are_counts(comparisons),
        *name_tests(comparisons),
        *one_test_per_study(comparisons),
        *spread_is_sd(_rows(literature.sister_studies), _printed_sds(literature.claims)),
        *printings_agree(_quantities(literature)),
    ]
    return pd.DataFrame(sorted(findings), columns=list(_COLUMNS), dtype="str")


def shares_are_counts(comparisons: Iterable[_Row]) -> Iterator[_Finding]:
    """Check that both shares of a comparison are counts of the printed denominators."""
    for row in comparisons:
        parts, possible = [], True
        for arm in ("first", "second"):
            printed, n = parse_printed(row[f"share_{arm}_printed"]), int(row[f"n_{arm}"])
            found = denominators_for_share(printed, n)
            possible &= n in found
            if n in found:
                parts.append(f"{printed.text} is {_or([f'{k} of {n}' for k in found[n]])}")
            else:
                near = max(found, default=None)
                smaller = f"; the nearest smaller denominator is {near}" if near else ""
                parts.append(f"{printed.text} is no count of {n}{smaller}")
        yield _finding("share_is_a_count", row["comparison_id"], possible, ". ".join(parts))


def name_tests(comparisons: Iterable[_Row]) -> Iterator[_Finding]:
    """Name the tests and intervals that give the printed p values and limits.

    Where no count of the printed denominators gives the shares, nothing can be said and the
    comparison is left to :func:`shares_are_counts`.
    """
    for row in comparisons:
        shares, sizes = _arms(row)
        if not all(n in denominators_for_share(s, n) for s, n in zip(shares, sizes, strict=True)):
            continue
        if row["p_printed"]:
            matches = share_tests_that_give(parse_printed(row["p_printed"]), shares, [sizes])
            yield _named("test_gives_p", row["comparison_id"], f"p {row['p_printed']}", matches)
        if row["ci_lower_printed"]:
            low, high = row["ci_lower_printed"], row["ci_upper_printed"]
            limits = (parse_printed(low), parse_printed(high))
            found = intervals_that_give(limits, shares, [sizes])
            yield _named("interval_gives_limits", row["comparison_id"], f"{low} to {high}", found)


def one_test_per_study(comparisons: Iterable[_Row]) -> Iterator[_Finding]:
    """Check that one test can have made all p values that a study prints as numbers."""
    by_study: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
    for row in comparisons:
        if row["p_printed"] and parse_printed(row["p_printed"]).relation == "=":
            shares, sizes = _arms(row)
            matches = share_tests_that_give(parse_printed(row["p_printed"]), shares, [sizes])
            tests = {_words(match) for match in matches}
            if tests:
                by_study[row["study"]].append((f"p {row['p_printed']} at {row['visit']}", tests))
    for study, values in by_study.items():
        if len(values) > 1:
            shared = set.intersection(*(tests for _, tests in values))
            each = "; ".join(f"{what}: {_or(sorted(tests))}" for what, tests in values)
            yield _finding("one_test_per_study", study, bool(shared), each)


def spread_is_sd(
    rows: Iterable[_Row], printed_sds: Iterable[tuple[str, str, float]] = ()
) -> Iterator[_Finding]:
    """Check that a baseline plus-minus called an SD, or unlabelled, is no standard error.

    The reference is the median SD that other studies print for the outcome at baseline. A spread
    is taken for a standard error when, times the root of n, it lies nearer to the reference, as a
    ratio, than it does as it is. ``printed_sds`` adds outcomes, sources and SDs from elsewhere.
    """
    known = [row for row in rows if row["spread_printed"]]
    sds = [*printed_sds] + [
        (row["outcome"], row["source"], parse_printed(row["spread_printed"]).value)
        for row in known
        if row["spread_kind"] == "sd"
    ]
    for row in known:
        others = [sd for what, by, sd in sds if what == row["outcome"] and by != row["source"]]
        sizes = [row["participants_seen"], row["participants_implanted"]]
        n = next((size for size in sizes if pd.notna(size)), None)
        labelled = row["spread_kind"] == "se" or row["follow_up"] != "baseline"
        if labelled or not others or n is None:
            continue
        spread = parse_printed(row["spread_printed"]).value
        reference = median(others)
        blown = spread * math.sqrt(int(n))
        is_sd = abs(math.log(spread / reference)) <= abs(math.log(blown / reference))
        yield _finding(
            "spread_is_sd",
            row["sister_id"],
            is_sd,
            f"{row['spread_printed']} of {n} would be an SD of {blown:.3g} if it were a standard "
            f"error; others print SDs of {reference:.3g}",
        )


def printings_agree(claims: Iterable[_Row]) -> Iterator[_Finding]:
    """Check that sources which print the same quantity print figures that can be one number."""
    same: dict[tuple[str, ...], list[_Row]] = defaultdict(list)
    keys = ("study", "outcome", "visit", "group", "statistic", "unit")
    for claim in claims:
        if claim["statistic"] not in {"p_value", "maximum", "planned"}:
            same[tuple(str(claim[key]) for key in keys)].append(claim)
    for group in same.values():
        for first, second in combinations(group, 2):
            if first["source"] == second["source"]:
                continue
            a, b = parse_printed(first["value_printed"]), parse_printed(second["value_printed"])
            agree = (
                abs(a.value - b.value) < a.half_unit + b.half_unit - 1e-9 or a.number == b.number
            )
            if {a.relation, b.relation} == {"="} and first["statistic"] == "count":
                agree = a.number == b.number
            yield _finding(
                "printings_agree",
                first["claim_id"],
                agree,
                f"{a.text} in {first['source']}, {b.text} in {second['source']}",
            )


def _printed_sds(claims: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Give the baseline SDs among the claims, VAS cm counted with the NRS."""
    return [
        (row["outcome"].replace("vas", "nrs"), row["source"], float(row["value"]))
        for row in _rows(claims)
        if (row["statistic"], row["visit"]) == ("sd", "baseline")
    ]


def _quantities(literature: Literature) -> list[_Row]:
    """Give claims and sister studies in one shape, a study named without its visit."""
    sisters = [
        row
        | {
            "claim_id": row["sister_id"],
            "study": row["study"].split(",")[0],
            "visit": row["follow_up"],
            "unit": "",
        }
        for row in _rows(literature.sister_studies)
        if row["statistic"] in {"percent", "mean"}
    ]
    return [*_rows(literature.claims), *sisters]


def _arms(row: _Row) -> tuple[tuple[Printed, Printed], tuple[int, int]]:
    shares = (parse_printed(row["share_first_printed"]), parse_printed(row["share_second_printed"]))
    return shares, (int(row["n_first"]), int(row["n_second"]))


def _words(match: Match) -> str:
    return match.test if match.tails == 2 else f"{match.test}, one-sided"  # noqa: PLR2004


def _named(check: str, subject: str, what: str, matches: list[Match]) -> _Finding:
    names: dict[str, set[str]] = defaultdict(set)
    for match in matches:
        counts = cast("tuple[int, ...]", match.counts)
        names[_words(match)].add(f"{counts[0]}/{counts[1]} and {counts[2]}/{counts[3]}")
    listed = "; ".join(f"{name} ({_or(sorted(counts))})" for name, counts in sorted(names.items()))
    return _finding(check, subject, bool(names), f"{what}: {listed or 'no test tried gives it'}")


def _finding(check: str, subject: str, agrees: bool, sentence: str) -> _Finding:
    return check, subject, "agrees" if agrees else "disagrees", f"{sentence}."


def _rows(frame: pd.DataFrame) -> list[_Row]:
    return cast("list[_Row]", frame.to_dict("records"))


def _or(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
