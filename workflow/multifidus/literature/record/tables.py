"""Reading a table under ``literature/``: text first, every row judged, then typed.

Each table has one strict, ordered pandera model. The judgement is lazy: all rows that break a rule
are found before anything is said, and what is said names the row as a spreadsheet numbers it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from multifidus.base.csv_text import CsvError, read_user_csv
from multifidus.base.errors import LiteratureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Column", "Kind", "RowRule", "TableModel", "check_rows", "load_table", "where"]

_TEXT = pd.StringDtype(na_value=float("nan"))
_ROWS_NAMED = 5


class Kind(StrEnum):
    """What a column's text means."""

    TEXT = "text"
    SLUG = "slug"
    NUMBER = "number"
    COUNT = "count"

    @property
    def pattern(self) -> str:
        """The regular expression that a filled cell must match."""
        return {
            Kind.TEXT: r"\S(.*\S)?",
            Kind.SLUG: r"[a-z0-9_]+",
            Kind.NUMBER: r"-?\d+(\.\d+)?",
            Kind.COUNT: r"\d+",
        }[self]

    @property
    def words(self) -> str:
        """The rule in words."""
        return {
            Kind.TEXT: "text without blanks at its ends",
            Kind.SLUG: "a slug of small letters, digits and underscores",
            Kind.NUMBER: "a plain decimal number",
            Kind.COUNT: "a whole number, not negative",
        }[self]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, what it holds, kind, allowed words, and whether it may be empty."""

    name: str
    description: str
    kind: Kind = Kind.TEXT
    allowed: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule on whole rows.

    Parameters
    ----------
    rule_id
        Stable slug, named in messages.
    sentence
        What must hold, in words that end a sentence beginning with the row.
    holds
        Takes the text frame, gives one boolean per row.
    """

    rule_id: str
    sentence: str
    holds: Callable[[pd.DataFrame], pd.Series[bool]]


@dataclass(frozen=True, slots=True)
class TableModel:
    """A table: file name, key columns, columns in order and rules on rows."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[RowRule, ...] = field(default=())

    def schema(self) -> pa.DataFrameSchema:
        """Return the strict, ordered pandera schema over the table's text."""
        unique = RowRule(
            "key_unique", f"{' and '.join(self.key)} must be unique", self._key_is_unique
        )
        return pa.DataFrameSchema(
            {column.name: _pandera_column(column) for column in self.columns},
            checks=[
                pa.Check(rule.holds, name=rule.rule_id, error=rule.sentence)
                for rule in (unique, *self.rules)
            ],
            strict=True,
            ordered=True,
        )

    def _key_is_unique(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return ~frame.duplicated(list(self.key), keep=False)


def load_table(path: Path, model: TableModel) -> pd.DataFrame:
    """Read, judge and type one table.

    Parameters
    ----------
    path
        CSV file: UTF-8, header row; an empty cell is missing.
    model
        The table's model.

    Returns
    -------
    pandas.DataFrame
        Rows in file order; text columns hold ``""`` where empty, numbers are ``float64`` with NaN,
        counts ``Int64`` with NA.

    Raises
    ------
    LiteratureError
        ``LIT-001`` no such file, ``LIT-002`` for a file that cannot be read as a table,
        ``LIT-003`` wrong columns, ``LIT-004`` rows that break a rule.
    """
    text = _read_text(path)
    _require_columns(path, text, [column.name for column in model.columns])
    return check_rows(path, text, model)


def check_rows(path: Path, text: pd.DataFrame, model: TableModel) -> pd.DataFrame:
    """Check and type the text of a table, indexed by row of the file.

    Raises
    ------
    LiteratureError
        ``LIT-004`` rows that break a rule.
    """
    text = text.astype(_TEXT)
    try:
        model.schema().validate(text, lazy=True)
    except SchemaErrors as errors:
        raise _row_error(path, errors.failure_cases, model) from None
    return _typed(text, model)


def where(path: Path) -> str:
    """Name a file by its folder and name, never by the machine's path."""
    return f"{path.parent.name}/{path.name}"


def _read_text(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise LiteratureError(
            "LIT-001", f"{where(path)} does not exist; restore it from the repository."
        )
    try:
        frame = read_user_csv(path).frame
    except CsvError as fault:
        sentence = fault.sentence.replace(path.name, where(path), 1)
        raise LiteratureError("LIT-002", sentence) from None
    return frame


def _require_columns(path: Path, frame: pd.DataFrame, expected: list[str]) -> None:
    found = list(frame.columns)
    if found == expected:
        return
    missing = [name for name in expected if name not in found]
    unknown = [name for name in found if name not in expected]
    if unknown:
        near = difflib.get_close_matches(unknown[0], missing, n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        problem = f"has an unknown column '{unknown[0][:40]}'{hint}"
    elif missing:
        problem = f"lacks the column '{missing[0]}'"
    else:
        problem = "has its columns in another order"
    raise LiteratureError(
        "LIT-003", f"{where(path)} {problem}; the columns are {', '.join(expected)}."
    )


def _pandera_column(column: Column) -> pa.Column:
    return pa.Column(
        _TEXT,
        checks=[
            pa.Check(check, name=name, error=sentence) for name, sentence, check in _checks(column)
        ],
        description=column.description,
    )


def _checks(
    column: Column,
) -> Iterable[tuple[str, str, Callable[[pd.Series[str]], pd.Series[bool]]]]:
    """Give each check of a column as (name, sentence, function)."""
    if column.required:
        yield (
            f"{column.name}_filled",
            f"{column.name} must not be empty",
            lambda cells: cells.str.strip() != "",
        )
    if column.allowed:
        yield (
            f"{column.name}_allowed",
            f"{column.name} must be one of {', '.join(column.allowed)}",
            lambda cells: cells.isin(["", *column.allowed]),
        )
    else:
        pattern = re.compile(column.kind.pattern, re.DOTALL)
        yield (
            f"{column.name}_{column.kind.value}",
            f"{column.name} must be {column.kind.words}",
            lambda cells: (cells == "") | cells.str.fullmatch(pattern),
        )


def _row_error(path: Path, failures: pd.DataFrame, model: TableModel) -> LiteratureError:
    sentences = {
        name: sentence for column in model.columns for name, sentence, _ in _checks(column)
    }
    sentences["key_unique"] = f"{' and '.join(model.key)} must be unique"
    sentences |= {rule.rule_id: rule.sentence for rule in model.rules}
    rows: dict[str, set[int]] = {}
    for sentence, index in zip(failures["check"], failures["index"], strict=True):
        rows.setdefault(str(sentence), set()).add(int(index))
    names = {sentence: name for name, sentence in sentences.items()}
    parts = [
        f"{_name_rows(sorted(found))}: {sentence} (rule {names.get(sentence, sentence)})"
        for sentence, found in sorted(rows.items(), key=lambda item: min(item[1]))
    ]
    return LiteratureError(
        "LIT-004", f"{where(path)}, {'; '.join(parts)}; correct the rows and run again."
    )


def _name_rows(numbers: list[int]) -> str:
    named = ", ".join(str(number) for number in numbers[:_ROWS_NAMED])
    rest = len(numbers) - _ROWS_NAMED
    return f"row{'s' if len(numbers) > 1 else ''} {named}" + (
        f" and {rest} more" if rest > 0 else ""
    )


def _typed(text: pd.DataFrame, model: TableModel) -> pd.DataFrame:
    typed: dict[str, Any] = {}
    for column in model.columns:
        cells = text[column.name]
        if column.kind is Kind.NUMBER:
            typed[column.name] = pd.to_numeric(cells.replace("", float("nan"))).astype("float64")
        elif column.kind is Kind.COUNT:
            typed[column.name] = pd.to_numeric(cells.replace("", float("nan"))).astype("Int64")
        else:
            typed[column.name] = cells
    return pd.DataFrame(typed).reset_index(drop=True)
