"""The statistics engine from the command line, on a user's own CSV file.

Each command reads one CSV (UTF-8, header row, empty cell = missing) and writes CSV to standard
output or to ``--output``, so results can be piped.
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from multifidus.base.errors import StatisticsError
from multifidus.base.files import write_csv
from multifidus.stats.estimates import as_frame
from multifidus.stats.inputs import check_count, finite_vector
from multifidus.stats.means import paired_change
from multifidus.stats.mmrm.model import MmrmFit, mmrm
from multifidus.stats.pooling import pool
from multifidus.stats.proportions import proportion
from multifidus.stats.rates import poisson_rate
from multifidus.stats.survival import kaplan_meier

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Statistics on your own CSV: mixed model, paired change, proportions, rates, survival.",
)

Source = Annotated[Path, typer.Argument(help="CSV file, UTF-8, with a header row.")]
Output = Annotated[Path | None, typer.Option(help="Write here instead of standard output.")]
Alpha = Annotated[float, typer.Option(help="One minus the confidence level.")]


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


def _read(source: Path, *columns: str) -> pd.DataFrame:
    """Read the CSV and check that it has the named columns."""
    try:
        frame = pd.read_csv(source)
    except FileNotFoundError:
        raise StatisticsError(
            "STA-301", f"There is no file {source.name}; check the path."
        ) from None
    except (ValueError, OSError):
        raise StatisticsError(
            "STA-301", f"{source.name} cannot be read as a UTF-8 CSV with a header row."
        ) from None
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise StatisticsError(
            "STA-302", f"{source.name} has no column {', '.join(absent)}; its header names others."
        )
    return frame


def _write(frame: pd.DataFrame, output: Path | None) -> None:
    if output is None:
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        write_csv(output, frame)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, level = text.partition("=")
    if not sign or not name or not level:
        raise StatisticsError("STA-303", f"Write {option} as NAME=LEVEL, for instance arm=control.")
    return name, level


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
    output: Output = None,
) -> None:
    """Fit a mixed model for repeated measures, one row per participant and visit."""
    frame = _read(source, subject, visit)
    levels = dict(_pair(text, "--reference") for text in reference or [])
    order = [level.strip() for level in visit_order.split(",")] if visit_order else None
    if order is not None:
        frame[visit] = frame[visit].astype("str")
    for name in levels:
        if name in frame.columns:
            frame[name] = frame[name].astype("str").where(frame[name].notna())
    fit = mmrm(
        frame, formula, subject=subject, visit=visit, covariance=covariance, reml=reml,
        df_method=df.value, reference=levels, visit_order=order, alpha=alpha,
    )  # fmt: skip
    factors = tuple(name.strip() for name in by.split(",") if name.strip()) or (visit,)
    _write(_fit_table(fit, table, factors, levels), output)


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
        result.insert(0, "visit", list(fit.visits))
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
    output: Output = None,
) -> None:
    """Paired change with its t interval, one row per participant."""
    frame = _read(source, baseline, follow_up)
    result = asdict(paired_change(frame[baseline], frame[follow_up], alpha))
    rank = result.pop("signed_rank")
    result["signed_rank_p_value"] = rank["p_value"]
    result["signed_rank_method"] = rank["method"]
    _write(pd.DataFrame([result]), output)


@app.command("proportion")
def one_proportion(
    source: Source,
    *,
    response: Annotated[str, typer.Option(help="Column of 1 (yes) and 0 (no), empty = missing.")],
    by: Annotated[str, typer.Option(help="Column of groups.")] = "",
    method: Annotated[ProportionChoice, typer.Option(help="Interval.")] = ProportionChoice.wilson,
    alpha: Alpha = 0.05,
    output: Output = None,
) -> None:
    """Proportion of responders with its interval, one row per participant."""
    frame = _read(source, response, *([by] if by else []))
    frame = frame[frame[response].notna()]
    values = pd.to_numeric(frame[response], errors="coerce")
    if not values.isin([0, 1]).all():
        raise StatisticsError("STA-304", f"Column {response} must hold 1, 0 or nothing.")
    groups = frame[by].astype("str") if by else pd.Series("all", index=frame.index)
    rows = []
    for name, part in values.groupby(groups, sort=True):
        found = proportion(int(part.sum()), len(part), method=method.value, alpha=alpha)
        rows.append({"group": name, **asdict(found)})
    if not rows:
        raise StatisticsError("STA-211", f"Column {response} is empty; there is no denominator.")
    _write(pd.DataFrame(rows), output)


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
    output: Output = None,
) -> None:
    """Event rate per person-time, counts and exposure summed over rows."""
    frame = _read(source, events, exposure, *([by] if by else []))
    groups = frame[by].astype("str") if by else pd.Series("all", index=frame.index)
    rows = []
    for name, part in frame.groupby(groups, sort=True):
        count = check_count(float(finite_vector(part[events], events).sum()), events)
        total = float(finite_vector(part[exposure], exposure).sum())
        found = poisson_rate(count, total, per=per, method=method.value, alpha=alpha)
        rows.append({"group": name, **asdict(found)})
    _write(pd.DataFrame(rows), output)


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
    output: Output = None,
) -> None:
    """Pool estimates over imputations by Rubin's rules."""
    if bool(variance) == bool(se):
        raise StatisticsError("STA-303", "Give exactly one of --variance and --se.")
    frame = _read(source, estimate, variance or se)
    spread = finite_vector(frame[variance or se], variance or se) ** (1 if variance else 2)
    found = pool(
        frame[estimate], spread, df_complete=df_complete, df_rule=df_rule.value, alpha=alpha
    )
    _write(as_frame([found]), output)


@app.command("survival")
def survival_curve(
    source: Source,
    *,
    time: Annotated[str, typer.Option(help="Column of follow-up times.")],
    event: Annotated[str, typer.Option(help="Column of 1 (event) and 0 (censored).")],
    limits: Annotated[LimitChoice, typer.Option(help="Scale of limits.")] = LimitChoice.log_log,
    alpha: Alpha = 0.05,
    output: Output = None,
) -> None:
    """Kaplan-Meier curve, one row per participant in, one row per time out."""
    frame = _read(source, time, event)
    curve = kaplan_meier(frame[time], frame[event], limits=limits.value, alpha=alpha)
    names = ("time", "at_risk", "events", "censored", "survival", "se", "ci_lower", "ci_upper")
    _write(pd.DataFrame({name: getattr(curve, name) for name in names}), output)
