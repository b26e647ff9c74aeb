"""Events of the device and counts of narratives, in one job: both take far less than its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.safety.device_events import summarise_device_events
from multifidus.analyses.safety.narratives import summarise_narratives

if TYPE_CHECKING:
    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.results.table import ResultRow

__all__ = ["summarise_device_safety"]


def summarise_device_safety(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give the rows of device events and the counts of narratives.

    Returns
    -------
    list of ResultRow
        ``device_events.*`` and ``narratives.*``.
    """
    return [*summarise_device_events(inputs), *summarise_narratives(inputs)]
