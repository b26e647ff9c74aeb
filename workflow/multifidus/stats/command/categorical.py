"""Proportions and rates from the command line."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import pandas as pd
import typer

from multifidus.base.errors import StatisticsError
from multifidus.base.user_table import ColumnNames, write_table
from multifidus.stats.command.user_table import (
    Alpha,
    Output,
    Source,
    joined_labels,
    names_of,
    open_table,
)
from multifidus.stats.inputs import check_count, finite_vector
from multifidus.stats.proportions import proportion
from multifidus.stats.rates import poisson_rate
from multifidus.stats.stratified.differences import stratified_difference
from multifidus.stats.stratified.mantel_haenszel import mantel_haenszel
from multifidus.stats.stratified.odds_ratio import conditional_odds_ratio
from multifidus.stats.stratified.tables import count_strata

__all__ = ["compare_proportions", "one_proportion", "one_rate"]


class ProportionChoice(StrEnum):
    """Interval of a proportion."""

    wilson = "wilson"
    clopper_pearson = "clopper_pearson"
    wald = "wald"
    agresti_coull = "agresti_coull"
    jeffreys = "jeffreys"


class RateChoice(StrEnum):
    """Interval of a rate."""

    garwood = "garwood"
    byar = "byar"
    wald = "wald"


def one_proportion(
    source: Source,
    *,
    response: Annotated[str, typer.Option(help="Column of 1 (yes) and 0 (no), empty = missing.")],
    by: Annotated[str, typer.Option(help="Column of groups.")] = "",
    method: Annotated[ProportionChoice, typer.Option(help="Interval.")] = ProportionChoice.wilson,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Proportion of responders with its interval, one row per participant."""
    table = open_table(source, columns)
    rows = []
    for name, part, without in table.groups(by, table.flags(response).to_frame()):
        given = part[response].dropna()
        counts = {"missing": len(part) - len(given), "rows_without_group": without}
        if given.empty:
            rows.append({"group": name, "count": 0, "n": 0, **counts})
            continue
        found = proportion(int(given.sum()), len(given), method=method.value, alpha=alpha)
        rows.append({"group": name, **asdict(found), **counts})
    if not any(row["n"] for row in rows):
        raise StatisticsError("STA-211", f"Column '{response}' is empty; there is no denominator.")
    write_table(pd.DataFrame(rows), output, table)


def one_rate(
    source: Source,
    *,
    events: Annotated[str, typer.Option(help="Column of event counts.")],
    exposure: Annotated[str, typer.Option(help="Column of exposure, for instance years.")],
    by: Annotated[str, typer.Option(help="Column of groups.")] = "",
    per: Annotated[float, typer.Option(help="Rate per this much exposure.")] = 100.0,
    method: Annotated[RateChoice, typer.Option(help="Interval.")] = RateChoice.garwood,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Event rate per person-time, counts and exposure summed over rows."""
    table = open_table(source, columns)
    rows = []
    frame = table.numbers(events, exposure)
    for name in (events, exposure):
        finite_vector(frame[name], name)
    for name, part, without in table.groups(by, frame):
        count = check_count(float(part[events].sum()), events)
        if (part[events] < 0).any() or (part[exposure] < 0).any():
            raise StatisticsError("STA-304", f"'{events}' and '{exposure}' must not be negative.")
        total = float(part[exposure].sum())
        found = poisson_rate(count, total, per=per, method=method.value, alpha=alpha)
        rows.append({"group": name, **asdict(found), "rows_without_group": without})
    if not rows:
        raise StatisticsError("STA-221", f"Column '{by or events}' is empty; nobody was at risk.")
    write_table(pd.DataFrame(rows), output, table)


def compare_proportions(
    source: Source,
    *,
    response: Annotated[str, typer.Option(help="Column of 1 (yes) and 0 (no), empty = missing.")],
    group: Annotated[str, typer.Option(help="Column of two groups.")],
    first: Annotated[str, typer.Option(help="Group that differences start from.")],
    strata: Annotated[str, typer.Option(help="Columns of strata, comma-separated.")] = "",
    continuity: Annotated[bool, typer.Option(help="Correct the test for continuity.")] = False,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Two proportions over strata: common difference, ratios, exact odds ratio, CMH test."""
    table = open_table(source, columns)
    names = names_of(strata)
    frame = pd.DataFrame({name: table.keys(name) for name in (group, *names)})
    answers = table.flags(response)
    complete = frame.notna().all(axis=1) & answers.notna()
    if not complete.all():
        table.csv.notes.append(f"{int((~complete).sum())} rows lack something; left out.")
    frame = frame[complete]
    stratum = joined_labels(frame, names)
    counts = count_strata(answers[complete], frame[group], stratum, first=first)
    common = mantel_haenszel(counts, continuity=continuity, alpha=alpha)
    exact = conditional_odds_ratio(counts, alpha=alpha)
    newcombe = stratified_difference(counts, alpha=alpha)
    score = stratified_difference(counts, method="miettinen_nurminen", alpha=alpha)
    nan = float("nan")
    rows: list[tuple[str, Any, float]] = [
        ("difference", common.risk_difference, nan), ("difference", newcombe, nan),
        ("difference", score, score.p_value), ("odds ratio", common.odds_ratio, nan),
        ("risk ratio", common.risk_ratio, nan), ("odds ratio", exact, exact.p_value),
    ]  # fmt: skip
    shared = {"statistic": nan, "strata": common.strata, "left_out": common.strata_left_out}
    found = [
        {
            "measure": measure, "estimate": each.estimate, "ci_lower": each.ci_lower,
            "ci_upper": each.ci_upper, "p_value": p, **shared, "method": each.method,
        }
        for measure, each, p in rows
    ]  # fmt: skip
    test = shared | {"statistic": common.statistic, "method": common.method}
    found.append({"measure": "test", "p_value": common.p_value, **test})
    write_table(pd.DataFrame(found), output, table)
