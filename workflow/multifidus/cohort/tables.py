"""The raw tables of a cohort, as a trial's holder would bring them, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.base.files import write_csv
from multifidus.cohort.design import BASELINE, FOLLOW_UPS, VISITS
from multifidus.cohort.participants.events import observed_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from multifidus.cohort.answers.sums import Setting
    from multifidus.cohort.devices.usage import DeviceUse
    from multifidus.cohort.participants.people import People

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    DayArray = npt.NDArray[np.datetime64]

__all__ = [
    "CohortTables",
    "answer_table",
    "draw_crossover",
    "participants_table",
    "visits_table",
    "write_cohort",
]

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class CohortTables:
    """A cohort: raw tables by name, the truth behind its logs, and the calibration report.

    Parameters
    ----------
    tables
        Table name to frame, columns as in the contracts; dates are ISO text.
    usage
        The sessions behind each participant's stimulator log.
    report
        One row per target: ``target`` (a result id), ``claim_id``, ``printed``, ``low``, ``high``,
        ``reached``, ``met``, ``iterations``, ``note``; declined claims follow, with the reason.
    """

    tables: Mapping[str, pd.DataFrame]
    usage: tuple[DeviceUse, ...] = ()
    report: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def draw_crossover(setting: Setting) -> DayArray:
    """Draw the day of the switch to therapy in the sham arm, NaT for everybody else."""
    low, high = setting.design.crossover_days
    after = setting.flow.visit_date["d120"]
    days = setting.streams.of("attendance").integers(low, high + 1, len(after))
    switch = after + days * _DAY
    control = setting.arms[setting.design.control_arm]
    gone = switch >= observed_until(setting)
    return np.where(control & ~gone, switch, np.datetime64("NaT"))


def participants_table(setting: Setting, people: People, crossover: DayArray) -> pd.DataFrame:
    """Return the table ``participants``."""
    enrolment, flow = setting.enrolment, setting.flow
    ended = flow.end_date
    return pd.DataFrame(
        {
            "participant_id": enrolment.ids,
            "site_id": enrolment.sites,
            "arm": enrolment.arm,
            "age_years": people.age,
            "sex": people.sex,
            "randomisation_date": _iso(enrolment.activation),
            "treatment_start_date": _iso(enrolment.implant),
            "activation_date": _iso(enrolment.activation),
            "crossover_date": _iso(crossover),
            "treatment_end_date": _iso(_where(flow.end_reason == "explanted", ended)),
            "death_date": _iso(_where(flow.end_reason == "died", ended)),
            "last_contact_date": _iso(observed_until(setting)),
        }
    )


def _where(condition: npt.NDArray[np.bool_], days: DayArray) -> DayArray:
    return np.where(condition, days, np.datetime64("NaT"))


def _iso(days: DayArray) -> pd.Series:
    """Return days as ISO text, missing ones as missing."""
    text = pd.Series(np.datetime_as_string(days, unit="D"), dtype="str")
    return text.mask(text == "NaT")


def visits_table(setting: Setting) -> pd.DataFrame:
    """Return the table ``visits``, one row per participant and scheduled visit."""
    frames = [
        pd.DataFrame(
            {
                "participant_id": setting.enrolment.ids,
                "visit": visit,
                "visit_date": _iso(setting.flow.visit_date[visit]),
                "attended": setting.flow.attended(visit),
                "reason_missed": pd.Series(setting.flow.reason[visit], dtype="str").replace(
                    "", None
                ),
            }
        )
        for visit in VISITS
    ]
    return _by_participant(frames)


def answer_table(
    setting: Setting, columns: tuple[str, ...], answers: Mapping[str, FloatArray]
) -> pd.DataFrame:
    """Return a table of answers: one row per form that was handed in.

    Parameters
    ----------
    setting
        The cohort's setting.
    columns
        Names of the answers.
    answers
        Visit to answers, shape (persons, columns), NaN where left out.
    """
    frames = []
    for visit in (BASELINE, *FOLLOW_UPS):
        given = setting.flow.attended(visit) & ~np.isnan(answers[visit]).all(axis=1)
        frame = pd.DataFrame(answers[visit][given], columns=list(columns)).astype("Int64")
        frame.insert(0, "participant_id", setting.enrolment.ids[given])
        frame.insert(1, "visit", visit)
        frame.insert(2, "assessment_date", _iso(setting.flow.visit_date[visit][given]))
        frames.append(frame)
    return _by_participant(frames)


def _by_participant(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Stack frames of visits and sort by participant, visits in their order."""
    stacked = pd.concat(frames, ignore_index=True)
    return stacked.sort_values("participant_id", kind="stable").reset_index(drop=True)


def write_cohort(tables: CohortTables, folder: Path) -> list[Path]:
    """Write every table as ``<folder>/<name>.csv`` (UTF-8, commas, empty for missing).

    Parameters
    ----------
    tables
        The cohort.
    folder
        Target folder; made when absent.

    Returns
    -------
    list of Path
        The files, in the order of the tables.
    """
    written = []
    for name in tables:
        frame = tables[name].copy()
        for column in frame.columns[[kind.kind == "b" for kind in frame.dtypes]]:
            frame[column] = frame[column].map({True: "true", False: "false"})
        write_csv(folder / f"{name}.csv", frame)
        written.append(folder / f"{name}.csv")
    return written
