"""The base of all configuration models and the slug type that ids are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

__all__ = ["Slug", "StrictModel"]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""An identifier in snake case; ids of results are made of slugs."""


class StrictModel(BaseModel):
    """A frozen model that refuses unknown keys; field docstrings become descriptions."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True
    )
