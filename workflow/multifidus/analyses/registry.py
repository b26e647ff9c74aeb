"""Every analysis by name, with exactly what it reads, so that a workflow rule can declare it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from multifidus.analyses.adverse_events import summarise_adverse_events
from multifidus.analyses.baseline import summarise_baseline
from multifidus.analyses.device_events import summarise_device_events
from multifidus.analyses.device_use import summarise_device_use
from multifidus.analyses.effectiveness import summarise_effectiveness
from multifidus.analyses.errors import AnalysisError
from multifidus.analyses.flow import summarise_flow
from multifidus.analyses.mixed_model import summarise_mixed_model
from multifidus.analyses.opioids import summarise_opioids
from multifidus.analyses.randomised import summarise_randomised
from multifidus.analyses.responders import summarise_responders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.results import ResultRow

__all__ = ["ANALYSES", "Analysis", "run_analysis"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis and what it reads.

    Parameters
    ----------
    name
        Its name.
    function
        The pure function.
    tables
        Tables of the contracts.
    sections
        Sections of the study file.
    needs_scores, needs_usage
        Whether it reads the scores (in studies with outcomes) and the device-use table.
    """

    name: str
    function: Callable[[AnalysisInputs], list[ResultRow]]
    tables: tuple[str, ...]
    sections: tuple[str, ...]
    needs_scores: bool = False
    needs_usage: bool = False

    @property
    def function_name(self) -> str:
        """Importable name of the function, for the provenance of its results."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


_PEOPLE = ("participants",)
_SETS = ("arms", "analysis_sets", "visits", "outcomes")


def _all() -> tuple[Analysis, ...]:
    return (
        Analysis(
            "baseline",
            summarise_baseline,
            (*_PEOPLE, "characteristics"),
            (*_SETS, "characteristics"),
            needs_scores=True,
        ),
        Analysis(
            "effectiveness",
            summarise_effectiveness,
            _PEOPLE,
            (*_SETS, "randomised"),
            needs_scores=True,
        ),
        Analysis(
            "responders",
            summarise_responders,
            (*_PEOPLE, "analgesics"),
            (*_SETS, "responders", "randomised"),
            needs_scores=True,
        ),
        Analysis(
            "mixed_model",
            summarise_mixed_model,
            _PEOPLE,
            (*_SETS, "mixed_model"),
            needs_scores=True,
        ),
        Analysis(
            "randomised",
            summarise_randomised,
            (*_PEOPLE, "analgesics"),
            (*_SETS, "responders", "randomised"),
            needs_scores=True,
        ),
        Analysis(
            "opioids",
            summarise_opioids,
            _PEOPLE,
            ("analysis_sets", "opioids"),
            needs_scores=True,
        ),
        Analysis(
            "adverse_events",
            summarise_adverse_events,
            (*_PEOPLE, "adverse_events"),
            ("arms", "analysis_sets", "adverse_events"),
        ),
        Analysis(
            "device_events",
            summarise_device_events,
            (*_PEOPLE, "device_events"),
            ("analysis_sets", "adverse_events"),
        ),
        Analysis(
            "flow",
            summarise_flow,
            (*_PEOPLE, "visits", "disposition"),
            (*_SETS, "device_use"),
            needs_scores=True,
        ),
        Analysis(
            "device_use",
            summarise_device_use,
            (),
            ("device_use",),
            needs_usage=True,
        ),
    )


ANALYSES: Mapping[str, Analysis] = MappingProxyType({item.name: item for item in _all()})
"""Every analysis by name."""


def run_analysis(name: str, inputs: AnalysisInputs) -> list[ResultRow]:
    """Run one analysis by name.

    Raises
    ------
    AnalysisError
        ``ANA-005`` when there is no such analysis, with the names known.
    """
    if name not in ANALYSES:
        known = ", ".join(ANALYSES)
        raise AnalysisError("ANA-005", f"There is no analysis '{name}'; choose one of: {known}.")
    return ANALYSES[name].function(inputs)
