"""RC+S session folders and ResMed summaries: what is read, what is refused, how they add up.

Expected values are worked out by hand from the logs that the tests write.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from device_lab.public_trials import OPENNERVE, PERCEPT
from device_lab.vendor_logs import RCS, RESMED, rcs_entry, stim_log, str_edf
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.formats.registry import detect_format
from multifidus.devicelogs.reading import read_log

if TYPE_CHECKING:
    from pathlib import Path

T0 = 1_767_225_600  # 2026-01-01T00:00:00Z
HOUR = 3600
NIGHT = ((600, 1080),)  # 22:00 to 06:00


def bounds(sessions: pd.DataFrame) -> list[tuple[int, int]]:
    return list(zip(sessions["seconds_lower"], sessions["seconds_upper"], strict=True))


@pytest.mark.parametrize("trial", [RCS, RESMED, PERCEPT, OPENNERVE], ids=lambda trial: trial.name)
def test_each_format_recognises_its_logs_and_no_other_does(trial):
    for seed in range(8):
        found = detect_format(trial.make(seed).data)
        assert found is not None
        assert found.name == trial.form.name


# RC+S -----------------------------------------------------------------------------------------


def test_rcs_certain_is_from_an_on_to_the_off_after_it():
    """On 01:00 to 02:00 is certain; from the second on at 03:00 to 04:00 the status may differ."""
    log = stim_log([(T0 + h * HOUR, code) for h, code in enumerate([0, 1, 0, 1, 1, 0])])
    result = read_log(log)
    assert bounds(result.sessions) == [(HOUR, HOUR), (0, HOUR), (HOUR, HOUR)]
    assert result.identity.balanced
    assert result.identity.device == "NPC700378H"
    assert result.records["text"].tolist()[:2] == ["off, group A", "on, group A"]


def test_rcs_files_of_one_session_are_read_together(tmp_path: Path):
    """The stream runs for an hour after the last status: on until then at most."""
    folder = tmp_path / "P1" / "Session1767225600000" / "DeviceNPC700378H"
    folder.mkdir(parents=True)
    (folder / "StimLog.json").write_bytes(stim_log([(T0, 0), (T0 + HOUR, 1)]))
    settings = [
        rcs_entry(T0, GeneralData={"therapyStatusData": {"therapyStatus": 0}}),
        rcs_entry(T0 + HOUR + 1, GeneralData={"therapyStatusData": {"therapyStatus": 1}}),
    ]
    (folder / "DeviceSettings.json").write_text(json.dumps(settings))
    packets = [{"PacketGenTime": 1000 * (T0 + at)} for at in range(0, 2 * HOUR + 1, 600)]
    stream = [rcs_entry(T0, TimeDomainData=packets)]
    (folder / "RawDataTD.json").write_text(json.dumps(stream))
    roster = pd.DataFrame(
        {"participant_id": ["P1"], "exposure_start": pd.to_datetime(["2026-01-01"])}
    )
    logs = read_cohort_logs(tmp_path, roster.assign(exposure_end=pd.NaT))
    assert bounds(logs.sessions) == [(0, HOUR)]
    assert set(logs.identities["format"]) == {"rcs-json"}
    assert set(logs.faults["fault"]) == {24}


@pytest.mark.parametrize(
    ("cut", "certain"), [(0, HOUR), (1, 0), (40, 0)], ids=["whole", "bracket lost", "entry cut"]
)
def test_rcs_malformed_end_leaves_nothing_certain_and_no_bracket_is_added(cut: int, certain: int):
    log = stim_log([(T0, 1), (T0 + HOUR, 0), (T0 + 2 * HOUR, 0)])
    result = read_log(log[: len(log) - cut])
    assert result.sessions["seconds_lower"].tolist()[0] == certain
    assert result.sessions["seconds_upper"].tolist()[0] == HOUR
    assert (41 in set(result.faults["fault"])) == bool(cut)
    assert result.identity.balanced


def test_rcs_lost_off_raises_no_lower_bound():
    """On, off, on, off at each hour: two hours; without the first off one hour is certain."""
    log = [(T0 + h * HOUR, code) for h, code in enumerate([1, 0, 1, 0])]
    assert read_log(stim_log(log)).sessions["seconds_lower"].sum() == 2 * HOUR
    lost = read_log(stim_log([log[0], *log[2:]])).sessions
    assert lost["seconds_lower"].sum() == HOUR
    assert lost["seconds_upper"].sum() == 3 * HOUR


def test_rcs_unknown_status_and_step_back_are_faults():
    strange = read_log(stim_log([(T0, 1), (T0 + HOUR, 9), (T0 + 2 * HOUR, 0)]))
    assert 33 in set(strange.faults["fault"])
    assert strange.sessions["seconds_lower"].sum() == 0
    back = read_log(stim_log([(T0 + HOUR, 1), (T0, 0), (T0 + 2 * HOUR, 0)]))
    assert 18 in set(back.faults["fault"])
    assert back.sessions["seconds_lower"].sum() == 0


# ResMed ---------------------------------------------------------------------------------------


def test_resmed_nights_are_days_from_noon_to_noon(tmp_path: Path):
    """Seven nights of eight hours and three empty ones: 56 h on 7 of 10 days."""
    (tmp_path / "P1.edf").write_bytes(str_edf([NIGHT] * 7 + [()] * 3))
    roster = pd.DataFrame(
        {"participant_id": ["P1"], "exposure_start": pd.to_datetime(["2026-01-01"])}
    )
    periods = read_cohort_logs(tmp_path, roster.assign(exposure_end=pd.NaT)).periods
    row = periods[periods["period"] == "overall"].iloc[0]
    assert (row["exposure_days"], row["observed_days"], row["coverage"]) == (10, 10, 1.0)
    assert (row["hours_lower"], row["hours"], row["hours_upper"]) == (56.0, 56.0, 56.0)
    assert row["days_covered_any"] == pytest.approx(0.7)


def test_resmed_pairs_that_disagree_with_the_duration_are_not_certain():
    result = read_log(str_edf([NIGHT, NIGHT], durations=[480, 300]))
    assert bounds(result.sessions) == [(28_800, 28_800), (0, 28_800)]
    assert 30 in set(result.faults["fault"])


def test_resmed_a_minute_between_pairs_and_duration_is_rounding():
    result = read_log(str_edf([NIGHT], durations=[479]))
    assert bounds(result.sessions) == [(28_740, 28_800)]
    assert result.faults.empty


def test_resmed_a_day_without_a_valid_pair_loses_its_settings():
    result = read_log(str_edf([NIGHT, (), ((1441, 1442),), ((700, 600),)]))
    assert result.records["Mode"].notna().tolist() == [True, False, False, False]
    assert result.records["certain"].tolist() == [True, True, False, False]


def test_resmed_truncated_and_damaged_headers_are_reported():
    data = str_edf([NIGHT] * 5)
    cut = read_log(data[:-60])
    assert {5} <= set(cut.faults["fault"])
    assert len(cut.sessions) == 3
    assert cut.identity.balanced
    head = bytearray(data)
    head[184:192] = b"xxxxxxxx"
    broken = read_log(bytes(head))
    assert 45 in set(broken.faults["fault"])
    assert broken.sessions.empty
    assert broken.identity.flagged == len(data)


def test_resmed_any_single_flipped_bit_raises_no_lower_bound():
    """Three bits of every byte of a record, one after another: 8 h are certain at most."""
    data = str_edf([NIGHT])
    for place in range(256 * 7, len(data)):
        for bit in (0, 4, 7):
            octets = bytearray(data)
            octets[place] ^= 1 << bit
            sessions = read_log(bytes(octets)).sessions
            assert sessions["seconds_lower"].sum() <= 28_800, (place, bit)
    assert np.isclose(read_log(data).sessions["seconds_lower"].sum(), 28_800)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"MaskOn  ", b"MaskOm  "),
        (b"10      10      ", b"10      9       "),
        (b"1440    1440    ", b"inf     1440    "),
        (b"86400   ", b"4000    "),
    ],
    ids=["label", "samples", "range", "record"],
)
def test_resmed_a_header_that_fits_no_day_raises_nothing(old: bytes, new: bytes):
    data = str_edf([NIGHT] * 3)
    assert old in data
    result = read_log(data.replace(old, new, 1))
    assert result.identity.balanced
    assert result.sessions["seconds_lower"].sum() <= 3 * 28_800
