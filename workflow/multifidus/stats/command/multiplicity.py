"""Pooling over imputations, and p values of several comparisons, from the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
import typer

from multifidus.base.errors import StatisticsError
from multifidus.base.user_table import ColumnNames, write_table
from multifidus.stats.command.user_table import Alpha, Output, Source, open_table
from multifidus.stats.estimates import as_frame
from multifidus.stats.multiplicity import dunnett, holm
from multifidus.stats.pooling import pool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.stats.mmrm.marginal_means import MarginalMeans

__all__ = ["Adjustment", "adjust_p", "adjusted_differences", "pool_estimates"]


class PoolChoice(StrEnum):
    """Degrees of freedom of a pooled estimate."""

    barnard_rubin = "barnard_rubin"
    rubin_1987 = "rubin_1987"


class Adjustment(StrEnum):
    """Adjustment of several differences from one reference."""

    none = "none"
    holm = "holm"
    dunnett = "dunnett"


def pool_estimates(
    source: Source,
    *,
    estimate: Annotated[str, typer.Option(help="Column of estimates, one row per imputation.")],
    variance: Annotated[str, typer.Option(help="Column of variances (squared SE).")] = "",
    se: Annotated[str, typer.Option(help="Column of standard errors, instead.")] = "",
    df_complete: Annotated[float, typer.Option(help="Complete-data df.")] = np.inf,
    df_rule: Annotated[PoolChoice, typer.Option(help="df rule.")] = PoolChoice.barnard_rubin,
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Pool estimates over imputations by Rubin's rules."""
    if bool(variance) == bool(se):
        raise StatisticsError("STA-303", "Give exactly one of --variance and --se.")
    table = open_table(source, columns)
    frame = table.numbers(estimate, variance or se)
    spread = frame[variance or se]
    if (spread < 0).any():
        raise StatisticsError("STA-232", f"'{variance or se}' must not be negative.")
    found = pool(
        frame[estimate], spread if variance else spread**2,
        df_complete=df_complete, df_rule=df_rule.value, alpha=alpha,
    )  # fmt: skip
    write_table(as_frame([found]), output, table)


def adjust_p(
    source: Source,
    *,
    p: Annotated[str, typer.Option(help="Column of p values; empty = no comparison.")],
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Holm's adjusted p values, one row per comparison, as a further column ``p_holm``."""
    table = open_table(source, columns)
    found = pd.DataFrame({"p_holm": holm(table.numbers(p)[p])}, index=table.text.index)
    write_table(table.add(found), output, table)


def adjusted_differences(
    means: MarginalMeans,
    factors: tuple[str, ...],
    levels: Mapping[str, str],
    adjust: Adjustment,
    *,
    average: bool = False,
) -> pd.DataFrame:
    """Return differences from the reference of the first factor, with adjusted p and limits.

    Raises
    ------
    StatisticsError
        ``STA-303`` without a reference level of the first factor.
    """
    if factors[0] not in levels:
        raise StatisticsError(
            "STA-303", "Differences run over the first factor of --by; give its --reference."
        )
    found = means.differences(factors[0], levels[factors[0]], average=average)
    frame = as_frame(found)
    if adjust is Adjustment.holm:
        return frame.assign(p_adjusted=holm(frame["p_value"]), adjustment="Holm")
    if adjust is Adjustment.dunnett:
        both = means.difference_covariance(factors[0], levels[factors[0]], average=average)
        joint = dunnett(frame["estimate"], both, float(frame["df"].min()), alpha=means.alpha)
        return frame.assign(
            p_adjusted=joint.p_value, ci_lower_adjusted=joint.ci_lower,
            ci_upper_adjusted=joint.ci_upper, adjustment=joint.method,
        )  # fmt: skip
    return frame
