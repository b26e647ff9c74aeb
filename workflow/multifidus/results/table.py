"""The results table: columns, making rows, joining the analyses' rows, looking numbers up."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from multifidus.base.errors import MultifidusError
from multifidus.results.formatting import (
    COUNT_STATISTICS,
    HIDDEN,
    NOT_ESTIMABLE,
    SUPPRESSED,
    format_value,
)
from multifidus.results.ids import IdParts, make_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "COLUMNS",
    "Provenance",
    "ResultRow",
    "Results",
    "UnknownResultError",
    "collect_results",
    "hidden_mark",
    "hidden_words",
    "rows_to_frame",
]

_TEXT = pd.StringDtype(na_value=float("nan"))
COLUMNS: Mapping[str, Any] = MappingProxyType(
    {
        "result_id": _TEXT,
        "analysis": _TEXT,
        "outcome": _TEXT,
        "visit": _TEXT,
        "population": _TEXT,
        "group": _TEXT,
        "statistic": _TEXT,
        "label": _TEXT,
        "value": "float64",
        "unit": _TEXT,
        "display": _TEXT,
        "n": "Int64",
        "N": "Int64",
        "method": _TEXT,
        "inputs_sha256": _TEXT,
        "rule": _TEXT,
        "function": _TEXT,
        "tier": _TEXT,
    }
)
"""Columns of the results table in order, with their dtypes."""


class UnknownResultError(MultifidusError):
    """A result was asked for by an id that is not in the table (``RES-001``)."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One statistic.

    Parameters
    ----------
    analysis, outcome, visit, population, group, statistic
        Slugs; together the id.
    value
        The unrounded value.
    display
        Display code of :func:`multifidus.results.formatting.format_value`.
    label
        The outcome in words.
    unit
        Unit of the value, empty for counts and p values.
    n
        Participants (or events) that contribute.
    total
        Denominator.
    method
        The variant used, as it is printed under tables.
    """

    analysis: str
    outcome: str
    visit: str
    population: str
    group: str
    statistic: str
    value: float
    display: str
    label: str
    unit: str = ""
    n: int | None = None
    total: int | None = None
    method: str = ""

    @property
    def result_id(self) -> str:
        """The id, ``analysis.outcome.visit.population.group.statistic``."""
        return make_id(
            IdParts(
                self.analysis,
                self.outcome,
                self.visit,
                self.population,
                self.group,
                self.statistic,
            )
        )


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where rows of results come from.

    Parameters
    ----------
    inputs_sha256
        One hash over the inputs of the rule.
    rule
        Name of the workflow rule.
    function
        Importable name of the function.
    tier
        Data tier of the run.
    """

    inputs_sha256: str
    rule: str
    function: str
    tier: str


def rows_to_frame(rows: Iterable[ResultRow], provenance: Provenance) -> pd.DataFrame:
    """Build a frame with the columns of the results table, in the order given.

    Raises
    ------
    ValueError
        When two rows have one id.
    """
    records = [
        {
            "result_id": row.result_id,
            "analysis": row.analysis,
            "outcome": row.outcome,
            "visit": row.visit,
            "population": row.population,
            "group": row.group,
            "statistic": row.statistic,
            "label": row.label,
            "value": float(row.value),
            "unit": row.unit,
            "display": row.display,
            "n": row.n,
            "N": row.total,
            "method": row.method,
            "inputs_sha256": provenance.inputs_sha256,
            "rule": provenance.rule,
            "function": provenance.function,
            "tier": provenance.tier,
        }
        for row in rows
    ]
    frame = pd.DataFrame(records, columns=list(COLUMNS)).astype(dict(COLUMNS))
    _refuse_repeated_ids(frame)
    return frame


def collect_results(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join the rows of all analyses, sorted by id.

    Raises
    ------
    ValueError
        When two rows have one id.
    """
    frame = pd.concat([frame.astype(dict(COLUMNS)) for frame in frames], ignore_index=True)
    _refuse_repeated_ids(frame)
    return frame.sort_values("result_id", kind="stable").reset_index(drop=True)


def _refuse_repeated_ids(frame: pd.DataFrame) -> None:
    repeated = frame.loc[frame["result_id"].duplicated(), "result_id"]
    if len(repeated):
        raise ValueError(f"{len(repeated)} results share an id, first {repeated.iloc[0]}")


def hidden_words(frame: pd.DataFrame) -> dict[str, str]:
    """Return the ids of suppressed rows and the words in place of their numbers."""
    if "method" not in frame:
        return {}
    own = frame[frame["method"].astype(str).str.startswith(f"{SUPPRESSED}: ")]
    return {str(row["result_id"]): str(hidden_mark(row)) for _, row in own.iterrows()}


def hidden_mark(row: pd.Series[Any]) -> str | None:
    """Return the words in place of a row's number where it is suppressed."""
    head, _, words = str(row["method"]).partition(": ")
    if head != SUPPRESSED:
        return None
    return words if row["statistic"] in COUNT_STATISTICS else HIDDEN


class Results:
    """The results table with look-up by id.

    Parameters
    ----------
    frame
        A frame with :data:`COLUMNS`.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        _refuse_repeated_ids(frame)
        self.frame = frame
        self._rows = frame.set_index("result_id")

    @classmethod
    def read(cls, path: Path | str) -> Results:
        """Read ``results.parquet``."""
        return cls(pd.read_parquet(path).astype(dict(COLUMNS)))

    def __contains__(self, result_id: str) -> bool:
        return result_id in self._rows.index

    def row(self, result_id: str) -> pd.Series[Any]:
        """Return one row.

        Raises
        ------
        UnknownResultError
            ``RES-001``, with the nearest known id.
        """
        if result_id not in self:
            near = difflib.get_close_matches(result_id, list(self._rows.index), n=1, cutoff=0.6)
            hint = f"the nearest is '{near[0]}'" if near else "`multifidus results list` shows all"
            raise UnknownResultError("RES-001", f"There is no result '{result_id}'; {hint}.")
        return cast("pd.Series[Any]", self._rows.loc[result_id])

    def value(self, result_id: str) -> float:
        """Return the unrounded value of a result."""
        return float(self.row(result_id)["value"])

    def reason(self, result_id: str) -> str | None:
        """Return why a result is not estimable; None when it is, or when it is suppressed."""
        method = self.row(result_id)["method"]
        head, _, reason = str(method).partition(": ")
        return reason if head.lower() == NOT_ESTIMABLE else None

    def hidden(self, result_id: str) -> str | None:
        """Return the words in place of a suppressed number; None where it is shown.

        They tell a count from none: it is "1 to 4", or hidden, and never zero.
        """
        return hidden_mark(self.row(result_id))

    def people(self, result_id: str, column: str = "n") -> str:
        """Return the ``n`` or ``N`` of a result as it is printed, a dash where there is none."""
        if result_id not in self:
            return format_value(None, "d0")
        row = self.row(result_id)
        if pd.notna(row[column]):
            return str(int(row[column]))
        if column == "n" and (mark := self.hidden(result_id)) is not None:
            return mark
        # A mean stays where only the number of people is hidden.
        known = pd.isna(row["value"]) and self.hidden(result_id) is None
        return format_value(None, "d0") if known else HIDDEN

    def text(self, result_id: str, *, display: str | None = None, sign: bool = False) -> str:
        """Return a result as it is printed, by default in its own display form."""
        row = self.row(result_id)
        if self.reason(result_id) is not None:
            return NOT_ESTIMABLE
        if (mark := self.hidden(result_id)) is not None:
            return mark
        return format_value(float(row["value"]), display or str(row["display"]), sign=sign)

    def select(self, **parts: str | Sequence[str]) -> pd.DataFrame:
        """Return rows by parts of their id, for instance ``analysis="change", visit="y5"``."""
        frame = self.frame
        for column, wanted in parts.items():
            words = [wanted] if isinstance(wanted, str) else list(wanted)
            frame = frame[frame[column].isin(words)]
        return frame
