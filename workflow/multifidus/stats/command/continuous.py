"""Means, ranks and analysis of covariance from the command line."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import pandas as pd
import typer

from multifidus.base.errors import StatisticsError
from multifidus.base.user_table import ColumnNames, write_table
from multifidus.stats.command.multiplicity import Adjustment, adjusted_differences
from multifidus.stats.command.user_table import (
    Alpha,
    Output,
    Source,
    model_frame,
    names_of,
    open_table,
    reference_levels,
)
from multifidus.stats.estimates import as_frame
from multifidus.stats.means import paired_change
from multifidus.stats.regression.linear import linear_model
from multifidus.stats.wilcoxon import centre_of_differences, shift_between_groups

__all__ = ["ancova", "change", "hodges_lehmann"]


class LinearTable(StrEnum):
    """Which table of the fit is written."""

    coefficients = "coefficients"
    lsmeans = "lsmeans"
    differences = "differences"
    type3 = "type3"


class WeightChoice(StrEnum):
    """Weights of least squares means."""

    equal = "equal"
    proportional = "proportional"


class SpreadChoice(StrEnum):
    """Covariance of the coefficients."""

    model = "model"
    hc3 = "hc3"


class RankLimitChoice(StrEnum):
    """Limits of a rank-based estimate."""

    exact = "exact"
    asymptotic = "asymptotic"


def change(
    source: Source,
    *,
    baseline: Annotated[str, typer.Option(help="Column of the baseline value.")],
    follow_up: Annotated[str, typer.Option(help="Column of the later value.")],
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Paired change with its t interval, one row per participant."""
    table = open_table(source, columns)
    frame = table.numbers(baseline, follow_up)
    found = paired_change(frame.iloc[:, 0], frame.iloc[:, -1], alpha)
    result = asdict(found)
    rank = result.pop("signed_rank")
    result["signed_rank_p_value"] = rank["p_value"]
    result["signed_rank_method"] = rank["method"]
    result["incomplete_pairs"] = len(frame) - found.n
    write_table(pd.DataFrame([result]), output, table)


def ancova(
    source: Source,
    *,
    outcome: Annotated[str, typer.Option(help="Column of the outcome.")],
    terms: Annotated[str, typer.Option(help="For instance 'arm + site + baseline'.")],
    table: Annotated[LinearTable, typer.Option(help="Table to write.")] = LinearTable.coefficients,
    by: Annotated[str, typer.Option(help="Factors of the LS means, comma-separated.")] = "",
    reference: Annotated[list[str] | None, typer.Option(help="FACTOR=LEVEL, repeatable.")] = None,
    weights: Annotated[WeightChoice, typer.Option(help="Of other factors.")] = WeightChoice.equal,
    covariance: Annotated[SpreadChoice, typer.Option(help="Variances.")] = SpreadChoice.model,
    adjust: Annotated[Adjustment, typer.Option(help="Of differences.")] = Adjustment.none,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Analysis of covariance with factors and covariates, one row per participant."""
    table_read = open_table(source, columns)
    levels = reference_levels(reference)
    frame = model_frame(table_read, terms, numbers=(outcome,), factors=set(levels))
    fit = linear_model(
        frame, outcome, terms, reference=levels, covariance=covariance.value, alpha=alpha
    )
    table_read.csv.notes.append(
        f"{fit.participants} rows are used; {fit.rows_incomplete} lack something."
    )
    if table is LinearTable.coefficients:
        found = fit.table()
    elif table is LinearTable.type3:
        found = as_frame(fit.type3())
    else:
        factors = tuple(names_of(by))
        if not factors:
            raise StatisticsError("STA-303", "LS means need their factors: give --by.")
        means = fit.lsmeans(factors, weights=weights.value)
        found = means.table()
        if table is LinearTable.differences:
            found = adjusted_differences(means, factors, levels, adjust)
    write_table(found, output, table_read)


def hodges_lehmann(
    source: Source,
    *,
    value: Annotated[str, typer.Option(help="Column of values, or of the later value.")],
    group: Annotated[str, typer.Option(help="Column of two groups.")] = "",
    first: Annotated[str, typer.Option(help="Group that the shift starts from.")] = "",
    baseline: Annotated[str, typer.Option(help="Column of the baseline: paired change.")] = "",
    method: Annotated[RankLimitChoice, typer.Option(help="Limits.")] = RankLimitChoice.exact,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Shift between two groups, or centre of paired changes, with rank-based limits."""
    if bool(group) == bool(baseline):
        raise StatisticsError("STA-303", "Give exactly one of --group and --baseline.")
    table = open_table(source, columns)
    values = table.numbers(value)[value]
    if baseline:
        change = values - table.numbers(baseline)[baseline]
        found = centre_of_differences(change, method=method.value, alpha=alpha)
    else:
        parts = {name: part for name, part, _ in table.groups(group, values.to_frame())}
        if len(parts) != 2 or first not in parts:  # noqa: PLR2004 - a shift has two sides
            raise StatisticsError(
                "STA-283", f"'{group}' must hold two groups, one of them that of --first."
            )
        one = parts.pop(first)[value]
        two = next(iter(parts.values()))[value]
        found = shift_between_groups(one, two, method=method.value, alpha=alpha)
    write_table(pd.DataFrame([asdict(found)]), output, table)
