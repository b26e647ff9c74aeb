"""How the domains of a trial become the tables: the model of a study's ``mapping.yaml``.

The mapping is all that a trial in SDTM brings besides its files; there is no code for a trial.
Variables and their meaning: CDISC SDTM Implementation Guide (SDTMIG) 3.1.2 and later.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from multifidus.config.base import Fault, Slug, StrictModel, Text, repeated
from multifidus.config.load import read_model

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ColumnSource", "Lookup", "SdtmMapping", "TableSource", "UnitRule", "load_mapping"]

Name = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,31}$")]
"""Name of a domain or a variable, in capital letters as SDTM writes it."""
Words = Annotated[tuple[Text, ...], Field(min_length=1)]
"""Values of a variable, at least one."""


class UnitRule(StrictModel):
    """The unit that a value must have in the source."""

    variable: Name
    """Variable that holds the unit, for instance `AGEU`."""
    expected: Words
    """Spellings of the unit that the column of the table is in."""


class Lookup(StrictModel):
    """A value taken from the records that a participant has in another domain."""

    domain: Name
    """The other domain, for instance `DS`."""
    variable: Name
    """Variable that is taken, for instance `DSSTDTC`."""
    where: dict[Name, Words] = Field(default_factory=dict)
    """Records that count: variable to the values it may have."""
    pick: Literal["first", "last"] = "first"
    """Which record, in the order of the values taken."""


class ColumnSource(StrictModel):
    """Where one column of a table comes from. A bare variable name is short for `variables`."""

    variables: tuple[Name, ...] = ()
    """Variables of the domain; the first that is not empty in a record is taken."""
    lookup: Lookup | None = None
    """Taken when all variables are empty."""
    constant: Text | None = None
    """A fixed value, instead of variables."""
    codes: dict[Text, Text] = Field(default_factory=dict)
    """Code of the source to word of the table, capital letters ignored. When given, every other
    code is refused."""
    missing: tuple[Text, ...] = ()
    """Codes of the source that mean that there is no value, capital letters ignored."""
    case: Literal["keep", "lower", "sentence"] = "keep"
    """`lower` writes words in small letters, `sentence` keeps a capital for the first letter."""
    unit: UnitRule | None = None
    """Unit that is checked."""
    incomplete_date: Literal["refuse", "missing"] = "refuse"
    """What becomes of a partial date where the table needs a complete one."""
    only_with: Slug | None = None
    """Column of the same table; where that one is missing, this one is left missing too."""

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        return {"variables": (value,)} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.constant is not None and (self.variables or self.lookup):
            raise Fault(("constant",), "a column has a constant or variables, not both")
        if self.constant is None and not self.variables and self.lookup is None:
            raise Fault(("variables",), "a column needs variables, a lookup or a constant")
        for key in ("codes", "missing", "unit"):
            if self.constant is not None and getattr(self, key):
                raise Fault((key,), "a constant is not read from the source; remove one of the two")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key in ("variables", "missing"):
            if (again := repeated(getattr(self, key))) is not None:
                raise Fault((key, again[0]), f"'{again[1]}' is given twice; remove one")
        if (again := repeated(self.codes)) is not None:
            raise Fault(
                ("codes", again[1]), "the code is given twice, because capital letters are ignored"
            )
        if (again := repeated((*self.codes, *self.missing))) is not None:
            raise Fault(("missing",), f"'{again[1]}' has a word in `codes` too; remove one")
        return self


class TableSource(StrictModel):
    """Where one table comes from."""

    domain: Name
    """Domain whose records become the rows."""
    columns: Annotated[dict[Slug, ColumnSource], Field(min_length=1)]
    """Column of the table to its source; columns left out are missing throughout."""
    where: dict[Name, Words] = Field(default_factory=dict)
    """Records that are taken: variable to the values it may have. Empty takes all."""
    optional: bool = False
    """Whether the trial may come without this domain; the table is then empty."""

    @model_validator(mode="after")
    def _conditions_name_columns(self) -> Self:
        for name, column in self.columns.items():
            if column.only_with is None:
                continue
            place = ("columns", name, "only_with")
            if column.only_with == name:
                raise Fault(place, f"'{name}' cannot depend on itself")
        return self


class SdtmMapping(StrictModel):
    """A study's `mapping.yaml`."""

    source: Literal["sdtm"]
    """Kind of source that the mapping describes."""
    encoding: Text | None = None
    """Character encoding of the transport files; none means UTF-8, of which ASCII is a part."""
    tables: dict[Slug, TableSource]
    """Table of the contracts to its source."""

    @model_validator(mode="after")
    def _has_participants(self) -> Self:
        if "participants" not in self.tables:
            raise Fault(("tables",), "a mapping of 'participants' is required")
        if self.tables["participants"].optional:
            raise Fault(("tables", "participants", "optional"), "a trial has participants")
        return self

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except (LookupError, ValueError):
                raise ValueError(f"'{value[:40]}' is no encoding that Python knows") from None
        return value


def load_mapping(path: Path | str) -> SdtmMapping:
    """Read and validate a study's mapping.

    Raises
    ------
    ConfigError
        ``CFG-001`` to ``CFG-004`` and ``CFG-007`` to ``CFG-009``.
    """
    return read_model(SdtmMapping, path)
