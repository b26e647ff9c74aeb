"""A user's CSV file as the commands read it: refused with the ids of the room that asks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from multifidus.base.csv_text import CsvError, UserCsv, read_user_csv, rows_named
from multifidus.base.files import csv_text, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from multifidus.base.errors import MultifidusError

__all__ = [
    "ColumnNames",
    "Refusals",
    "UserTable",
    "name_and_value",
    "open_table",
    "print_notes",
    "write_table",
]

ColumnNames = Annotated[
    list[str] | None,
    typer.Option(
        "--columns", help="NAME=THEIRS: use NAME for the file's column THEIRS; repeatable."
    ),
]
"""The option with which a user names the columns of a file."""


@dataclass(frozen=True)
class Refusals:
    """The error class of a room and its id for each fault.

    Attributes
    ----------
    file, column, cell
        A file that is no table; a column that is absent, repeated or taken; a wrong cell.
    option
        An option that is no pair NAME=VALUE.
    output
        A file that cannot be written.
    """

    error: type[MultifidusError]
    file: str
    column: str
    cell: str
    option: str
    output: str

    def of(self, fault: CsvError) -> MultifidusError:
        """Return a fault of a file as an error of the room."""
        ids = {"file": self.file, "column": self.column, "cell": self.cell}
        return self.error(ids[fault.kind], fault.sentence)


@dataclass
class UserTable:
    """One file; its methods raise the errors of ``refusals``."""

    csv: UserCsv
    refusals: Refusals

    @property
    def text(self) -> pd.DataFrame:
        """All columns as text, indexed by spreadsheet row."""
        return self.csv.frame

    def need(self, *columns: str) -> None:
        """Refuse a file that lacks a column."""
        try:
            self.csv.need(columns)
        except CsvError as fault:
            raise self.refusals.of(fault) from None

    def numbers(self, *columns: str) -> pd.DataFrame:
        """Return columns as numbers, ``NaN`` for an empty cell."""
        try:
            return self.csv.numbers(*columns)
        except CsvError as fault:
            raise self.refusals.of(fault) from None

    def keys(self, column: str) -> pd.Series[Any]:
        """Return a column of names as text, missing for an empty cell."""
        try:
            return self.csv.keys(column)
        except CsvError as fault:
            raise self.refusals.of(fault) from None

    def values(self, column: str) -> pd.Series[Any]:
        """Return a column as numbers or as text, whichever all its cells are."""
        try:
            return self.csv.values(column)
        except CsvError as fault:
            raise self.refusals.of(fault) from None

    def flags(self, column: str) -> pd.Series[float]:
        """Return a column of 1, 0 and nothing."""
        values = self.numbers(column)[column]
        wrong = values.index[~values.isin([0.0, 1.0]) & values.notna()]
        if len(wrong):
            raise self.refusals.error(
                self.refusals.cell,
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

    def add(self, columns: pd.DataFrame) -> pd.DataFrame:
        """Return the file's columns and further ones, which must not be in the file."""
        taken = [name for name in columns if name in self.text.columns]
        if taken:
            raise self.refusals.error(
                self.refusals.column,
                f"{self.csv.name} has a column '{taken[0]}' already, which the result would "
                "replace; rename it.",
            )
        return self.text.join(columns)


def open_table(source: Path, columns: Sequence[str] | None, refusals: Refusals) -> UserTable:
    """Read a file; ``columns`` are pairs ``name=theirs``.

    Raises
    ------
    MultifidusError
        Of the class and with the ids of ``refusals``.
    """
    example = "id=USUBJID"
    pairs = [name_and_value(text, "--columns", example, refusals) for text in columns or ()]
    names = dict(pairs)
    if len(names) < len(pairs):
        raise refusals.error(
            refusals.option, "--columns gives one name twice; give each name once."
        )
    try:
        return UserTable(read_user_csv(source, names), refusals)
    except CsvError as fault:
        raise refusals.of(fault) from None


def name_and_value(text: str, option: str, example: str, refusals: Refusals) -> tuple[str, str]:
    """Return both sides of ``NAME=VALUE`` without blanks around them."""
    name, sign, value = (part.strip() for part in text.partition("="))
    if not sign or not name or not value:
        raise refusals.error(
            refusals.option, f"Write {option} as NAME=VALUE, for instance {example}."
        )
    return name, value


def print_notes(table: UserTable) -> None:
    """Print the notes on how a file was read to standard error, each once."""
    for note in dict.fromkeys(table.csv.notes):
        print(f"note: {note}", file=sys.stderr)
    table.csv.notes.clear()


def write_table(frame: pd.DataFrame, output: Path | None, table: UserTable) -> None:
    """Write the result to a file or to standard output, and the notes to standard error.

    Raises
    ------
    MultifidusError
        With the id ``refusals.output`` when the file cannot be written.
    """
    print_notes(table)
    if output is None:
        print(csv_text(frame), end="")
        return
    try:
        write_csv(output, frame)
    except OSError:
        raise table.refusals.error(
            table.refusals.output,
            f"{output.name} cannot be written; check its folder and your rights.",
        ) from None
