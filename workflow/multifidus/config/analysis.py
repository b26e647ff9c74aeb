"""Rules of the single analyses, as sections of a study file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from multifidus.config.base import Fault, Slug, StrictModel, Text
from multifidus.config.vocabulary import DeviceEventType, Relation

__all__ = [
    "AdverseEventRules",
    "DeviceUseRules",
    "MixedModelRules",
    "OpioidRules",
    "RandomisedComparison",
]


class OpioidRules(StrictModel):
    """How opioid use is converted and classified."""

    conversion: Slug = "cdc_2022"
    """Edition of the conversion factors in `literature/mme/`."""
    as_needed: Literal["maximum", "half", "exclude"] = "maximum"
    """Prescriptions taken as needed count with all of the doses prescribed, with half of them, or
    not at all."""
    partial_dates: Literal["longest", "shortest"] = "longest"
    """Incomplete dates of a prescription make the longest or the shortest interval they allow."""
    baseline_visit: Slug = "baseline"
    """Visit that defines users and their baseline dose."""
    visits: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Visits at which change is classified, in order."""
    unchanged_within_percent: Annotated[float, Field(ge=0, lt=100)] = 0.0
    """Changes of the daily dose up to this share of baseline count as unchanged."""


class AdverseEventRules(StrictModel):
    """How adverse events are counted."""

    treatment_emergent_from: Literal["treatment_start_date", "randomisation_date"] = (
        "treatment_start_date"
    )
    """Events that start on or after this date are treatment-emergent."""
    observation_end: Literal["last_contact_date", "treatment_end_date"] = "last_contact_date"
    """Date at which the time at risk ends (death ends it too)."""
    partial_start_date: Literal["earliest_on_treatment", "first_possible"] = "earliest_on_treatment"
    """How an incomplete start date is completed: the earliest day that it allows on or after the
    start of treatment, else the earliest day that it allows. Imputed dates carry a flag."""
    related_values: Annotated[tuple[Relation, ...], Field(min_length=1)] = (
        "possible",
        "probable",
        "definite",
    )
    """Causality words that count as related."""
    missing_relation: Literal["unrelated", "related"] = "unrelated"
    """How an event without any answer on causality counts; their number is reported either way."""
    device_event_types: tuple[DeviceEventType, ...] = ()
    """Device events reported with their zero counts."""
    narrative_device_days: Annotated[int, Field(ge=0, le=365)] = 30
    """A narrative names the device events from this many days before an event to this many days
    after its end."""
    comparator_terms: dict[Slug, Annotated[tuple[Text, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """Published kind of event, as in `literature/comparators.csv`, to the preferred terms of
    treatment-emergent events that answer it."""

    @model_validator(mode="after")
    def _related_means_related(self) -> Self:
        for position, word in enumerate(self.related_values):
            if word in ("none", "not related"):
                raise Fault(("related_values", position), f"'{word}' says that it is not related")
        return self


class DeviceUseRules(StrictModel):
    """How stimulator logs become adherence."""

    prescribed_minutes_per_day: Annotated[float, Field(gt=0, le=1440)] = 60.0
    """Prescribed therapy a day, the denominator of utilisation, where a log names none."""
    sessions_per_day: Annotated[int, Field(gt=0, le=48)] = 2
    """Prescribed sessions a day where a log names none; the therapy is shared among them."""
    exposure_start: dict[Slug, Literal["activation_date", "crossover_date"]]
    """Arm to the date from which therapy counts."""
    years: Annotated[int, Field(gt=0, le=20)] = 5
    """Years since the start of exposure that are reported."""
    after_explant: Literal["drop", "zero"] = "drop"
    """Days after explantation are no exposure (`drop`), or exposure without therapy up to death or
    the last day on which any participant was in contact (`zero`)."""
    minimum_coverage: Annotated[float, Field(ge=0, le=1)] = 0.8
    """Share of the days before a visit that the logs must show for a participant to count in the
    comparison of use with outcome."""


class MixedModelRules(StrictModel):
    """The supporting mixed model for repeated measures."""

    outcomes: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Outcomes it is fitted to."""
    visits: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Visits after baseline in the model, in order."""
    covariance: Literal["unstructured"] = "unstructured"
    """Within-participant covariance; a declared fallback is said in the result."""
    df_method: Literal["kenward_roger", "satterthwaite"] = "kenward_roger"
    """Denominator degrees of freedom."""


class RandomisedComparison(StrictModel):
    """The comparison of the arms at the end of the blinded phase."""

    visit: Slug
    """Visit of the comparison."""
    treatment: Slug
    """Arm of interest."""
    control: Slug
    """Arm it is compared with."""
    outcomes: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Outcomes whose change is compared."""
    responder: Slug
    """Responder definition of the primary endpoint."""
