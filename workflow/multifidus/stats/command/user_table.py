"""A user's CSV file as the commands of this room read it, refused with this room's error ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from multifidus.base.csv_text import CsvError, UserCsv, read_user_csv, rows_named
from multifidus.base.errors import StatisticsError
from multifidus.base.files import csv_text, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

__all__ = ["UserTable", "name_and_value", "open_table", "write_table"]

_IDS = {"file": "STA-301", "column": "STA-302", "cell": "STA-304"}


@dataclass
class UserTable:
    """One file; methods raise ``STA-302`` for a missing column, ``STA-304`` for a wrong cell."""

    csv: UserCsv

    def numbers(self, *columns: str) -> pd.DataFrame:
        """Return columns as numbers, ``NaN`` for an empty cell."""
        try:
            return self.csv.numbers(*columns)
        except CsvError as fault:
            raise _refusal(fault) from None

    def keys(self, column: str) -> pd.Series[Any]:
        """Return a column of names as text, missing for an empty cell."""
        try:
            return self.csv.keys(column)
        except CsvError as fault:
            raise _refusal(fault) from None

    def values(self, column: str) -> pd.Series[Any]:
        """Return a column as numbers or as text, whichever all its cells are."""
        try:
            return self.csv.values(column)
        except CsvError as fault:
            raise _refusal(fault) from None

    def flags(self, column: str) -> pd.Series[float]:
        """Return a column of 1, 0 and nothing."""
        values = self.numbers(column)[column]
        wrong = values.index[~values.isin([0.0, 1.0]) & values.notna()]
        if len(wrong):
            raise StatisticsError(
                "STA-304",
                f"Column '{column}' must hold 1, 0 or nothing; {len(wrong)} cells hold something "
                f"else ({rows_named(list(wrong))}).",
            )
        return values

    def groups(self, by: str, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, int]]:
        """Give each group's name, its rows and how many rows of the file are in no group.

        One group named ``all`` without ``by``. Rows without a group are noted with their numbers.
        """
        if not by:
            yield "all", rows, 0
            return
        labels = self.keys(by)
        absent = list(labels.index[labels.isna()])
        if absent:
            self.csv.notes.append(
                f"Column '{by}' is empty in {len(absent)} rows ({rows_named(absent)}); they are in "
                "no group."
            )
        for name, part in rows.groupby(labels, sort=True):
            yield str(name), part, len(absent)


def _refusal(fault: CsvError) -> StatisticsError:
    return StatisticsError(_IDS[fault.kind], fault.sentence)


def open_table(source: Path, columns: Sequence[str] | None) -> UserTable:
    """Read a file; ``columns`` are pairs ``name=theirs``.

    Raises
    ------
    StatisticsError
        ``STA-301`` for a file that cannot be read as a table, ``STA-302`` for a column that is
        missing or appears twice, ``STA-303`` for a pair that is none.
    """
    pairs = [name_and_value(text, "--columns", "id=USUBJID") for text in columns or ()]
    names = dict(pairs)
    if len(names) < len(pairs):
        raise StatisticsError("STA-303", "--columns gives one name twice; give each name once.")
    try:
        return UserTable(read_user_csv(source, names))
    except CsvError as fault:
        raise _refusal(fault) from None


def name_and_value(text: str, option: str, example: str) -> tuple[str, str]:
    """Return both sides of ``NAME=VALUE`` without blanks around them (``STA-303``)."""
    name, sign, value = (part.strip() for part in text.partition("="))
    if not sign or not name or not value:
        raise StatisticsError("STA-303", f"Write {option} as NAME=VALUE, for instance {example}.")
    return name, value


def write_table(frame: pd.DataFrame, output: Path | None, table: UserTable) -> None:
    """Write the result to a file or to standard output, and the notes to standard error.

    Raises
    ------
    StatisticsError
        ``STA-305`` when the file cannot be written.
    """
    for note in dict.fromkeys(table.csv.notes):
        typer.echo(f"note: {note}", err=True)
    if output is None:
        typer.echo(csv_text(frame), nl=False)
        return
    try:
        write_csv(output, frame)
    except OSError:
        raise StatisticsError(
            "STA-305", f"{output.name} cannot be written; check its folder and your rights."
        ) from None
