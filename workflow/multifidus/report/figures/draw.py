"""Which figures a study's document has, and drawing them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.base.files import atomic_directory
from multifidus.report.figures.comparison import draw_cumulative
from multifidus.report.figures.device_use import (
    draw_calendar,
    draw_device_use,
    draw_exposure_response,
)
from multifidus.report.figures.flow import draw_flow
from multifidus.report.figures.forest import draw_comparators
from multifidus.report.figures.outcomes import draw_opioids, draw_outcomes, draw_responders
from multifidus.report.figures.style import house_style, save_figure

if TYPE_CHECKING:
    from pathlib import Path

    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = ["draw_figures"]


def draw_figures(results: Results, study: StudyConfig, folder: Path) -> list[str]:
    """Draw every figure that the study has results for.

    Parameters
    ----------
    results
        The results table.
    study
        Sections ``arms``, ``visits``, ``outcomes``, ``responders``, ``opioids``, ``device_use``.
    folder
        Folder to make; replaced as a whole.

    Returns
    -------
    list of str
        Names of the figures drawn.
    """
    wanted = {"flow": draw_flow}
    if study.outcomes:
        wanted["outcomes"] = draw_outcomes
    if study.responders:
        wanted["responders"] = draw_responders
        wanted["cumulative"] = draw_cumulative
    if study.opioids:
        wanted["opioids"] = draw_opioids
    has_use = len(results.select(analysis="device_use")) > 0  # a run may have no logs
    if has_use:
        wanted["device_use"] = draw_device_use
        wanted["use_calendar"] = draw_calendar
    if has_use and study.outcomes:
        wanted["exposure_response"] = draw_exposure_response
    if len(results.select(analysis="comparison")):
        wanted["comparators"] = draw_comparators
    with house_style(), atomic_directory(folder) as target:
        for name, draw in wanted.items():
            save_figure(draw(results, study), target, name)
    return list(wanted)
