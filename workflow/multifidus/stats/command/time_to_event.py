"""Survival from the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import pandas as pd
import typer

from multifidus.base.user_table import ColumnNames, write_table
from multifidus.stats.command.user_table import (
    Alpha,
    Output,
    Source,
    joined_labels,
    model_frame,
    names_of,
    open_table,
    reference_levels,
)
from multifidus.stats.regression.cox import cox
from multifidus.stats.survival import kaplan_meier, log_rank

__all__ = ["fit_cox", "log_rank_test", "survival_curve"]


class LimitChoice(StrEnum):
    """Scale of the survival limits."""

    log_log = "log_log"
    log = "log"
    plain = "plain"


class TiesChoice(StrEnum):
    """Ties of event times."""

    efron = "efron"
    breslow = "breslow"


class CoxTable(StrEnum):
    """Which table of the fit is written."""

    coefficients = "coefficients"
    fit = "fit"


def survival_curve(
    source: Source,
    *,
    time: Annotated[str, typer.Option(help="Column of follow-up times.")],
    event: Annotated[str, typer.Option(help="Column of 1 (event) and 0 (censored).")],
    limits: Annotated[LimitChoice, typer.Option(help="Scale of limits.")] = LimitChoice.log_log,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Kaplan-Meier curve, one row per participant in, one row per time out."""
    table = open_table(source, columns)
    curve = kaplan_meier(
        table.numbers(time)[time], table.flags(event), limits=limits.value, alpha=alpha
    )
    names = ("time", "at_risk", "events", "censored", "survival", "se", "ci_lower", "ci_upper")
    write_table(pd.DataFrame({name: getattr(curve, name) for name in names}), output, table)


def log_rank_test(
    source: Source,
    *,
    time: Annotated[str, typer.Option(help="Column of follow-up times.")],
    event: Annotated[str, typer.Option(help="Column of 1 (event) and 0 (censored).")],
    group: Annotated[str, typer.Option(help="Column of groups.")],
    strata: Annotated[str, typer.Option(help="Columns of strata, comma-separated.")] = "",
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Log-rank test of two or more groups, stratified or not."""
    table = open_table(source, columns)
    names = names_of(strata)
    frame = pd.DataFrame({name: table.keys(name) for name in dict.fromkeys((group, *names))})
    numbers = pd.DataFrame({"t": table.numbers(time)[time], "e": table.flags(event)})
    complete = frame.notna().all(axis=1) & numbers.notna().all(axis=1)
    if not complete.all():
        table.csv.notes.append(f"{int((~complete).sum())} rows lack something; left out.")
    frame, numbers = frame[complete], numbers[complete]
    labels = joined_labels(frame, names) if names else None
    found = log_rank(numbers["t"], numbers["e"], frame[group], labels)
    rows = pd.DataFrame(
        {
            "group": sorted(frame[group].unique()),
            "observed": found.observed,
            "expected": found.expected,
        }
    )
    rows = rows.assign(
        statistic=found.statistic, df=found.df, p_value=found.p_value, method=found.method
    )
    write_table(rows, output, table)


def fit_cox(
    source: Source,
    *,
    time: Annotated[str, typer.Option(help="Column of follow-up times.")],
    event: Annotated[str, typer.Option(help="Column of 1 (event) and 0 (censored).")],
    terms: Annotated[str, typer.Option(help="For instance 'arm + age'.")],
    strata: Annotated[str, typer.Option(help="Columns of strata, comma-separated.")] = "",
    reference: Annotated[list[str] | None, typer.Option(help="FACTOR=LEVEL, repeatable.")] = None,
    ties: Annotated[TiesChoice, typer.Option(help="Ties.")] = TiesChoice.efron,
    table: Annotated[CoxTable, typer.Option(help="Table to write.")] = CoxTable.coefficients,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Cox regression: hazard ratios with Wald and profile limits."""
    table_read = open_table(source, columns)
    levels, names = reference_levels(reference), names_of(strata)
    frame = model_frame(
        table_read, terms, numbers=(time, event), texts=tuple(names), factors=set(levels)
    )
    fit = cox(
        frame, terms, time=time, event=event, strata=names, reference=levels, ties=ties.value,
        alpha=alpha,
    )  # fmt: skip
    table_read.csv.notes.append(
        f"{fit.participants} rows are used; {fit.rows_incomplete} lack something."
    )
    found = fit.table()
    if table is CoxTable.fit:
        kept = {k: v for k, v in vars(fit).items() if k not in ("coefficients", "covariance")}
        found = pd.DataFrame([kept])
    write_table(found, output, table_read)
