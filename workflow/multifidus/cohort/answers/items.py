"""ODI sections: ten answers of 0 to 5 with a given sum and plausible correlations.

Sections differ in how hard they are (lifting and standing are limited first, self-care last),
people differ in which sections trouble them, and that pattern is stable over visits. Given both,
one number per form, its overall level, is found so that the rounded sections add up to the sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.cohort.answers.sums import SECTIONS, TOP_LEVEL
from multifidus.cohort.design import BASELINE, FOLLOW_UPS

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.cohort.answers.sums import Setting

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

__all__ = ["draw_sections", "split_sum"]

_BISECTIONS = 40


def split_sum(sums: IntArray, pattern: FloatArray, answered: npt.NDArray[np.bool_]) -> IntArray:
    """Split sums over sections.

    Parameters
    ----------
    sums
        Sum of each form, shape (forms,).
    pattern
        Relative level of each section, shape (forms, sections).
    answered
        Which sections were answered, same shape.

    Returns
    -------
    ndarray of int
        Answers 0 to 5, shape (forms, sections), with the given sums; 0 where unanswered.
    """
    low = np.full(len(sums), -pattern.max() - TOP_LEVEL)
    high = np.full(len(sums), TOP_LEVEL - pattern.min() + TOP_LEVEL)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        total = (np.clip(pattern + middle[:, None], 0, TOP_LEVEL) * answered).sum(axis=1)
        above = total > sums
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    exact = np.clip(pattern + low[:, None], 0, TOP_LEVEL) * answered
    answers = np.floor(exact + 1e-9).astype(np.int64)
    # Largest remainders take what rounding down left over.
    remainder = np.where(answered & (answers < TOP_LEVEL), exact - answers, -1.0)
    order = np.argsort(np.argsort(-remainder, axis=1, kind="stable"), axis=1, kind="stable")
    missing = sums - answers.sum(axis=1)
    return np.asarray(answers + (order < missing[:, None]))


def draw_sections(
    setting: Setting, odi: dict[str, tuple[IntArray, IntArray]]
) -> dict[str, FloatArray]:
    """Draw the sections of every form.

    Parameters
    ----------
    setting
        The cohort's setting.
    odi
        Visit to (sum, sections answered); zero sections for forms that cannot be scored.

    Returns
    -------
    dict
        Visit to answers, shape (persons, 10), NaN where a section was left out. Forms that cannot
        be scored hold the sections that were answered; people who were not seen hold none.
    """
    rng, design, n = setting.streams.of("odi"), setting.design, len(setting.enrolment)
    own = rng.standard_normal((n, SECTIONS)) * design.odi_section_person_sd
    hardness = np.array(design.odi_section_offsets)
    forms = {}
    for visit in (BASELINE, *FOLLOW_UPS):
        total, count = (array.copy() for array in odi[visit])
        noise = rng.standard_normal((n, SECTIONS)) * design.odi_section_visit_sd
        left_out = np.zeros((n, SECTIONS), dtype=bool)
        # Section eight (sex life) is the one most often left blank.
        weights = np.array([1, 1, 1, 1, 1, 1, 1, 8, 1, 2]) / 18
        for person in np.flatnonzero(count == SECTIONS - 1):
            left_out[person, rng.choice(SECTIONS, p=weights)] = True
        unscorable = setting.flow.attended(visit) & (count == 0)
        for person in np.flatnonzero(unscorable):
            blank = rng.choice(SECTIONS, int(rng.integers(2, 5)), replace=False)
            left_out[person, blank] = True
            total[person] = round(0.35 * TOP_LEVEL * (SECTIONS - len(blank)))
        answers = split_sum(total, hardness + own + noise, ~left_out).astype(float)
        answers[left_out | ~setting.flow.attended(visit)[:, None]] = np.nan
        forms[visit] = answers
    return forms
