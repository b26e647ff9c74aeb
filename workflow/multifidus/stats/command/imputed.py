"""A difference of two arms after imputation, from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
import typer

from multifidus.base.errors import StatisticsError
from multifidus.base.user_table import ColumnNames, write_table
from multifidus.stats.command.user_table import Alpha, Output, Source, names_of, open_table
from multifidus.stats.estimates import as_frame
from multifidus.stats.imputation.analysis import regress_imputations
from multifidus.stats.imputation.conditional_mean import jackknife_difference
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.mmrm.factors import visit_levels
from multifidus.stats.pooling import PooledEstimate, pool

if TYPE_CHECKING:
    from multifidus.base.user_table import UserTable

__all__ = ["imputed_difference"]


class StrategyChoice(StrEnum):
    """What is assumed after the intercurrent event."""

    mar = "mar"
    j2r = "j2r"
    cr = "cr"
    cir = "cir"
    j2b = "j2b"
    lmcf = "lmcf"


class AfterChoice(StrEnum):
    """What becomes of values after the event."""

    drop = "drop"
    keep = "keep"


class CovarianceChoice(StrEnum):
    """One covariance, or one for each arm."""

    common = "common"
    by_arm = "by_arm"


class MethodChoice(StrEnum):
    """How values are imputed."""

    multiple = "multiple"
    conditional_mean = "conditional_mean"


def imputed_difference(
    source: Source,
    *,
    subject: Annotated[str, typer.Option(help="Column of the participant.")],
    visit: Annotated[str, typer.Option(help="Column of the visit.")],
    outcome: Annotated[str, typer.Option(help="Column of the outcome, empty = missing.")],
    arm: Annotated[str, typer.Option(help="Column of two arms.")],
    reference: Annotated[str, typer.Option(help="The reference arm.")],
    at: Annotated[str, typer.Option(help="Visit to compare; the last if none is given.")] = "",
    covariates: Annotated[str, typer.Option(help="Columns of numbers, comma-separated.")] = "",
    event: Annotated[
        str, typer.Option(help="Column of the first visit after the event; empty = no event.")
    ] = "",
    strategy: Annotated[StrategyChoice, typer.Option(help="Strategy.")] = StrategyChoice.mar,
    after_event: Annotated[AfterChoice, typer.Option(help="Values after it.")] = AfterChoice.drop,
    level: Annotated[float | None, typer.Option(help="Mean at baseline, for j2b.")] = None,
    covariance: Annotated[
        CovarianceChoice, typer.Option(help="Common or by arm.")
    ] = CovarianceChoice.common,
    method: Annotated[MethodChoice, typer.Option(help="Imputation.")] = MethodChoice.multiple,
    imputations: Annotated[int, typer.Option(help="Number of imputations.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of multiple imputation.")] = 1,
    visit_order: Annotated[str, typer.Option(help="Visits in order, comma-separated.")] = "",
    alpha: Alpha = 0.05,
    columns: ColumnNames = None,
    output: Output = None,
) -> None:
    """Difference of two arms at a visit after imputation, one row per participant and visit."""
    table = open_table(source, columns)
    trial = _trial(table, (subject, visit, outcome, arm), names_of(covariates), event, visit_order)
    if at and at not in trial.visits:
        raise StatisticsError("STA-303", "--at must be one of the file's visits.")
    place = trial.visits.index(at) if at else len(trial.visits) - 1
    choices: dict[str, Any] = {
        "reference": reference, "strategy": strategy.value, "level": level, "event": trial.event,
        "after_event": after_event.value, "covariance": covariance.value,
    }  # fmt: skip
    given = trial.covariates if trial.covariates.shape[1] else None
    if method is MethodChoice.conditional_mean:
        found: object = jackknife_difference(
            trial.outcomes, given, trial.arm, visit=place + 1, alpha=alpha, **choices
        )
    else:
        drawn = impute(
            trial.outcomes, given, arm=trial.arm, imputations=imputations, seed=seed, **choices
        )
        found = _pooled(trial, drawn.completed[:, :, place], reference, alpha)
        table.csv.notes.append(f"{drawn.method}.")
    write_table(as_frame([found]).assign(visit=trial.visits[place]), output, table)


@dataclass(frozen=True)
class _Trial:
    """Participants by visits with their arm, covariates and events."""

    outcomes: np.ndarray
    visits: tuple[Any, ...]
    arm: np.ndarray
    covariates: np.ndarray
    event: np.ndarray | None


def _pooled(trial: _Trial, completed: np.ndarray, reference: str, alpha: float) -> PooledEstimate:
    """Return the pooled difference of the two arms, adjusted for the covariates."""
    if len(set(trial.arm)) != 2:  # noqa: PLR2004 - a difference has two sides
        raise StatisticsError("STA-255", "The column of --arm must hold two arms.")
    other = (trial.arm != reference).astype(float)
    design = np.column_stack([np.ones(len(other)), other, trial.covariates])
    weights = np.eye(design.shape[1])[1]
    estimates, variances, df = regress_imputations(completed, design, weights)
    return pool(estimates, variances, df_complete=df, alpha=alpha)


def _trial(
    table: UserTable,
    names: tuple[str, str, str, str],
    covariates: list[str],
    event: str,
    visit_order: str,
) -> _Trial:
    """Return the file's trial; ``names`` are participant, visit, outcome and arm."""
    subject, visit, outcome, arm = names
    keys = {name: table.keys(name) for name in (subject, visit)}
    for name, column in keys.items():
        if column.isna().any():
            raise StatisticsError("STA-105", f"{int(column.isna().sum())} rows lack `{name}`.")
    order = visit_levels(keys[visit], visit, names_of(visit_order) or None)
    wide = _wide(keys[subject], keys[visit], table.numbers(outcome)[outcome], order)
    people = wide.index
    z = np.zeros((len(people), len(covariates)))
    for place, name in enumerate(covariates):
        z[:, place] = _constant(keys[subject], table.numbers(name)[name], people, name)
    return _Trial(
        wide.to_numpy(), order, _constant(keys[subject], table.keys(arm), people, arm), z,
        _events(table, keys[subject], people, event, order),
    )  # fmt: skip


def _wide(
    subject: pd.Series[Any],
    visit: pd.Series[Any],
    outcome: pd.Series[float],
    order: tuple[Any, ...],
) -> pd.DataFrame:
    """Return outcomes, participants by visits; refuse a repeated pair (``STA-106``)."""
    frame = pd.DataFrame({"s": subject, "v": visit, "y": outcome})
    repeated = int(frame.duplicated(["s", "v"]).sum())
    if repeated:
        raise StatisticsError(
            "STA-106", f"{repeated} rows repeat a participant and visit; keep one record per visit."
        )
    people = pd.Index(sorted(frame["s"].unique()), name="s")
    wide = np.full((len(people), len(order)), np.nan)
    wide[people.get_indexer(frame["s"]), pd.Index(order).get_indexer(frame["v"])] = frame["y"]
    return pd.DataFrame(wide, index=people)


def _constant(
    subject: pd.Series[Any], column: pd.Series[Any], people: pd.Index[Any], name: str
) -> np.ndarray:
    """Return one value per participant; refuse one that varies or is missing (``STA-304``)."""
    found = column.groupby(subject)
    distinct = found.agg("nunique")
    wrong = int(((distinct != 1) | (found.count() != found.size())).sum())
    if wrong:
        raise StatisticsError(
            "STA-304",
            f"Column '{name}' must hold one value for all rows of a participant; for {wrong} "
            "participants it does not.",
        )
    return np.asarray(found.first().reindex(people).to_numpy())


def _events(
    table: UserTable,
    subject: pd.Series[Any],
    people: pd.Index[Any],
    event: str,
    order: tuple[Any, ...],
) -> np.ndarray | None:
    """Return the number of the first visit after the event, ``NaN`` for none."""
    if not event:
        return None
    visits = table.keys(event)
    found = visits.groupby(subject)
    distinct = found.agg("nunique")
    several = int((distinct > 1).sum())
    first = found.first().reindex(people)
    unknown = int((first.notna() & ~first.isin(order)).sum())
    if several or unknown:
        raise StatisticsError(
            "STA-304",
            f"Column '{event}' must hold one of the visits, or nothing, for each participant; for "
            f"{several + unknown} participants it does not.",
        )
    place = pd.Index(order).get_indexer(first.where(first.notna(), order[0])) + 1.0
    return np.where(first.isna(), np.nan, place)
