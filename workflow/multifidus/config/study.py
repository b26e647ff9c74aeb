"""What a trial is: arms, visits, outcomes, responder cuts, analysis sets, declared assumptions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from multifidus.config.analysis import (
    AdverseEventRules,
    DeviceUseRules,
    MixedModelRules,
    OpioidRules,
    RandomisedComparison,
)
from multifidus.config.base import Fault, Slug, StrictModel, Text, TextOrNothing
from multifidus.config.checks.references import check_ids, check_references
from multifidus.config.instruments import INSTRUMENTS

__all__ = [
    "AnalysisSet",
    "Arm",
    "Assumption",
    "Characteristic",
    "DateColumn",
    "Outcome",
    "ReportChoice",
    "Responder",
    "StudyConfig",
    "StudyFacts",
    "Visit",
    "Worsening",
]

DateColumn = Literal[
    "randomisation_date",
    "treatment_start_date",
    "activation_date",
    "crossover_date",
    "treatment_end_date",
    "death_date",
    "last_contact_date",
]
"""A date of the participants table that windows and analysis sets may refer to."""


Day = Annotated[int, Field(ge=-36525, le=36525)]
"""Days from an anchor, at most a century."""


class StudyFacts(StrictModel):
    """Names and registration of the trial."""

    id: Slug
    """The study's folder name."""
    title: Text
    """Full title, as printed on the report."""
    short_title: Text
    """Short title for headings and running heads."""
    registry: Text | None = None
    """Registration number, for instance `NCT02577354`."""
    intervention: Text
    """What participants received, in a few words."""
    condition: Text
    """The condition studied, in a few words."""
    data_attribution: Text | None = None
    """Sentence that credits the holder of public data, printed with the data statement."""


class Arm(StrictModel):
    """A randomised arm."""

    id: Slug
    """Id used in results."""
    label: Text
    """Name printed in tables."""


class Visit(StrictModel):
    """A scheduled visit and its analysis window."""

    id: Slug
    """Id used in tables and results."""
    label: Text
    """Name printed in tables."""
    anchor: DateColumn
    """Date of the participants table that days are counted from."""
    anchor_by_arm: dict[Slug, DateColumn] = Field(default_factory=dict)
    """Arms whose days are counted from another date, for instance a sham arm's switch to therapy;
    the others keep `anchor`."""
    not_after: DateColumn | None = None
    """Date of the participants table after which a record no longer belongs to this visit, for
    instance the switch to therapy for a visit of the blinded phase; on the date it still does, and
    participants without the date have no such limit."""
    target_day: Day
    """Scheduled day relative to the anchor."""
    window: tuple[Day, Day]
    """First and last day, relative to the anchor, whose records belong to this visit."""
    years: Annotated[float, Field(ge=0, le=100)] | None = None
    """Years after the anchor, for axes; none for visits without a place on the time axis."""

    @model_validator(mode="after")
    def _target_inside(self) -> Self:
        first, last = self.window
        if first > last:
            raise Fault(("window",), f"visit '{self.id}': day {first} comes after day {last}")
        if not first <= self.target_day <= last:
            raise Fault(
                ("target_day",), f"visit '{self.id}': target_day must lie inside the window"
            )
        return self


def _known_instrument(name: str) -> str:
    if name not in INSTRUMENTS:
        raise ValueError(f"there is no instrument '{name}'; choose one of {', '.join(INSTRUMENTS)}")
    return name


class Outcome(StrictModel):
    """A scored outcome."""

    id: Slug
    """Id used in results."""
    label: Text
    """Name printed in tables."""
    instrument: Annotated[
        str, AfterValidator(_known_instrument), Field(json_schema_extra={"enum": [*INSTRUMENTS]})
    ]
    """Instrument whose raw answers are scored."""
    unit: Text
    """Unit of the score (`cm`, `points`, `index`)."""
    better: Literal["lower", "higher"]
    """Direction of improvement."""
    decimals: Annotated[int, Field(ge=0, le=4)]
    """Decimals printed for a mean."""
    max_missing_items: Annotated[int, Field(ge=0, le=5)] = 0
    """Items of a questionnaire that may be missing (ODI)."""
    value_set: Slug | None = None
    """Value set of the index; required where the instrument has value sets, else refused."""

    @model_validator(mode="after")
    def _value_set_for_eq5d(self) -> Self:
        needed = INSTRUMENTS[self.instrument].value_set
        if needed != (self.value_set is not None):
            rule = "is required" if needed else "does not apply"
            raise Fault(
                ("value_set",), f"outcome '{self.id}': value_set {rule} for {self.instrument}"
            )
        return self

    @model_validator(mode="after")
    def _as_the_instrument_is_scored(self) -> Self:
        scale = INSTRUMENTS[self.instrument]
        for key, given, right in (
            ("unit", self.unit, scale.unit),
            ("better", self.better, scale.better),
        ):
            if given != right:
                raise Fault(
                    (key,), f"outcome '{self.id}': {self.instrument} is scored with {key} '{right}'"
                )
        if self.max_missing_items and not scale.missing_items:
            raise Fault(
                ("max_missing_items",),
                f"outcome '{self.id}': {self.instrument} allows no missing items",
            )
        return self


class Worsening(StrictModel):
    """When an outcome counts as worse than baseline."""

    outcome: Slug
    """Outcome that is watched."""
    more_than: Annotated[float, Field(ge=0)] = 0.0
    """Change in the wrong direction, in the outcome's unit, that is still no worsening."""


class Responder(StrictModel):
    """A responder definition on unrounded scores."""

    id: Slug
    """Id used in results."""
    label: Text
    """Definition as printed; the numbers in it are the thresholds of the definition."""
    kind: Literal["percent_reduction", "absolute_reduction", "level_at_most", "any_of", "all_of"]
    """How the definition works."""
    outcome: Slug | None = None
    """Outcome it is defined on."""
    threshold: float | None = None
    """Cut: reached means responder (>= for reductions, <= for levels)."""
    of: tuple[Slug, ...] = ()
    """Definitions joined by `any_of` or `all_of`."""
    visits: Annotated[tuple[Slug, ...], Field(min_length=1)] | None = None
    """Visits at which it is reported; none means every visit after baseline."""
    refuse_analgesic_increase: bool = False
    """A participant with an increase of analgesics at the visit is no responder."""
    without_worsening: tuple[Worsening, ...] = ()
    """A participant with one of these outcomes worse than baseline at the visit is no responder.
    Each of them must have its baseline and its visit: where one is missing the participant is not
    classified."""

    @model_validator(mode="after")
    def _shape(self) -> Self:
        joined = self.kind in ("any_of", "all_of")
        who = f"responder '{self.id}'"
        if joined:
            if len(self.of) < 2 or self.outcome is not None:  # noqa: PLR2004
                raise Fault(("of",), f"{who}: {self.kind} needs `of` and no outcome")
            if self.threshold is not None:
                raise Fault(("threshold",), f"{who}: {self.kind} takes no threshold of its own")
        elif self.outcome is None or self.threshold is None or self.of:
            missing = "outcome" if self.outcome is None else "threshold"
            raise Fault(
                ("of" if self.of else missing,),
                f"{who}: {self.kind} needs outcome and threshold and no `of`",
            )
        return self


class AnalysisSet(StrictModel):
    """A set of participants, defined by dates that must be present and a visit attended."""

    id: Slug
    """Id used in results."""
    label: Text
    """Name printed in tables."""
    requires: tuple[DateColumn, ...]
    """Dates of the participants table that members have."""
    attended_visit: Slug | None = None
    """Visit that members attended, as the visits table records it; none asks for no visit. The
    first set with such a visit is the one of the completers."""


class Characteristic(StrictModel):
    """A baseline characteristic for Table 1."""

    id: Slug
    """Id in the characteristics table."""
    label: Text
    """Name printed in tables."""
    unit: TextOrNothing
    """Unit, or an empty text."""
    decimals: Annotated[int, Field(ge=0, le=3)] = 1
    """Decimals of the mean."""
    minimum: float
    """Smallest value that is accepted."""
    maximum: float
    """Largest value that is accepted."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.minimum >= self.maximum:
            raise Fault(
                ("maximum",),
                f"characteristic '{self.id}': {self.maximum:g} is not above the minimum"
                f" {self.minimum:g}",
            )
        return self


class ReportChoice(StrictModel):
    """Which documents the study's run makes."""

    document: Slug
    """Document under `reports/manuscript/`, without its ending."""
    literature: bool = False
    """Whether the study's published figures are in `literature/` and are scored."""


class Assumption(StrictModel):
    """A choice that the published record does not settle; printed in the manuscript."""

    id: Slug
    """Stable id."""
    statement: Text
    """What is assumed. A setting in braces, `{opioids.conversion}` for instance, is printed as it
    is set; keys are joined by points, and an entry of a list is named by its id."""
    when: dict[str, Any] = Field(default_factory=dict)
    """Settings that the statement describes, each with the value for which it is true, for instance
    `device_use.after_explant: drop`; a study with another value is refused."""
    reason: Text
    """Why, and what is known."""


class StudyConfig(StrictModel):
    """A trial as the pipeline sees it: one field per section of `study.yaml`."""

    study: StudyFacts
    """Names and registration."""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    """Randomised arms in printing order."""
    analysis_sets: Annotated[tuple[AnalysisSet, ...], Field(min_length=1)]
    """Analysis sets; one is called `safety`."""
    report: ReportChoice
    """Documents."""
    visits: tuple[Visit, ...] = ()
    """Scheduled visits in order."""
    outcomes: tuple[Outcome, ...] = ()
    """Scored outcomes in printing order."""
    responders: tuple[Responder, ...] = ()
    """Responder definitions."""
    characteristics: tuple[Characteristic, ...] = ()
    """Baseline characteristics."""
    adverse_events: AdverseEventRules = AdverseEventRules()
    """Rules of the adverse-event analysis."""
    opioids: OpioidRules | None = None
    """Rules of the opioid analysis; none where opioids are not studied."""
    device_use: DeviceUseRules | None = None
    """Rules of the stimulator-log analysis; none for trials without logs."""
    mixed_model: MixedModelRules | None = None
    """The supporting mixed model; none where it is not fitted."""
    randomised: RandomisedComparison | None = None
    """The randomised comparison; none where there is none."""
    assumptions: tuple[Assumption, ...] = ()
    """Declared assumptions."""

    @model_validator(mode="after")
    def _ids_resolve(self) -> Self:
        check_ids(self)
        check_references(self)
        return self
