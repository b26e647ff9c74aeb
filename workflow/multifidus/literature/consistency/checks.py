"""Arithmetic checks on published figures that show whether they can all be true.

Every check allows for the rounding of all printed figures that it uses, so that a disagreement is
never an effect of rounding. A disagreement must be declared in the divergence register.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from multifidus.base.errors import LiteratureError
from multifidus.literature.consistency import arithmetic
from multifidus.literature.consistency.arithmetic import Figure, Range, evaluate, figure
from multifidus.literature.record.printed import Printed, parse_printed
from multifidus.literature.scorecard.labels import visit_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["CHECK_IDS", "check_claims", "require_declared"]

_COLUMNS = ("check", "claim_id", "verdict", "declared_as", "sentence")
_DENOMINATORS_TRIED = 8

Claim = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Finding:
    claim_id: str
    agrees: bool
    sentence: str


class _Index:
    """Claims by what they measure, to find the figures that belong together."""

    def __init__(self, claims: pd.DataFrame) -> None:
        self.claims: list[Claim] = cast("list[Claim]", claims.to_dict("records"))

    def find(self, like: Claim, **wanted: str) -> Claim | None:
        """Return the claim of the same study and source with the wanted fields, if any."""
        for claim in self.claims:
            same = claim["study"] == like["study"] and claim["source"] == like["source"]
            if same and all(claim[key] == value for key, value in wanted.items()):
                return claim
        return None

    def with_interval(self, statistic: str) -> Iterator[tuple[Claim, Printed, Printed, Printed]]:
        """Give the claims of a statistic that carry limits, with the parsed figures."""
        for claim in self.claims:
            if claim["ci_lower_printed"] and claim["statistic"] == statistic:
                yield (
                    claim,
                    parse_printed(claim["value_printed"]),
                    parse_printed(claim["ci_lower_printed"]),
                    parse_printed(claim["ci_upper_printed"]),
                )


def check_claims(claims: pd.DataFrame, divergences: pd.DataFrame) -> pd.DataFrame:
    """Run every arithmetic check that the claims allow.

    Parameters
    ----------
    claims
        As :func:`multifidus.literature.record.claims.load_claims` gives them.
    divergences
        The divergence register; a disagreement is declared when the claim names a row of it whose
        ``check_id`` lists the check.

    Returns
    -------
    pandas.DataFrame
        ``check``, ``claim_id``, ``verdict`` (``agrees`` or ``disagrees``), ``declared_as`` (id
        in the register, or empty) and ``sentence``; sorted by check and claim.
    """
    index = _Index(claims)
    explains = {
        row["divergence_id"]: str(row["check_id"]).split(";")
        for row in divergences.to_dict("records")
    }
    named = dict(zip(claims["claim_id"], claims["declared_contradiction"], strict=True))
    rows = []
    for check_id, check in _checks().items():
        for finding in check(index):
            key = named[finding.claim_id]
            declared = not finding.agrees and check_id in explains.get(key, [])
            verdict = "agrees" if finding.agrees else "disagrees"
            rows.append(
                (check_id, finding.claim_id, verdict, key if declared else "", finding.sentence)
            )
    return pd.DataFrame(sorted(rows), columns=list(_COLUMNS), dtype="str")


def require_declared(checks: pd.DataFrame) -> None:
    """Refuse disagreements that the divergence register does not explain.

    Raises
    ------
    LiteratureError
        ``LIT-008``, naming each check and claim.
    """
    open_rows = checks[(checks["verdict"] == "disagrees") & (checks["declared_as"] == "")]
    if len(open_rows):
        named = ", ".join(
            f"{row.claim_id} ({row.check})" for row in open_rows.itertuples(index=False)
        )
        raise LiteratureError(
            "LIT-008",
            f"published figures disagree and literature/divergences.csv does not say why: {named}; "
            "correct the claim or declare the contradiction.",
        )


def _percent_from_count(index: _Index) -> Iterator[_Finding]:
    """Hold a printed share against its count and denominator."""
    for claim in index.claims:
        if claim["statistic"] != "percent" or _missing(claim["count_printed"]):
            continue
        count, n = int(claim["count_printed"]), int(claim["n_printed"])
        printed = parse_printed(claim["value_printed"])
        share = 100 * count / n
        agrees = abs(share - printed.value) <= printed.half_unit + 1e-9
        yield _Finding(
            claim["claim_id"],
            agrees,
            f"{count} of {n} is {share:.2f}%, printed {printed.text}.",
        )


def _counts_for_share(index: _Index) -> Iterator[_Finding]:
    """List the whole numbers that give a printed share whose count is not printed."""
    for claim in index.claims:
        known = _missing(claim["n_printed"]) or not _missing(claim["count_printed"])
        if claim["statistic"] != "percent" or known:
            continue
        printed, n = parse_printed(claim["value_printed"]), int(claim["n_printed"])
        fits = arithmetic.counts_for_share(figure(printed), n)
        if fits:
            sentence = f"{_or([f'{k} of {n}' for k in fits])} gives {printed.text}."
        else:
            smaller = range(n - 1, max(n - 1 - _DENOMINATORS_TRIED, 0), -1)
            near = [
                f"{k} of {m}"
                for m in smaller
                for k in arithmetic.counts_for_share(figure(printed), m)
            ]
            sentence = f"No count of {n} gives {printed.text}" + (
                f"; {_or(near)} does." if near else f", nor one of {_DENOMINATORS_TRIED} fewer."
            )
        yield _Finding(claim["claim_id"], bool(fits), sentence)


def _ci_symmetric(index: _Index) -> Iterator[_Finding]:
    """Hold the middle of a Wald or t interval against its estimate."""
    for statistic in ("mean", "percent", "difference"):
        for claim, value, lower, upper in index.with_interval(statistic):
            middle = evaluate(lambda low, high: (low + high) / 2, [figure(lower), figure(upper)])
            below, above = value.value - lower.value, upper.value - value.value
            yield _Finding(
                claim["claim_id"],
                middle.meets(value),
                f"The limits lie {below:.{lower.decimals}f} below and {above:.{lower.decimals}f} "
                f"above {value.text}; their middle is {middle.value:.{lower.decimals + 1}f}.",
            )


def _t_interval(index: _Index) -> Iterator[_Finding]:
    """Hold limits of a mean, or of a difference of means, against the SDs and n."""
    for claim, value, lower, upper in index.with_interval("mean"):
        sibling = index.find(claim, **_fields(claim, "sd"))
        if sibling is None or _missing(claim["n_printed"]):
            continue
        inputs = [figure(value), _value(sibling), Figure(float(claim["n_printed"]))]
        yield _limits(
            claim, (lower, upper), inputs, arithmetic.t_limit, "Student's t, from SD and n"
        )
    for claim, value, lower, upper in index.with_interval("difference"):
        arms = _arms(index, claim, "sd")
        if arms is None:
            continue
        inputs = [figure(value), *arms]
        yield _limits(
            claim,
            (lower, upper),
            inputs,
            arithmetic.mean_difference_limit,
            "pooled t, from the SDs",
        )


def _wald_interval(index: _Index) -> Iterator[_Finding]:
    """Hold limits of a share, or of a difference of shares, against the shares and n."""
    for claim, value, lower, upper in index.with_interval("percent"):
        if _missing(claim["n_printed"]):
            continue
        n = float(claim["n_printed"])
        count = claim["count_printed"]
        share = figure(value) if _missing(count) else Figure(100 * float(count) / n)
        yield _limits(claim, (lower, upper), [share, Figure(n)], arithmetic.wald_limit, "Wald")
    for claim, value, lower, upper in index.with_interval("difference"):
        arms = _arms(index, claim, "percent")
        if arms is None or "%" not in value.suffix:
            continue
        yield _limits(
            claim, (lower, upper), arms, arithmetic.share_difference_limit, "Wald, from both shares"
        )


def _change_is_difference(index: _Index) -> Iterator[_Finding]:
    """Hold a change against the difference of the two means that its source prints."""
    for claim in index.claims:
        outcome, is_change = claim["outcome"].removesuffix("_change"), "_change" in claim["outcome"]
        if not is_change or claim["statistic"] != "mean":
            continue
        level = {"outcome": outcome, "statistic": "mean"}
        after = index.find(claim, **level, visit=claim["visit"], group=claim["group"])
        before = index.find(claim, **level, visit="baseline", group=claim["group"])
        before = before or index.find(claim, **level, visit="baseline", group="all")
        if after is None or before is None:
            continue
        gap = evaluate(lambda a, b: a - b, [_value(after), _value(before)])
        printed = parse_printed(claim["value_printed"])
        yield _Finding(
            claim["claim_id"],
            gap.meets(printed),
            f"{after['value_printed']} less {before['value_printed']} is "
            f"{printed.show(gap.value)}, printed {printed.text}.",
        )


def _difference_between_arms(index: _Index) -> Iterator[_Finding]:
    """Hold a difference between arms against the two printed figures."""
    for claim in index.claims:
        if claim["statistic"] != "difference":
            continue
        arms = [_arm(index, claim, group) for group in claim["group"].split("_vs_")]
        if len(arms) != 2 or arms[0] is None or arms[1] is None:  # noqa: PLR2004
            continue
        gap = evaluate(lambda a, b: a - b, [_value(arms[0]), _value(arms[1])])
        printed = parse_printed(claim["value_printed"])
        yield _Finding(
            claim["claim_id"],
            gap.meets(printed),
            f"{arms[0]['value_printed']} less {arms[1]['value_printed']} is "
            f"{printed.show(gap.value)}, printed {printed.text}.",
        )


def _parts_sum(index: _Index) -> Iterator[_Finding]:
    """Hold discontinued plus decreased against the share that did either."""
    for claim in index.claims:
        if claim["outcome"] != "opioids_eliminated_or_reduced" or claim["statistic"] != "percent":
            continue
        wanted = {"visit": claim["visit"], "statistic": "percent"}
        parts = [
            index.find(claim, outcome=f"opioids_{part}", **wanted)
            for part in ("discontinued", "decreased")
        ]
        if parts[0] is None or parts[1] is None:
            continue
        total = evaluate(lambda a, b: a + b, [_value(parts[0]), _value(parts[1])])
        printed = parse_printed(claim["value_printed"])
        yield _Finding(
            claim["claim_id"],
            total.meets(printed),
            f"{parts[0]['value_printed']} and {parts[1]['value_printed']} make "
            f"{printed.show(total.value)}, printed {printed.text}.",
        )


def _monotone_attrition(index: _Index) -> Iterator[_Finding]:
    """Ask that participants seen do not grow between visits, superseded counts apart."""
    seen = [
        (visit_days(claim["visit"]), claim)
        for claim in index.claims
        if claim["outcome"] == "participants"
        and (claim["statistic"], claim["group"]) == ("count", "all")
        and not claim["superseded_by"]
    ]
    for study in sorted({claim["study"] for _, claim in seen}):
        series = sorted(
            ((days, claim) for days, claim in seen if days is not None and claim["study"] == study),
            key=lambda pair: (pair[0], pair[1]["claim_id"]),
        )
        for (_, early), (_, late) in pairwise(series):
            agrees = late["value"] <= early["value"]
            yield _Finding(
                early["claim_id"],
                agrees,
                f"{early['value_printed']} at {early['visit']}, then {late['value_printed']} at "
                f"{late['visit']}.",
            )


def _checks() -> Mapping[str, Callable[[_Index], Iterator[_Finding]]]:
    return {
        "change_is_difference": _change_is_difference,
        "ci_symmetric": _ci_symmetric,
        "counts_for_share": _counts_for_share,
        "difference_between_arms": _difference_between_arms,
        "monotone_attrition": _monotone_attrition,
        "parts_sum": _parts_sum,
        "percent_from_count": _percent_from_count,
        "t_interval": _t_interval,
        "wald_interval": _wald_interval,
    }


CHECK_IDS = tuple(_checks())
"""Ids of the checks, sorted."""


def _limits(
    claim: Claim,
    limits: tuple[Printed, Printed],
    inputs: list[Figure],
    limit: Callable[..., float],
    method: str,
) -> _Finding:
    """Hold both printed limits against a formula."""
    lower, upper = limits
    low: Range = evaluate(partial(limit, side=-1), inputs)
    high: Range = evaluate(partial(limit, side=1), inputs)
    return _Finding(
        claim["claim_id"],
        low.meets(lower) and high.meets(upper),
        f"{method}: {low.value:.2f} to {high.value:.2f}, printed {lower.text} to {upper.text}.",
    )


def _fields(claim: Claim, statistic: str) -> dict[str, str]:
    keys = ("outcome", "visit", "population", "group")
    return {**{key: claim[key] for key in keys}, "statistic": statistic}


def _value(claim: Claim) -> Figure:
    return figure(parse_printed(claim["value_printed"]))


def _arm(index: _Index, claim: Claim, group: str) -> Claim | None:
    """Return the arm's share or mean that a difference between arms was taken of."""
    wanted = {"outcome": claim["outcome"], "visit": claim["visit"], "group": group}
    return index.find(claim, **wanted, statistic="percent") or index.find(
        claim, **wanted, statistic="mean"
    )


def _arms(index: _Index, claim: Claim, statistic: str) -> list[Figure] | None:
    """Return statistic and n of both arms, in the order that the formulas take."""
    figures: list[Figure] = []
    for group in claim["group"].split("_vs_"):
        outcome = claim["outcome"].removesuffix("_change")
        wanted = {"outcome": outcome, "visit": claim["visit"], "group": group}
        found = index.find(claim, **wanted, statistic=statistic)
        n = None if found is None else _group_size(index, found)
        if found is None or n is None:
            return None
        figures += [_value(found), Figure(n)]
    return figures


def _group_size(index: _Index, claim: Claim) -> float | None:
    """Return the printed denominator, else the size of the arm that the study printed."""
    if not _missing(claim["n_printed"]):
        return float(claim["n_printed"])
    for other in index.claims:
        same = other["study"] == claim["study"] and other["group"] == claim["group"]
        if same and (other["outcome"], other["statistic"]) == ("participants", "count"):
            return float(other["value"])
    return None


def _missing(value: object) -> bool:
    return value is None or value is pd.NA


def _or(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
