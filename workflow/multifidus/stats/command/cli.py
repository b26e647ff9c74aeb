"""The statistics engine from the command line, on a user's own CSV file.

Each command reads one CSV (UTF-8, header row; only an empty cell is missing) and writes CSV to
standard output or to ``--output``, so results can be piped. Notes on how the file was read go to
standard error.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
import typer

from multifidus.base.errors import StatisticsError
from multifidus.base.user_table import ColumnNames, write_table
from multifidus.stats.command.user_table import (
    Alpha,
    Output,
    Source,
    name_and_value,
    names_of,
    open_table,
)
from multifidus.stats.estimates import as_frame
from multifidus.stats.inputs import check_count, finite_vector
from multifidus.stats.means import paired_change
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.pooling import pool
from multifidus.stats.proportions import proportion
from multifidus.stats.rates import poisson_rate
from multifidus.stats.survival import kaplan_meier

if TYPE_CHECKING:
    from multifidus.base.user_table import UserTable
    from multifidus.stats.mmrm.result import MmrmFit

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Statistics on your own CSV: mixed model, paired change, proportions, rates, survival.",
)


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


class PoolChoice(StrEnum):
    """Degrees of freedom of a pooled estimate."""

    barnard_rubin = "barnard_rubin"
    rubin_1987 = "rubin_1987"


class LimitChoice(StrEnum):
    """Scale of the survival limits."""

    log_log = "log_log"
    log = "log"
    plain = "plain"


@app.command("mmrm")
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
    levels = dict(name_and_value(text, "--reference", "arm=control") for text in reference or [])
    order = [level.strip() for level in visit_order.split(",")] if visit_order else None
    frame = _model_frame(table_read, formula, (subject, visit), set(levels))
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


def _model_frame(
    table: UserTable, formula: str, keys: tuple[str, str], factors: set[str]
) -> pd.DataFrame:
    """Return the columns that the model may use: ids, visits and factors as text, else numbers."""
    columns = {name: table.keys(name) for name in keys}
    for name in table.csv.frame.columns:
        word = re.escape(str(name))
        if name in columns or not re.search(rf"(?<![\w.]){word}(?!\w)", formula):
            continue
        factor = name in factors or re.search(rf"\bC\(\s*`?{word}\b", formula)
        columns[name] = table.keys(name) if factor else table.values(name)
    return pd.DataFrame(columns)


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


@app.command("change")
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


@app.command("proportion")
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


@app.command("rate")
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


@app.command("pool")
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


@app.command("survival")
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
