"""A user's CSV file as the commands of this room read it, refused with this room's error ids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from multifidus.base import user_table
from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from multifidus.base.user_table import UserTable

__all__ = [
    "Alpha",
    "Output",
    "Source",
    "joined_labels",
    "model_frame",
    "name_and_value",
    "names_of",
    "open_table",
    "reference_levels",
]

Source = Annotated[Path, typer.Argument(help="CSV file, UTF-8, with a header row.")]
Output = Annotated[Path | None, typer.Option(help="Write here instead of standard output.")]
Alpha = Annotated[float, typer.Option(help="One minus the confidence level.")]

_REFUSALS = user_table.Refusals(
    StatisticsError, "STA-301", "STA-302", "STA-304", "STA-303", "STA-305"
)


def open_table(source: Path, columns: Sequence[str] | None) -> UserTable:
    """Read a file; ``columns`` are pairs ``name=theirs``.

    Raises
    ------
    StatisticsError
        ``STA-301`` for a file that cannot be read as a table, ``STA-302`` for a column that is
        missing or is there twice, ``STA-303`` for an option that is no pair NAME=VALUE,
        ``STA-304`` for a cell that is not what its column needs, ``STA-305`` for a file that
        cannot be written.
    """
    return user_table.open_table(source, columns, _REFUSALS)


def name_and_value(text: str, option: str, example: str) -> tuple[str, str]:
    """Return both sides of ``NAME=VALUE`` without blanks around them (``STA-303``)."""
    return user_table.name_and_value(text, option, example, _REFUSALS)


def reference_levels(options: Sequence[str] | None) -> dict[str, str]:
    """Return the reference level of each factor from options ``FACTOR=LEVEL`` (``STA-303``)."""
    return dict(name_and_value(text, "--reference", "arm=control") for text in options or ())


def model_frame(
    table: UserTable,
    formula: str,
    *,
    numbers: Sequence[str] = (),
    texts: Sequence[str] = (),
    factors: Collection[str] = (),
) -> pd.DataFrame:
    """Return the columns that a model may use.

    Parameters
    ----------
    formula
        Columns that it names are read as numbers where all their cells are, else as text.
    numbers, texts
        Columns to read as numbers and as text.
    factors
        Columns of the formula that are text whatever they hold.
    """
    columns = {name: table.keys(name) for name in texts}
    columns |= {name: table.numbers(name)[name] for name in numbers}
    for name in table.text.columns:
        word = re.escape(str(name))
        if name in columns or not re.search(rf"(?<![\w.]){word}(?!\w)", formula):
            continue
        factor = name in factors or re.search(rf"\bC\(\s*`?{word}\b", formula)
        columns[name] = table.keys(name) if factor else table.values(name)
    return pd.DataFrame(columns)


def joined_labels(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series[str]:
    """Return one text per row that names its combination of columns."""
    rows = ["\x1f".join(row) for row in frame[list(names)].itertuples(index=False)]
    return pd.Series(rows, index=frame.index, dtype=object)


def names_of(text: str) -> list[str]:
    """Return the names of a comma-separated option."""
    return [name.strip() for name in text.split(",") if name.strip()]
