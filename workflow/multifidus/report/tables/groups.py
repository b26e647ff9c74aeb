"""The groups that a table has columns for, and the words that tables share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.study import Outcome, StudyConfig

__all__ = ["groups_in", "measure"]


def groups_in(rows: pd.DataFrame, study: StudyConfig) -> list[tuple[str, str]]:
    """Return the arms in printing order and all together, as far as results have them.

    Parameters
    ----------
    rows
        Rows of the results table.
    study
        The section ``arms``.

    Returns
    -------
    list of tuple
        Id and label.
    """
    known = set(rows["group"])
    arms = [(arm.id, arm.label) for arm in study.arms if arm.id in known]
    return [*arms, ("all", "All")] if "all" in known else arms


def measure(outcome: Outcome) -> str:
    """Return label and unit of an outcome, the unit once."""
    same = outcome.unit in outcome.label.split()
    return outcome.label if same else f"{outcome.label}, {outcome.unit}"
