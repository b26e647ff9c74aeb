"""Logistic and negative binomial regression from the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from multifidus.base.user_table import ColumnNames, write_table
from multifidus.stats.command.user_table import (
    Alpha,
    Output,
    Source,
    model_frame,
    open_table,
    reference_levels,
)
from multifidus.stats.regression.counts import negative_binomial
from multifidus.stats.regression.logistic import logistic

__all__ = ["fit_logistic", "fit_negative_binomial"]


class InformationChoice(StrEnum):
    """Where standard errors come from."""

    observed = "observed"
    expected = "expected"


def fit_logistic(
    source: Source,
    *,
    outcome: Annotated[str, typer.Option(help="Column of 1 (yes) and 0 (no).")],
    terms: Annotated[str, typer.Option(help="For instance 'arm + baseline'.")],
    reference: Annotated[list[str] | None, typer.Option(help="FACTOR=LEVEL, repeatable.")] = None,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Logistic regression: odds ratios with Wald and profile limits."""
    table = open_table(source, columns)
    levels = reference_levels(reference)
    frame = model_frame(table, terms, numbers=(outcome,), factors=set(levels))
    fit = logistic(frame, outcome, terms, reference=levels, alpha=alpha)
    table.csv.notes.append(
        f"{fit.participants} rows are used; {fit.rows_incomplete} lack something."
    )
    write_table(fit.table(), output, table)


def fit_negative_binomial(
    source: Source,
    *,
    outcome: Annotated[str, typer.Option(help="Column of numbers of events.")],
    terms: Annotated[str, typer.Option(help="For instance 'arm + baseline'.")],
    exposure: Annotated[str, typer.Option(help="Column of time at risk, the offset.")] = "",
    reference: Annotated[list[str] | None, typer.Option(help="FACTOR=LEVEL, repeatable.")] = None,
    information: Annotated[
        InformationChoice, typer.Option(help="Observed (SAS) or expected (R).")
    ] = InformationChoice.observed,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Negative binomial regression: rate ratios with Wald limits."""
    table = open_table(source, columns)
    levels = reference_levels(reference)
    numbers = (outcome, exposure) if exposure else (outcome,)
    frame = model_frame(table, terms, numbers=numbers, factors=set(levels))
    fit = negative_binomial(
        frame, outcome, terms, exposure=exposure or None, reference=levels,
        information=information.value, alpha=alpha,
    )  # fmt: skip
    table.csv.notes.append(
        f"{fit.participants} rows are used; {fit.rows_incomplete} lack something."
    )
    write_table(fit.table(), output, table)
