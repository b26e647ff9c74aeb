"""Draw and calibrate a cohort from a seed, published targets and declared free choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from multifidus.base.errors import DataError
from multifidus.cohort.answers.eq5d import calibrate_eq5d
from multifidus.cohort.answers.items import draw_sections
from multifidus.cohort.answers.sums import (
    SECTIONS,
    Setting,
    calibrate_odi,
    calibrate_vas,
)
from multifidus.cohort.calibration.report import calibration_report, require_met
from multifidus.cohort.design import BASELINE, FOLLOW_UPS
from multifidus.cohort.devices.usage import simulate_usage
from multifidus.cohort.participants.device_events import draw_device_events, draw_lead_faults
from multifidus.cohort.participants.events import (
    draw_adverse_events,
    draw_analgesics,
    draw_disposition,
)
from multifidus.cohort.participants.flow import draw_enrolment, draw_flow
from multifidus.cohort.participants.latent import draw_latent
from multifidus.cohort.participants.opioids import draw_prescriptions
from multifidus.cohort.participants.people import draw_characteristics, draw_people
from multifidus.cohort.streams import Streams
from multifidus.cohort.tables import (
    CohortTables,
    answer_table,
    draw_crossover,
    participants_table,
    visits_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import pandas as pd

    from multifidus.cohort.calibration.targets import CohortTargets
    from multifidus.cohort.design import CohortDesign

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

__all__ = ["generate_cohort"]

Found = TypeVar("Found")

ODI_COLUMNS = tuple(f"odi_{section:02d}" for section in range(1, SECTIONS + 1))
_ATTEMPTS = 3
_UNENDED = "COH-001"
_BY_CHANCE = (_UNENDED, "COH-005")
EQ5D_COLUMNS = ("eq5d_mo", "eq5d_sc", "eq5d_ua", "eq5d_pd", "eq5d_ad")


def generate_cohort(seed: int, targets: CohortTargets, design: CohortDesign) -> CohortTables:
    """Draw a synthetic cohort whose scored raw data print the published figures.

    Parameters
    ----------
    seed
        Seed of all random streams; the same seed gives the same bytes.
    targets
        Windows of the published figures.
    design
        Free choices, all of them assumptions.

    Returns
    -------
    CohortTables
        Raw tables in the layout of the contracts, the truth behind the logs, and the calibration
        report, computed from the finished raw tables and not from the search.

    Raises
    ------
    DataError
        ``COH-001`` to ``COH-005`` when published figures cannot be met together.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _draw_cohort(Streams(seed, attempt), targets, design)
        except DataError as error:
            # Figures that leave a narrow strip are now and then out of reach from one draw.
            if error.error_id not in _BY_CHANCE or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _draw_cohort(streams: Streams, targets: CohortTargets, design: CohortDesign) -> CohortTables:
    """Draw one cohort, domain by domain, and compare it with its targets."""
    setting = _draw_setting(streams, targets, design)
    vas_mm = _searched(setting, "vas", calibrate_vas)
    odi_sums = _searched(setting, "odi", calibrate_odi)
    levels = _searched(setting, "eq5d", calibrate_eq5d)
    tables = _people_tables(setting, crossover := draw_crossover(setting))
    tables |= {
        "vas": answer_table(setting, ("vas_mm",), {v: mm[:, None] for v, mm in vas_mm.items()}),
        "odi": answer_table(setting, ODI_COLUMNS, draw_sections(setting, odi_sums)),
        "eq5d": answer_table(setting, EQ5D_COLUMNS, _eq5d_answers(setting, levels)),
        "opioids": draw_prescriptions(setting),
        "analgesics": draw_analgesics(setting, vas_mm),
    }
    faults = draw_lead_faults(setting)
    tables["adverse_events"] = draw_adverse_events(setting, faults)
    tables["device_events"] = draw_device_events(setting, faults)
    usage = tuple(simulate_usage(setting, crossover))
    report = calibration_report(tables, usage, targets, design, setting.steps)
    require_met(report)
    return CohortTables(tables, usage, report)


def _searched(setting: Setting, domain: str, calibrate: Callable[[Setting], Found]) -> Found:
    """Calibrate a domain; a search that does not end begins again in this domain alone."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return calibrate(setting)
        except DataError as error:
            if error.error_id != _UNENDED:
                raise
            setting.streams.restart(domain)
    return calibrate(setting)


def _draw_setting(streams: Streams, targets: CohortTargets, design: CohortDesign) -> Setting:
    enrolment = draw_enrolment(streams.of("enrolment"), targets, design)
    control = np.asarray(enrolment.arm == design.control_arm)
    latent = draw_latent(streams.of("trajectories"), control, design)
    flow = draw_flow(streams.of("attendance"), enrolment, latent, targets, design)
    return Setting(streams, targets, design, enrolment, latent, flow)


def _people_tables(
    setting: Setting, crossover: npt.NDArray[np.datetime64]
) -> dict[str, pd.DataFrame]:
    people = draw_people(setting)
    return {
        "participants": participants_table(setting, people, crossover),
        "characteristics": draw_characteristics(setting, people),
        "visits": visits_table(setting),
        "disposition": draw_disposition(setting),
    }


def _eq5d_answers(setting: Setting, levels: dict[str, IntArray]) -> dict[str, FloatArray]:
    """Return levels as answers; forms that cannot be valued lack one dimension."""
    answers, rng = {}, setting.streams.of("eq5d")
    for visit in (BASELINE, *FOLLOW_UPS):
        given = levels[visit].astype(float)
        incomplete = setting.flow.attended(visit) & (levels[visit] == 0).any(axis=1)
        for person in np.flatnonzero(incomplete):
            given[person] = (2, 1, 2, 3, 1)
            given[person, rng.integers(given.shape[1])] = np.nan
        given[~setting.flow.attended(visit)] = np.nan
        answers[visit] = given
    return answers
