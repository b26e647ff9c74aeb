"""Every analysis by name, with exactly what it reads, so that a workflow rule can declare it.

One analysis is one job and one file of results; its functions share a domain and what they read.
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
    from collections.abc import Mapping

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
    functions
        Importable names of its pure functions; each gives no rows where it does not apply.
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
    functions: tuple[str, ...]
    tables: tuple[str, ...]
    sections: tuple[str, ...]
    needs_scores: bool = False
    needs_usage: bool = False
    needs_comparators: bool = False
    asks_for: str = ""

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules of the functions."""
        return tuple(name.rpartition(".")[0] for name in self.functions)

    def run(self, inputs: AnalysisInputs) -> dict[str, list[ResultRow]]:
        """Return the rows of results by the importable name of the function that made them."""
        rows = {}
        for path in self.functions:
            module, _, name = path.rpartition(".")
            rows[path] = getattr(import_module(module), name)(inputs)
        return rows


_PEOPLE = ("participants",)
_SETS = ("arms", "analysis_sets", "visits", "outcomes")
_ANALYSES = "multifidus.analyses"


_ALL = (
    Analysis(
        "baseline",
        (f"{_ANALYSES}.efficacy.baseline.summarise_baseline",),
        (*_PEOPLE, "characteristics"),
        (*_SETS, "characteristics"),
        needs_scores=True,
    ),
    Analysis(
        "effectiveness",
        (
            f"{_ANALYSES}.efficacy.effectiveness.summarise_effectiveness",
            f"{_ANALYSES}.efficacy.distribution.summarise_distribution",
            f"{_ANALYSES}.efficacy.profiles.summarise_profiles",
            f"{_ANALYSES}.efficacy.subgroups.summarise_subgroups",
        ),
        (*_PEOPLE, "eq5d"),
        (*_SETS, "randomised", "opioids"),
        needs_scores=True,
        asks_for="outcomes",
    ),
    Analysis(
        "responders",
        (
            f"{_ANALYSES}.responders.shares.summarise_responders",
            f"{_ANALYSES}.responders.durability.summarise_durability",
            f"{_ANALYSES}.responders.maintained.summarise_maintained",
        ),
        (*_PEOPLE, "visits", "analgesics"),
        (*_SETS, "responders", "randomised"),
        needs_scores=True,
        asks_for="outcomes",
    ),
    Analysis(
        "mixed_model",
        (f"{_ANALYSES}.efficacy.mixed_model.summarise_mixed_model",),
        _PEOPLE,
        (*_SETS, "mixed_model"),
        needs_scores=True,
        asks_for="mixed_model",
    ),
    Analysis(
        "randomised",
        (f"{_ANALYSES}.efficacy.randomised.summarise_randomised",),
        (*_PEOPLE, "analgesics"),
        (*_SETS, "responders", "randomised"),
        needs_scores=True,
        asks_for="randomised",
    ),
    Analysis(
        "opioids",
        (
            f"{_ANALYSES}.opioids.categories.summarise_opioids",
            f"{_ANALYSES}.opioids.transitions.summarise_opioid_transitions",
            f"{_ANALYSES}.opioids.model.summarise_opioid_model",
        ),
        _PEOPLE,
        ("analysis_sets", "opioids", "visits"),
        needs_scores=True,
        asks_for="opioids",
    ),
    Analysis(
        "adverse_events",
        (f"{_ANALYSES}.safety.adverse_events.summarise_adverse_events",),
        (*_PEOPLE, "adverse_events"),
        ("arms", "analysis_sets", "adverse_events"),
    ),
    Analysis(
        "device_events",
        (
            f"{_ANALYSES}.safety.device_events.summarise_device_events",
            f"{_ANALYSES}.safety.narratives.summarise_narratives",
            f"{_ANALYSES}.safety.time_to_event.summarise_time_to_event",
            f"{_ANALYSES}.safety.comparators.summarise_comparison",
        ),
        (*_PEOPLE, "adverse_events", "device_events"),
        ("arms", "analysis_sets", "adverse_events", "device_use"),
        needs_comparators=True,
    ),
    Analysis(
        "flow",
        (
            f"{_ANALYSES}.flow.disposition.summarise_flow",
            f"{_ANALYSES}.flow.completers.summarise_completers",
        ),
        (*_PEOPLE, "visits", "disposition"),
        (*_SETS, "device_use", "opioids"),
        needs_scores=True,
    ),
    Analysis(
        "sensitivity",
        (
            f"{_ANALYSES}.sensitivity.single_imputation.summarise_single_imputation",
            f"{_ANALYSES}.sensitivity.multiple_imputation.summarise_multiple_imputation",
        ),
        (*_PEOPLE, "analgesics"),
        (*_SETS, "responders", "mixed_model", "randomised"),
        needs_scores=True,
        asks_for="mixed_model",
    ),
    Analysis(
        "device_use",
        (f"{_ANALYSES}.device_use.summary.summarise_device_use",),
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
    return [row for rows in ANALYSES[name].run(inputs).values() for row in rows]
