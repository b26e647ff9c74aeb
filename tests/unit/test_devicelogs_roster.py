"""Who carried a stimulator, and when its use was therapy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import SessionTruth
from multifidus.config.analysis import DeviceUseRules
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.run import exposure_roster

RULES = DeviceUseRules(exposure_start={"treatment": "activation_date", "control": "crossover_date"})


def test_exposure_starts_at_activation_or_switch_and_ends_at_explant_or_death() -> None:
    """Four participants, dates read off by hand.

    T1 treated, explanted; C1 sham, switched, died; C2 sham, left before the switch: carried a
    stimulator, no therapy; N1 never activated: not in the roster.
    """
    days = {
        "activation_date": ["2018-01-15", "2018-01-15", "2018-02-01", None],
        "crossover_date": [None, "2018-05-20", None, None],
        "treatment_end_date": ["2019-06-01", None, "2018-04-01", None],
        "death_date": ["2020-01-01", "2021-07-07", None, None],
    }
    people = pd.DataFrame(
        {
            "participant_id": ["T1", "C1", "C2", "N1"],
            "arm": ["treatment", "control", "control", "treatment"],
            **{name: pd.to_datetime(pd.Series(values)) for name, values in days.items()},
        }
    )
    roster = exposure_roster(people, RULES).set_index("participant_id")
    assert list(roster.index) == ["T1", "C1", "C2"]
    assert roster.loc["T1", "exposure_start"] == pd.Timestamp("2018-01-15")
    assert roster.loc["T1", "exposure_end"] == pd.Timestamp("2019-06-01")
    assert roster.loc["C1", "exposure_start"] == pd.Timestamp("2018-05-20")
    assert roster.loc["C1", "exposure_end"] == pd.Timestamp("2021-07-07")
    assert pd.isna(roster.loc["C2", "exposure_start"])


def test_days_after_explant_go_on_to_death_or_the_end_of_the_data() -> None:
    """Explanted 1 June 2019; the last contact with anybody was on 2 February 2022, with T3.

    T1 and T4, who left, have no therapy up to that day; T2 died on 1 January 2020; T3 was never
    explanted, and exposure ends as ever.
    """
    days = {
        "activation_date": ["2018-01-15"] * 4,
        "crossover_date": [None] * 4,
        "treatment_end_date": ["2019-06-01", "2019-06-01", None, "2019-06-01"],
        "death_date": [None, "2020-01-01", None, None],
        "last_contact_date": ["2021-03-03", "2020-02-02", "2022-02-02", "2019-05-05"],
    }
    people = pd.DataFrame(
        {
            "participant_id": ["T1", "T2", "T3", "T4"],
            "arm": "treatment",
            **{name: pd.to_datetime(pd.Series(values)) for name, values in days.items()},
        }
    )
    zero = RULES.model_copy(update={"after_explant": "zero"})
    roster = exposure_roster(people, zero).set_index("participant_id")
    assert roster["exposure_end"].tolist()[:2] == [
        pd.Timestamp("2022-02-03"),
        pd.Timestamp("2020-01-01"),
    ]
    assert pd.isna(roster.loc["T3", "exposure_end"])
    assert pd.isna(roster.loc["T3", "zero_from"])
    assert roster.loc["T4", "exposure_end"] == pd.Timestamp("2022-02-03")
    assert roster.loc["T1", "zero_from"] == pd.Timestamp("2019-06-01")
    assert "zero_from" not in exposure_roster(people, RULES)


def _one_log(folder: Path, name: str) -> Path:
    """Write a log of ten days with one session of half an hour a day."""
    start = 1_609_459_200 + 86_400 * np.arange(10) + 28_800
    truth = SessionTruth(start, np.full(10, 1800), np.zeros(10, dtype=np.int64))
    path = folder / f"{name}.ipglog"
    path.write_bytes(simulate_device(name, 1_609_459_200, [1_609_459_200 + 864_600], truth)[0])
    return path


def _roster(names: list[str]) -> pd.DataFrame:
    roster = pd.DataFrame({"participant_id": pd.Series(names, dtype="str")})
    for column in ("exposure_start", "exposure_end", "activation_date", "explant_date"):
        roster[column] = pd.Series([pd.NaT] * len(names), dtype="datetime64[s]")
    return roster


def test_logs_of_nobody_are_flagged_when_the_roster_is_empty(tmp_path: Path) -> None:
    found = read_cohort_logs([_one_log(tmp_path, "P1")], _roster([]))
    assert len(found.sessions) == 10
    assert found.faults.query("fault == 44")["count"].tolist() == [10]
    assert found.periods.empty


def test_a_participant_named_late_in_a_file_keeps_all_downloads_together(tmp_path: Path) -> None:
    """The second file holds P2's log and then the first file's log of P1 once more.

    Read apart, P1's ten sessions would be found twice; read together they merge to ten.
    """
    first, second = _one_log(tmp_path, "P1"), _one_log(tmp_path, "P2")
    second.write_bytes(second.read_bytes() + first.read_bytes())
    found = read_cohort_logs([first, second], _roster(["P1", "P2"]), shard_bytes=1)
    assert found.sessions["participant_id"].value_counts().to_dict() == {"P1": 10, "P2": 10}
