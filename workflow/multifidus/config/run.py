"""What a run does: study, data tier and source, seed, rendering, disclosure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from multifidus.config.base import Fault, Slug, StrictModel, Text
from multifidus.config.checks.folders import check_folder_name
from multifidus.config.tier import Tier

__all__ = [
    "DataConfig",
    "DeviceLogsConfig",
    "DisclosureConfig",
    "PathsConfig",
    "RenderConfig",
    "RunConfig",
]


LEAST_MINIMUM = 3
"""Least minimum count of the restricted tier: with 2, every hidden count would be known to be 1."""


class DataConfig(StrictModel):
    """Where participant data come from."""

    source: Literal["none", "synthetic", "csv", "sdtm"] = "synthetic"
    """`synthetic` draws the calibrated cohort, `csv` reads a folder of raw tables, `sdtm` reads SAS
    transport files through the study's mapping, `none` checks the literature only."""
    path: Text | None = None
    """Folder of the raw tables or transport files, relative to the project's folder. Required for
    `csv` and `sdtm`; refused for the others."""

    @model_validator(mode="after")
    def _path_goes_with_source(self) -> Self:
        needs = self.source in ("csv", "sdtm")
        if needs and self.path is None:
            why = f"data.path is required when data.source is '{self.source}'"
            raise Fault(("path",), why, ("source",))
        if not needs and self.path is not None:
            why = f"data.path is not used when data.source is '{self.source}'"
            raise Fault(("path",), why, ("source",))
        return self


class RenderConfig(StrictModel):
    """How documents are rendered."""

    engine: Literal["auto", "quarto", "embedded"] = "auto"
    """`auto` takes a Quarto that is recent enough when one is found, else the embedded renderer."""
    formats: tuple[Literal["html", "pdf", "docx"], ...] = ("html", "pdf", "docx")
    """Formats to make, each once."""

    @model_validator(mode="after")
    def _each_format_once(self) -> Self:
        if not self.formats or len(set(self.formats)) != len(self.formats):
            raise Fault(
                ("formats",), "render.formats must name each wanted format once, and at least one"
            )
        return self


class DisclosureConfig(StrictModel):
    """Statistical disclosure control for counts of people."""

    minimum_count: Annotated[int, Field(ge=0, le=20)] = 0
    """Counts of people from 1 to one below this number are suppressed, with all that would give
    them away. 0 switches it off; the restricted tier needs at least 3."""
    extremes_from: Annotated[int, Field(ge=0)] = 1000
    """Minimum and maximum, each one person's value, are shown from this number of people on, where
    small counts are suppressed."""
    rounding: Annotated[int, Field(ge=0, le=20)] = 0
    """Base to which the counts shown are rounded, where small counts are suppressed; shares are
    computed from rounded counts, their intervals and tests are hidden. 0 leaves counts exact. Base
    5 with a `minimum_count` of 8 is OpenSAFELY's rule."""
    narratives: bool | None = None
    """Whether the narratives of single events are written. They are participant-level, and no rule
    on small counts protects them: `null` leaves them out where small counts are suppressed."""

    @property
    def writes_narratives(self) -> bool:
        """Whether a run with data writes the narratives of single events."""
        return not self.minimum_count if self.narratives is None else self.narratives


class DeviceLogsConfig(StrictModel):
    """How the stimulator logs are read."""

    shards: Annotated[int, Field(ge=1, le=1000)] = 1
    """Jobs that the logs are divided over; the results do not depend on it. One job reads some
    hundred participants in seconds, and the logs in pieces of fixed size."""
    when_missing: Literal["omit", "refuse"] = "omit"
    """What becomes of a run whose data folder holds no stimulator logs, in a study with device use:
    `omit` leaves device use out, which the documents then say, `refuse` ends the run at once."""


class PathsConfig(StrictModel):
    """Where a run writes."""

    results: Text = "results"
    """Folder of all outputs, relative to the project's folder and apart from its own folders."""
    logs: Text = "logs"
    """Folder of the rules' log files, apart from the results."""

    @model_validator(mode="after")
    def _stay_inside(self) -> Self:
        for name, value in (("results", self.results), ("logs", self.logs)):
            check_folder_name(name, value)
        results, logs = (PurePosixPath(path.casefold()) for path in (self.results, self.logs))
        if results.is_relative_to(logs) or logs.is_relative_to(results):
            why = "paths.logs and paths.results must be apart from each other"
            raise Fault(("logs",), why, ("results",))
        return self


class RunConfig(StrictModel):
    """The settings of a run."""

    study: Slug = "reactiv8b"
    """Folder under `config/studies/` that describes the trial."""
    tier: Annotated[Tier, Field(strict=False)] = Tier.SYNTHETIC
    """Data tier; printed on every page, table and file."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 20240110
    """Seed of everything that is drawn at random."""
    data: DataConfig = DataConfig()
    """Source of the participant data."""
    render: RenderConfig = RenderConfig()
    """Rendering of documents."""
    disclosure: DisclosureConfig = DisclosureConfig()
    """Suppression of small counts."""
    device_logs: DeviceLogsConfig = DeviceLogsConfig()
    """Reading of the stimulator logs."""
    paths: PathsConfig = PathsConfig()
    """Folders written to."""

    @model_validator(mode="after")
    def _tier_fits_source(self) -> Self:
        fits = {
            Tier.PUBLISHED: {"none"},
            Tier.SYNTHETIC: {"synthetic"},
            Tier.PUBLIC: {"csv", "sdtm"},
            Tier.RESTRICTED: {"csv", "sdtm"},
        }[self.tier]
        if self.data.source not in fits:
            wanted = " or ".join(sorted(fits))
            raise Fault(
                ("data", "source"),
                f"tier '{self.tier}' goes with data.source {wanted}, not '{self.data.source}'",
                ("tier",),
            )
        if self.tier is Tier.RESTRICTED and self.disclosure.minimum_count < LEAST_MINIMUM:
            raise Fault(
                ("disclosure", "minimum_count"),
                f"tier 'restricted' needs disclosure.minimum_count of at least {LEAST_MINIMUM}",
                ("tier",),
            )
        return self
