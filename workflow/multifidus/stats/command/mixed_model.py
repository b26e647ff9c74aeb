"""The mixed model from the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

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
from multifidus.stats.mmrm.comparison import likelihood_ratio
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
    likelihood_ratio = "likelihood_ratio"


class SandwichChoice(StrEnum):
    """Empirical covariance of the coefficients."""

    cr0 = "cr0"
    cr2 = "cr2"
    cr3 = "cr3"


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
    group: Annotated[str, typer.Option(help="Groups with covariances of their own.")] = "",
    sandwich: Annotated[SandwichChoice | None, typer.Option(help="Empirical covariance.")] = None,
    average: Annotated[bool, typer.Option(help="Average differences over other factors.")] = False,
    adjust: Annotated[Adjustment, typer.Option(help="Of differences.")] = Adjustment.none,
    against: Annotated[str, typer.Option(help="Simpler covariance to test.")] = "",
    reml: Annotated[bool, typer.Option("--reml/--ml", help="Restricted or full ML.")] = True,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Fit a mixed model for repeated measures, one row per participant and visit."""
    table_read = open_table(source, columns)
    levels = reference_levels(reference)
    order = names_of(visit_order) or None
    keys = dict.fromkeys((subject, visit, *([group] if group else [])))
    frame = model_frame(table_read, formula, texts=tuple(keys), factors=set(levels))
    factors = tuple(names_of(by)) or (visit,)

    def fitted(structure: str, **choices: Any) -> MmrmFit:
        return mmrm(
            frame, formula, subject=subject, visit=visit, covariance=structure, reml=reml,
            df_method=df.value, reference=levels, visit_order=order, alpha=alpha,
            group=group or None, sandwich=None if sandwich is None else sandwich.value, **choices,
        )  # fmt: skip

    fit = fitted(covariance)
    table_read.csv.notes.append(_rows_used(fit))
    if table is MmrmTable.differences:
        found = adjusted_differences(fit.lsmeans(factors), factors, levels, adjust, average=average)
    elif table is MmrmTable.likelihood_ratio:
        if not against:
            raise StatisticsError("STA-303", "Name the simpler covariance to test: --against.")
        smaller = fitted(against, fallback=())
        found = as_frame([likelihood_ratio(smaller, fitted(covariance, fallback=()))])
    else:
        found = _fit_table(fit, table, factors)
    write_table(found, output, table_read)


def _rows_used(fit: MmrmFit) -> str:
    return (
        f"{fit.rows_used} of {fit.rows_read} rows are used; {fit.rows_without_outcome} have no "
        f"outcome and {fit.rows_without_covariate} lack a factor or covariate."
    )


def _fit_table(fit: MmrmFit, table: MmrmTable, factors: tuple[str, ...]) -> pd.DataFrame:
    """Return the table asked for."""
    if table is MmrmTable.lsmeans:
        return fit.lsmeans(factors).table()
    if table is MmrmTable.type3:
        return as_frame(fit.type3())
    if table is MmrmTable.covariance:
        result = pd.DataFrame(fit.covariance, columns=list(fit.visits))
        result.insert(0, "visit", list(fit.visits), allow_duplicates=True)
        return result
    if table is MmrmTable.fit:
        return pd.DataFrame([fit.summary()])
    return fit.coefficient_table()
