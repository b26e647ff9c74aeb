"""``multifidus score``: raw answers of one CSV file to scores, other columns kept."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import typer

from multifidus.base.errors import DataError
from multifidus.base.files import csv_text, write_csv
from multifidus.contracts.check import check_table, parse_table
from multifidus.contracts.tables import TABLES
from multifidus.instruments.eq5d import level_sum_score, score_eq5d, value_set_named
from multifidus.instruments.errors import InstrumentError
from multifidus.instruments.mme import MmeRules, daily_doses, mme_per_day
from multifidus.instruments.mme_factors import (
    Substance,
    mme_factors_from_frame,
    mme_factors_named,
)
from multifidus.instruments.odi import ODI_SECTIONS, odi_band, score_odi
from multifidus.instruments.run import read_value_sets
from multifidus.instruments.value_sets import DIMENSIONS
from multifidus.instruments.vas import score_vas
from multifidus.literature.record.value_sets import load_mme_factors

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Score raw answers of a CSV file.")

Answers = Annotated[Path, typer.Argument(help="CSV file, one row per form or prescription.")]
Target = Annotated[
    Path | None, typer.Option("--output", "-o", help="CSV file to write; standard output if none.")
]
Literature = Annotated[Path, typer.Option("--literature", help="The literature folder.")]
_LITERATURE = Path("literature")
_DIGITS = 12


@app.command("vas")
def vas_command(
    answers: Answers,
    unit: Annotated[Literal["mm", "cm"], typer.Option(help="Unit of the column.")],
    column: Annotated[str, typer.Option(help="Column of the marks.")] = "vas_mm",
    output: Target = None,
) -> None:
    """Visual analogue scale to centimetres; the unit is declared, never guessed."""
    frame = _read(answers)
    marks = _numbers(frame, [column], answers)[column]
    _write(frame.assign(vas_cm=score_vas(marks, unit=unit)), output)


@app.command("odi")
def odi_command(
    answers: Answers,
    max_missing: Annotated[int, typer.Option(help="Sections that may be missing.")] = 1,
    output: Target = None,
) -> None:
    """Oswestry sections odi_01 to odi_10 to points and band."""
    frame = _read(answers)
    columns = [f"odi_{number:02d}" for number in range(1, ODI_SECTIONS + 1)]
    points = score_odi(_numbers(frame, columns, answers), max_missing=max_missing)
    _write(frame.assign(odi_points=points, odi_band=odi_band(points)), output)


@app.command("eq5d")
def eq5d_command(
    answers: Answers,
    value_set: Annotated[str, typer.Option(help="Id of the value set; there is no default.")],
    literature: Literature = _LITERATURE,
    output: Target = None,
) -> None:
    """EQ-5D-5L levels eq5d_mo to eq5d_ad to the index of a value set and the level sum score."""
    frame = _read(answers)
    levels = _numbers(frame, [f"eq5d_{name}" for name in DIMENSIONS], answers)
    weights = value_set_named(read_value_sets(literature / "value_sets"), value_set)
    index, total = score_eq5d(levels, weights), level_sum_score(levels)
    _write(frame.assign(eq5d_index=index, level_sum=total, value_set=weights.id), output)


@app.command("mme")
def mme_command(
    prescriptions: Answers,
    *,
    dates: Annotated[
        Path | None,
        typer.Option(help="CSV with participant_id and date: the total dose of each day."),
    ] = None,
    edition: Annotated[str, typer.Option(help="Edition of the factors.")] = "cdc_2022",
    as_needed: Annotated[
        Literal["maximum", "half", "exclude"], typer.Option(help="Doses taken as needed.")
    ] = "maximum",
    partial_dates: Annotated[
        Literal["longest", "shortest"], typer.Option(help="What incomplete dates allow.")
    ] = "longest",
    literature: Literature = _LITERATURE,
    output: Target = None,
) -> None:
    """Opioid prescriptions to morphine milligram equivalents a day.

    With --dates one row per question; without, one row per prescription, converted alone.
    """
    frame = _opioids(prescriptions)
    factors = mme_factors_named(
        mme_factors_from_frame(load_mme_factors(literature / "mme" / "factors.csv")), edition
    )
    rules = MmeRules(as_needed=as_needed, partial_dates=partial_dates)
    if dates is not None:
        asked = _read(dates)
        _need(asked, ["participant_id", "date"], dates)
        days = pd.to_datetime(asked["date"], format="%Y-%m-%d", errors="coerce")
        if days.isna().any():
            raise InstrumentError(
                "INS-053",
                f"{dates}: {int(days.isna().sum())} dates are not complete ISO dates; write "
                "YYYY-MM-DD.",
            )
        _write(
            asked.assign(mme=mme_per_day(frame, asked.assign(date=days), factors, rules)), output
        )
        return
    doses = daily_doses(frame, factors, rules)
    mme = np.zeros(len(doses))
    for (drug, route, unit), own in doses.groupby(["drug", "route", "dose_unit"]):
        substance = Substance(str(drug), str(route), str(unit))
        mme[own.index] = factors.convert(substance, own["daily_dose"].to_numpy())
    _write(frame.assign(mme=mme), output)


def _read(path: Path) -> pd.DataFrame:
    """Read a CSV file as text.

    Raises
    ------
    InstrumentError
        ``INS-050`` when it cannot be read as a CSV file.
    """
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise InstrumentError(
            "INS-050",
            f"{path} cannot be read as a CSV file; check that it exists and is UTF-8 text with "
            "commas.",
        ) from None


def _need(frame: pd.DataFrame, columns: list[str], path: Path) -> None:
    """Refuse a file that lacks columns (``INS-051``), naming the nearest there is."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        near = difflib.get_close_matches(missing[0], list(frame.columns), n=1, cutoff=0.6)
        hint = f"is '{near[0]}' meant?" if near else "add the column or correct its name."
        raise InstrumentError("INS-051", f"{path}: the column '{missing[0]}' is missing; {hint}")


def _numbers(frame: pd.DataFrame, columns: list[str], path: Path) -> pd.DataFrame:
    """Return columns as numbers; empty cells are missing, anything else is refused."""
    _need(frame, columns, path)
    text = frame[columns].apply(lambda column: column.str.strip())
    numbers = text.apply(pd.to_numeric, errors="coerce")
    if bad := int((numbers.isna() & (text != "")).to_numpy().sum()):
        raise InstrumentError(
            "INS-052",
            f"{path}: {bad} answers in {columns[0]} to {columns[-1]} are no numbers; write numbers "
            "with a decimal point or leave the cell empty.",
        )
    return pd.DataFrame(numbers.astype("float64"))


def _opioids(path: Path) -> pd.DataFrame:
    """Read prescriptions and hold them against the contract of the table ``opioids``."""
    raw = _read(path)
    columns = list(TABLES["opioids"].columns)
    _need(raw, columns, path)
    text = raw[columns].mask(raw[columns] == "")
    frame, findings = parse_table("opioids", text)
    findings = findings + check_table("opioids", frame)
    if findings:
        raise DataError(findings[0].rule.id, f"{path}: {findings[0].sentence}")
    return frame


def _write(frame: pd.DataFrame, output: Path | None) -> None:
    """Write a frame, scores at twelve decimals so that binary noise does not show."""
    rounded = frame.round(_DIGITS)
    if output is None:
        typer.echo(csv_text(rounded), nl=False)
    else:
        write_csv(output, rounded)
        typer.echo(f"{len(rounded)} rows written to {output}")
