"""Every analysis by name, with exactly what it reads, so that a workflow rule can declare it.

Functions are named and not imported: the workflow reads this registry each time it starts, and
must not wait for the libraries of the analyses.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from multifidus.analyses.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.config.study import StudyConfig
    from multifidus.results.table import ResultRow

__all__ = ["ANALYSES", "Analysis", "analyses_of", "run_analysis"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis and what it reads.

    Parameters
    ----------
    name
        Its name.
    function
        Importable name of the pure function.
    tables
        Tables of the contracts.
    sections
        Sections of the study file.
    needs_scores, needs_usage
        Whether it reads the scores (in studies with outcomes) and the device-use tables.
    needs_comparators
        Whether it reads ``literature/comparators.csv``.
    asks_for
        Section without which a study does not have this analysis; empty for every study.
    """

    name: str
    function: str
    tables: tuple[str, ...]
    sections: tuple[str, ...]
    needs_scores: bool = False
    needs_usage: bool = False
    needs_comparators: bool = False
    asks_for: str = ""

    @property
    def module(self) -> str:
        """Module of the function."""
        return self.function.rpartition(".")[0]

    def load(self) -> Callable[[AnalysisInputs], list[ResultRow]]:
        """Import the function."""
        module, _, name = self.function.rpartition(".")
        function: Callable[[AnalysisInputs], list[ResultRow]] = getattr(import_module(module), name)
        return function


_PEOPLE = ("participants",)
_SETS = ("arms", "analysis_sets", "visits", "outcomes")


_ALL = (
    Analysis(
        "baseline",
        "multifidus.analyses.efficacy.baseline.summarise_baseline",
        (*_PEOPLE, "characteristics"),
        (*_SETS, "characteristics"),
        needs_scores=True,
    ),
    Analysis(
        "effectiveness",
        "multifidus.analyses.efficacy.effectiveness.summarise_effectiveness",
        _PEOPLE,
        (*_SETS, "randomised"),
        needs_scores=True,
        asks_for="outcomes",
    ),
    Analysis(
        "responders",
        "multifidus.analyses.responders.shares.summarise_responders",
        (*_PEOPLE, "analgesics"),
        (*_SETS, "responders", "randomised"),
        needs_scores=True,
        asks_for="responders",
    ),
    Analysis(
        "mixed_model",
        "multifidus.analyses.efficacy.mixed_model.summarise_mixed_model",
        _PEOPLE,
        (*_SETS, "mixed_model"),
        needs_scores=True,
        asks_for="mixed_model",
    ),
    Analysis(
        "randomised",
        "multifidus.analyses.efficacy.randomised.summarise_randomised",
        (*_PEOPLE, "analgesics"),
        (*_SETS, "responders", "randomised"),
        needs_scores=True,
        asks_for="randomised",
    ),
    Analysis(
        "opioids",
        "multifidus.analyses.opioids.categories.summarise_opioids",
        _PEOPLE,
        ("analysis_sets", "opioids"),
        needs_scores=True,
        asks_for="opioids",
    ),
    Analysis(
        "adverse_events",
        "multifidus.analyses.safety.adverse_events.summarise_adverse_events",
        (*_PEOPLE, "adverse_events"),
        ("arms", "analysis_sets", "adverse_events"),
    ),
    Analysis(
        "device_events",
        "multifidus.analyses.safety.device_safety.summarise_device_safety",
        (*_PEOPLE, "adverse_events", "device_events"),
        ("arms", "analysis_sets", "adverse_events", "device_use"),
    ),
    Analysis(
        "flow",
        "multifidus.analyses.flow.disposition.summarise_flow",
        (*_PEOPLE, "visits", "disposition"),
        (*_SETS, "device_use"),
        needs_scores=True,
    ),
    Analysis(
        "sensitivity",
        "multifidus.analyses.sensitivity.summary.summarise_sensitivity",
        (*_PEOPLE, "analgesics"),
        (*_SETS, "responders", "mixed_model", "randomised"),
        needs_scores=True,
        asks_for="mixed_model",
    ),
    Analysis(
        "supplement",
        "multifidus.analyses.supplement.summarise_supplement",
        (*_PEOPLE, "visits", "analgesics", "eq5d", "adverse_events", "device_events"),
        (*_SETS, "responders", "randomised", "opioids", "adverse_events"),
        needs_scores=True,
        needs_comparators=True,
        asks_for="outcomes",
    ),
    Analysis(
        "device_use",
        "multifidus.analyses.device_use.summary.summarise_device_use",
        (),
        ("device_use.years", "device_use.minimum_coverage", "visits", "outcomes"),
        needs_scores=True,
        needs_usage=True,
        asks_for="device_use",
    ),
)
ANALYSES: Mapping[str, Analysis] = MappingProxyType({item.name: item for item in _ALL})
"""Every analysis by name."""


def analyses_of(study: StudyConfig) -> dict[str, Analysis]:
    """Return the analyses that a study has, by name.

    Parameters
    ----------
    study
        The whole study.
    """
    return {
        item.name: item
        for item in ANALYSES.values()
        if not item.asks_for or getattr(study, item.asks_for)
    }


def run_analysis(name: str, inputs: AnalysisInputs) -> list[ResultRow]:
    """Run one analysis by name.

    Raises
    ------
    AnalysisError
        ``ANA-005`` when there is no such analysis, with the nearest name.
    """
    if name not in ANALYSES:
        near = difflib.get_close_matches(name, list(ANALYSES), n=1)
        hint = f"is '{near[0]}' meant?" if near else "see multifidus.analyses.registry for all."
        raise AnalysisError("ANA-005", f"There is no analysis '{name}'; {hint}")
    return ANALYSES[name].load()(inputs)
