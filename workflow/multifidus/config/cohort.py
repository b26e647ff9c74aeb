"""What the synthetic cohort of a study is: a data set with a version and conventions of its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from multifidus.config.base import Fault, Slug, StrictModel, repeated

__all__ = ["CohortConfig", "Conventions"]

Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]


class Conventions(StrictModel):
    """How the answers were scored when the cohort was calibrated.

    They belong to the data: the analysis has its own settings in the study file, and where the two
    differ, the scorecard shows what that changes.
    """

    value_set: Slug
    """EQ-5D-5L value set with which the published index is met."""
    max_missing_items: Annotated[int, Field(ge=0, le=9)] = 1
    """Sections of the ODI that a scored form may lack."""
    prescribed_minutes_per_day: Annotated[float, Field(gt=0, le=1440)] = 60.0
    """Daily stimulation of which the published utilisation is a share."""


class CohortConfig(StrictModel):
    """The synthetic cohort of a study; no setting of the analysis is in it."""

    version: Version
    """Version of the data set: a number raised with every change of its bytes."""
    conventions: Conventions
    """Scoring with which the published figures are met."""
    held_out: tuple[Slug, ...] = ()
    """Published figures (ids of claims) that the cohort is not calibrated to, chosen before it was
    drawn; whether it prints them all the same is evidence."""

    @field_validator("held_out")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if twice := repeated(value):
            raise Fault((twice[0],), f"'{twice[1]}' is named twice")
        return value
