"""``multifidus score``: raw answers of one CSV file to scores, other columns kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import typer

from multifidus.base.csv_text import rows_named
from multifidus.base.errors import DataError
from multifidus.base.user_table import (
    ColumnNames,
    Refusals,
    UserTable,
    open_table,
    print_notes,
    write_table,
)
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
_REFUSALS = Refusals(InstrumentError, "INS-050", "INS-051", "INS-052", "INS-054", "INS-055")


@app.command("vas")
def vas_command(
    answers: Answers,
    unit: Annotated[Literal["mm", "cm"], typer.Option(help="Unit of the column.")],
    column: Annotated[str, typer.Option(help="Column of the marks.")] = "vas_mm",
    columns: ColumnNames = None,
    output: Target = None,
) -> None:
    """Visual analogue scale to centimetres; the unit is declared, never guessed."""
    table = _read(answers, columns)
    marks = table.numbers(column)[column]
    _write(table, {"vas_cm": score_vas(marks, unit=unit)}, output)


@app.command("odi")
def odi_command(
    answers: Answers,
    max_missing: Annotated[int, typer.Option(help="Sections that may be missing.")] = 1,
    columns: ColumnNames = None,
    output: Target = None,
) -> None:
    """Oswestry sections odi_01 to odi_10 to points and band."""
    table = _read(answers, columns)
    sections = [f"odi_{number:02d}" for number in range(1, ODI_SECTIONS + 1)]
    points = score_odi(table.numbers(*sections), max_missing=max_missing)
    _write(table, {"odi_points": points, "odi_band": odi_band(points)}, output)


@app.command("eq5d")
def eq5d_command(
    answers: Answers,
    value_set: Annotated[str, typer.Option(help="Id of the value set; there is no default.")],
    literature: Literature = _LITERATURE,
    columns: ColumnNames = None,
    output: Target = None,
) -> None:
    """EQ-5D-5L levels eq5d_mo to eq5d_ad to the index of a value set and the level sum score."""
    table = _read(answers, columns)
    levels = table.numbers(*(f"eq5d_{name}" for name in DIMENSIONS))
    weights = value_set_named(read_value_sets(literature / "value_sets"), value_set)
    index, total = score_eq5d(levels, weights), level_sum_score(levels)
    _write(table, {"eq5d_index": index, "level_sum": total, "value_set": weights.id}, output)


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
    columns: ColumnNames = None,
    output: Target = None,
) -> None:
    """Opioid prescriptions to morphine milligram equivalents a day.

    With --dates one row per question; without, one row per prescription, converted alone.
    """
    table = _read(prescriptions, columns)
    frame = _opioids(table)
    factors = mme_factors_named(
        mme_factors_from_frame(load_mme_factors(literature / "mme" / "factors.csv")), edition
    )
    rules = MmeRules(as_needed=as_needed, partial_dates=partial_dates)
    if dates is not None:
        print_notes(table)
        asked = _read(dates, None)
        asked.need("participant_id", "date")
        text = asked.text["date"].str.strip()
        days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
        if wrong := list(days.index[days.isna()]):
            raise InstrumentError(
                "INS-053",
                f"{dates.name}: {len(wrong)} dates are not complete ISO dates "
                f"({rows_named(wrong)}); write YYYY-MM-DD.",
            )
        questions = pd.DataFrame({"participant_id": asked.keys("participant_id"), "date": days})
        _write(asked, {"mme": mme_per_day(frame, questions, factors, rules)}, output)
        return
    doses = daily_doses(frame, factors, rules)
    mme = np.zeros(len(doses))
    for (drug, route, unit), own in doses.groupby(["drug", "route", "dose_unit"]):
        substance = Substance(str(drug), str(route), str(unit))
        mme[own.index] = factors.convert(substance, own["daily_dose"].to_numpy())
    _write(table, {"mme": mme}, output)


def _read(path: Path, columns: list[str] | None) -> UserTable:
    """Read a CSV file as text.

    Raises
    ------
    InstrumentError
        ``INS-050`` for a file that cannot be read as a table, ``INS-051`` for a column that is
        missing, is there twice or would be replaced, ``INS-052`` for a cell that is not what its
        column needs, ``INS-054`` for an option that is no pair NAME=VALUE, ``INS-055`` for a file
        that cannot be written.
    """
    return open_table(path, columns, _REFUSALS)


def _opioids(table: UserTable) -> pd.DataFrame:
    """Read prescriptions and check them against the contract of the table ``opioids``."""
    columns = list(TABLES["opioids"].columns)
    table.need(*columns)
    for name in ("participant_id", "prescription_id"):
        table.keys(name)  # notes blanks
    text = table.text[columns].map(str.strip)
    frame, findings = parse_table("opioids", text.mask(text == ""))
    findings = findings + check_table("opioids", frame)
    if findings:
        raise DataError(findings[0].rule.id, f"{table.csv.name}: {findings[0].sentence}")
    return frame


def _write(table: UserTable, scores: dict[str, Any], output: Path | None) -> None:
    """Write the file with its scores, at twelve decimals so that binary noise does not show."""
    found = pd.DataFrame(scores, index=table.text.index).round(_DIGITS)
    frame = table.add(found)
    write_table(frame, output, table)
    if output is not None:
        typer.echo(f"{len(frame)} rows written to {output}")
