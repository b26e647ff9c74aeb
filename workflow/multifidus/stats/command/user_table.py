"""A user's CSV file as the commands of this room read it, refused with this room's error ids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multifidus.base import user_table
from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.base.user_table import UserTable

__all__ = ["Alpha", "Output", "Source", "name_and_value", "names_of", "open_table"]

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


def names_of(text: str) -> list[str]:
    """Return the names of a comma-separated option."""
    return [name.strip() for name in text.split(",") if name.strip()]
