"""The base of all configuration models: ids, texts, strict numbers, and faults of one field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SLUG_PATTERN",
    "TEXT_PATTERN",
    "Fault",
    "Place",
    "Slug",
    "StrictModel",
    "Text",
    "TextOrNothing",
    "repeated",
]

TEXT_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+$"
"""One line of text: no control characters, and none that turn the direction of writing."""

Place = tuple[str | int, ...]
"""Keys and positions from the top of a file to a value."""

SLUG_PATTERN = r"^[a-z][a-z0-9_]*$"
"""Snake case: small letters, digits and underscores, a letter first."""

Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=60)]
"""An identifier in snake case; ids of results are made of slugs."""

TextOrNothing = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=2000, pattern=TEXT_PATTERN.replace("+$", "*$")
    ),
]
"""A text that is printed, or an empty one."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=TEXT_PATTERN),
]
"""A text that is printed: one line, not empty."""


class Fault(ValueError):  # noqa: N818 - a fault of the configuration, not of the program
    """A fault that belongs to one field, raised by a check that sees more than that field.

    Parameters
    ----------
    place
        Keys and positions from the model that raises to the field.
    message
        What is wrong and what to write instead.
    others
        Places of the values that it does not fit: the fault may be in any of them.
    """

    def __init__(self, place: Iterable[str | int], message: str, *others: Place) -> None:
        self.place = tuple(place)
        self.others = others
        super().__init__(message)


class StrictModel(BaseModel):
    """A frozen model that refuses unknown keys; field docstrings become descriptions.

    Numbers are finite numbers, never texts or truth values; ``true`` and ``false`` are never
    numbers or words.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        validate_default=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _lists_as_tuples(cls, value: Any) -> Any:
        """YAML has lists only, and strict fields take tuples only."""
        return _as_tuples(value)


def _as_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_tuples(item) for key, item in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def repeated(values: Iterable[str]) -> tuple[int, str] | None:
    """Return position and text of the first value that was there before, if any.

    Upper and lower case and blanks around a value do not make it another one.
    """
    seen: set[str] = set()
    for position, value in enumerate(values):
        name = value.strip().casefold()
        if name in seen:
            return position, value
        seen.add(name)
    return None
