"""Who carried a stimulator, and when its use was therapy."""

from __future__ import annotations

import pandas as pd

from multifidus.config.analysis import DeviceUseRules
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
