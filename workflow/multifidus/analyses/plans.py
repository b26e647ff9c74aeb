"""Which analyses a study has, and exactly what each reads, for a workflow to declare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multifidus.config import StudyConfig

__all__ = ["PLANS", "AnalysisPlan", "plans_of"]


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """One analysis and what it reads.

    Parameters
    ----------
    name
        Its name; the module is ``multifidus.analyses.<name>``.
    tables
        Tables of the contracts.
    sections
        Sections of the study file.
    asks_for
        Section without which the study does not have this analysis; empty for every study.
    needs_scores
        Whether it reads the scores; studies without outcomes have none.
    needs_logs
        Whether it reads the device-use table.
    """

    name: str
    tables: tuple[str, ...]
    sections: tuple[str, ...]
    asks_for: str = ""
    needs_scores: bool = False
    needs_logs: bool = False

    @property
    def source(self) -> str:
        """Importable name of the module."""
        return f"multifidus.analyses.{self.name}"


_PEOPLE = ("participants",)
_SETS = ("arms", "analysis_sets", "visits", "outcomes")
PLANS: tuple[AnalysisPlan, ...] = (
    AnalysisPlan(
        "baseline", (*_PEOPLE, "characteristics"), (*_SETS, "characteristics"), needs_scores=True
    ),
    AnalysisPlan(
        "flow", (*_PEOPLE, "visits", "disposition"), (*_SETS, "device_use"), needs_scores=True
    ),
    AnalysisPlan(
        "safety",
        (*_PEOPLE, "adverse_events", "device_events"),
        ("arms", "analysis_sets", "adverse_events"),
    ),
    AnalysisPlan("effectiveness", _PEOPLE, (*_SETS, "randomised"), "outcomes", needs_scores=True),
    AnalysisPlan(
        "responders",
        (*_PEOPLE, "analgesics"),
        (*_SETS, "responders", "randomised"),
        "responders",
        needs_scores=True,
    ),
    AnalysisPlan("mixed_model", _PEOPLE, (*_SETS, "mixed_model"), "mixed_model", needs_scores=True),
    AnalysisPlan(
        "randomised",
        (*_PEOPLE, "analgesics"),
        (*_SETS, "responders", "randomised"),
        "randomised",
        needs_scores=True,
    ),
    AnalysisPlan("opioids", _PEOPLE, ("analysis_sets", "opioids"), "opioids", needs_scores=True),
    AnalysisPlan("device_use", (), ("device_use",), "device_use", needs_logs=True),
)
"""Every analysis."""


def plans_of(study: StudyConfig) -> dict[str, AnalysisPlan]:
    """Return the analyses of a study by name.

    Parameters
    ----------
    study
        The whole study.
    """
    has_scores = bool(study.outcomes)
    return {
        plan.name: replace(plan, needs_scores=plan.needs_scores and has_scores)
        for plan in PLANS
        if not plan.asks_for or getattr(study, plan.asks_for)
    }
