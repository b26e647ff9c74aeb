"""Columns of the tables: a kind that says how text becomes a value, and named checks."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pandas as pd
import pandera.pandas as pa

__all__ = ["PARTIAL_DATE", "Kind", "column", "level", "one_of"]

PARTIAL_DATE = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"


class Kind(StrEnum):
    """How a column's text is read and how it is stored."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    PARTIAL_DATE = "partial date"
    BOOLEAN = "boolean"

    @property
    def dtype(self) -> Any:
        """The pandas dtype of a typed column."""
        return {
            Kind.TEXT: pd.StringDtype(na_value=float("nan")),
            Kind.PARTIAL_DATE: pd.StringDtype(na_value=float("nan")),
            Kind.NUMBER: "float64",
            Kind.INTEGER: "Int64",
            Kind.DATE: "datetime64[s]",
            Kind.BOOLEAN: "boolean",
        }[self]


def column(kind: Kind, description: str, *checks: pa.Check, nullable: bool = False) -> pa.Column:
    """Declare a column.

    Parameters
    ----------
    kind
        How its text is read.
    description
        What it holds, with its unit; printed in the data dictionary.
    checks
        Named checks; the names stand in :data:`multifidus.contracts.rules.RULES`.
    nullable
        Whether a value may be missing.
    """
    return pa.Column(
        kind.dtype,
        checks=list(checks),
        nullable=nullable,
        description=description,
        metadata={"kind": kind},
    )


def level(name: str, low: float, high: float) -> pa.Check:
    """Check that values lie in a closed range, under the name of a rule."""
    return pa.Check(lambda values: values.between(low, high), name=name, ignore_na=True)


def one_of(*words: str) -> pa.Check:
    """Check that values are among the words that the table allows."""
    return pa.Check(
        lambda values: values.isin(words),
        name="known_word",
        ignore_na=True,
        statistics={"words": words},
    )
