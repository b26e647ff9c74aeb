"""The mixed model from the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from multifidus.base.errors import StatisticsError
from multifidus.base.user_table import ColumnNames, write_table
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
from multifidus.stats.mmrm.model import mmrm

if TYPE_CHECKING:
    from multifidus.stats.mmrm.result import MmrmFit

__all__ = ["fit_mmrm"]


class DfChoice(StrEnum):
    """Degrees of freedom of the mixed model."""

    kenward_roger = "kenward_roger"
    kenward_roger_linear = "kenward_roger_linear"
    satterthwaite = "satterthwaite"


class MmrmTable(StrEnum):
    """Which table of the fit is written."""

    coefficients = "coefficients"
    lsmeans = "lsmeans"
    differences = "differences"
    type3 = "type3"
    covariance = "covariance"
    fit = "fit"


def fit_mmrm(
    source: Source,
    *,
    formula: Annotated[str, typer.Option(help="For instance 'change ~ arm*visit + base:visit'.")],
    subject: Annotated[str, typer.Option(help="Column of the participant.")],
    visit: Annotated[str, typer.Option(help="Column of the visit.")],
    table: Annotated[MmrmTable, typer.Option(help="Table to write.")] = MmrmTable.coefficients,
    by: Annotated[str, typer.Option(help="Factors of the LS means, comma-separated.")] = "",
    reference: Annotated[list[str] | None, typer.Option(help="FACTOR=LEVEL, repeatable.")] = None,
    visit_order: Annotated[str, typer.Option(help="Visits in order, comma-separated.")] = "",
    covariance: Annotated[str, typer.Option(help="Covariance structure.")] = "unstructured",
    df: Annotated[DfChoice, typer.Option(help="Degrees of freedom.")] = DfChoice.kenward_roger,
    reml: Annotated[bool, typer.Option("--reml/--ml", help="Restricted or full ML.")] = True,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Fit a mixed model for repeated measures, one row per participant and visit."""
    table_read = open_table(source, columns)
    levels = reference_levels(reference)
    order = [level.strip() for level in visit_order.split(",")] if visit_order else None
    frame = model_frame(table_read, formula, texts=(subject, visit), factors=set(levels))
    fit = mmrm(
        frame, formula, subject=subject, visit=visit, covariance=covariance, reml=reml,
        df_method=df.value, reference=levels, visit_order=order, alpha=alpha,
    )  # fmt: skip
    table_read.csv.notes.append(
        f"{fit.rows_used} of {fit.rows_read} rows are used; {fit.rows_without_outcome} have no "
        f"outcome and {fit.rows_without_covariate} lack a factor or covariate."
    )
    factors = tuple(names_of(by)) or (visit,)
    write_table(_fit_table(fit, table, factors, levels), output, table_read)


def _fit_table(
    fit: MmrmFit, table: MmrmTable, factors: tuple[str, ...], levels: dict[str, str]
) -> pd.DataFrame:
    """Return the table asked for."""
    if table is MmrmTable.lsmeans:
        return fit.lsmeans(factors).table()
    if table is MmrmTable.differences:
        if factors[0] not in levels:
            raise StatisticsError(
                "STA-303", "Differences run over the first factor of --by; give its --reference."
            )
        return as_frame(fit.lsmeans(factors).differences(factors[0], levels[factors[0]]))
    if table is MmrmTable.type3:
        return as_frame(fit.type3())
    if table is MmrmTable.covariance:
        result = pd.DataFrame(fit.covariance, columns=list(fit.visits))
        result.insert(0, "visit", list(fit.visits), allow_duplicates=True)
        return result
    if table is MmrmTable.fit:
        return pd.DataFrame([fit.summary()])
    return fit.coefficient_table()
