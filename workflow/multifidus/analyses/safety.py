"""Safety: treatment-emergent adverse events and events of the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.adverse_events import summarise_adverse_events
from multifidus.analyses.device_events import summarise_device_events

if TYPE_CHECKING:
    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.results import ResultRow

__all__ = ["summarise_safety"]


def summarise_safety(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give the rows of adverse events and device events.

    Returns
    -------
    list of ResultRow
        As :func:`~multifidus.analyses.adverse_events.summarise_adverse_events` and
        :func:`~multifidus.analyses.device_events.summarise_device_events`.
    """
    return [*summarise_adverse_events(inputs), *summarise_device_events(inputs)]
