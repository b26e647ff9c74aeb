"""Percept reports: the traps that the specification names, on reports of this project's own making.

What each trap must lead to stands in the fault table of the device-log specification (section 2,
faults 18 to 43, and section 9).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from multifidus.devicelogs.command.outputs import write_result
from multifidus.devicelogs.formats.percept.report import read_percept
from multifidus.devicelogs.reading import read_log
from percept_report import DEVICE, make_report

if TYPE_CHECKING:
    from pathlib import Path


def facts_of(records: pd.DataFrame) -> list[tuple[object, ...]]:
    """Rows as they compare, null where a number is absent."""
    return [tuple(None if pd.isna(v) else v for v in row) for row in records.to_numpy().tolist()]


def test_every_section_is_read_and_nothing_is_wrong():
    read = read_percept(make_report())
    assert read.faults.numbers() == set()
    assert read.records.groupby("section").size().to_dict() == {
        "events": 3,
        "trend": 1,
        "snapshots": 1,
        "impedance": 1,
        "programs": 4,  # amplitude, pulse width, rate, electrodes
    }
    programs = read.records[read.records["section"] == "programs"]
    assert dict(zip(programs["unit"], programs["value"], strict=True)) | {"": None} == {
        "mA": 2.9,
        "us": 60,
        "Hz": 130,
        "": None,
    }
    assert programs["text"].tolist()[-1] == "sensight_1a negative"
    assert read.facts["stimulation"] == ("on", "on")
    assert read.facts["dated_fields"] == 3 + 1 + 1 + 2  # events, trend, snapshot, device stamps


def test_localised_names_survive_reading_and_writing(tmp_path: Path):
    result = read_log(make_report())
    assert "Sentirse más rígido" in result.records["text"].tolist()
    write_result(result, tmp_path, "r")
    again = pd.read_parquet(tmp_path / "r.records.parquet")
    assert "Sentirse más rígido" in again["text"].tolist()


def one_element(content: dict[str, Any]) -> None:
    """What a tool does that writes a list of one as its element."""
    diagnostics = content["DiagnosticData"]
    sides = diagnostics["LFPTrendLogs"]["HemisphereLocationDef.Left"]
    sides["2025-01-10T09:00:00Z"] = sides["2025-01-10T09:00:00Z"][0]
    diagnostics["LfpFrequencySnapshotEvents"] = diagnostics["LfpFrequencySnapshotEvents"][0]
    content["GroupUsagePercentage"] = content["GroupUsagePercentage"][0]
    group = content["Groups"]["Initial"][0]
    content["Groups"]["Initial"] = group
    left = group["ProgramSettings"]["LeftHemisphere"]
    left["Programs"] = left["Programs"][0]
    left["Programs"]["ElectrodeState"] = left["Programs"]["ElectrodeState"][0]
    content["Impedance"] = content["Impedance"][0]
    content["Impedance"]["Hemisphere"] = content["Impedance"]["Hemisphere"][0]
    measured = content["Impedance"]["Hemisphere"]["SessionImpedance"]
    measured["Monopolar"] = measured["Monopolar"][0]


def keys_as_names(content: dict[str, Any]) -> None:
    """What a tool does that makes names of map keys."""
    trend = content["DiagnosticData"].pop("LFPTrendLogs")
    points = trend["HemisphereLocationDef.Left"]["2025-01-10T09:00:00Z"]
    content["DiagnosticData"]["LFPTrendLogs"] = {
        "HemisphereLocationDef_Left": {"x2025_01_10T09_00_00Z": points}
    }


def keys_without_punctuation(content: dict[str, Any]) -> None:
    trend = content["DiagnosticData"].pop("LFPTrendLogs")
    points = trend["HemisphereLocationDef.Left"]["2025-01-10T09:00:00Z"]
    content["DiagnosticData"]["LFPTrendLogs"] = {
        "HemisphereLocationDefLeft": {"20250110T090000Z": points}
    }


def whole_numbers_as_floats(content: dict[str, Any]) -> None:
    for item in content["DiagnosticData"]["EventLogs"]:
        item["DateTimeOffsetInSeconds"] = float(item["DateTimeOffsetInSeconds"])


@pytest.mark.parametrize(
    ("change", "numbers"),
    [
        (one_element, {40}),
        (keys_as_names, {40}),
        (keys_without_punctuation, {40}),
        (whole_numbers_as_floats, set()),
        (lambda c: c.update(DeviceInformation=[c["DeviceInformation"]]), {40}),
    ],
)
def test_shapes_that_other_tools_leave_give_the_same_facts(change, numbers):
    clean, mangled = read_percept(make_report()), read_percept(make_report(change))
    assert mangled.faults.numbers() == numbers
    assert facts_of(mangled.records) == facts_of(clean.records)
    assert mangled.therapy.sessions == clean.therapy.sessions
    for facts in (mangled.facts, clean.facts):
        facts.pop("bytes")  # another shape has other bytes
    assert mangled.facts == clean.facts


def test_a_report_in_a_list_of_one_is_read():
    result = read_log(b"[" + make_report() + b"]")
    assert result.faults["fault"].tolist() == [40]
    assert len(result.records) == len(read_log(make_report()).records)


def test_electrode_names_that_differ_in_case_are_one_electrode():
    """The public report writes SenSight_1a and Sensight_1b within one lead."""

    def change(content: dict[str, Any]) -> None:
        half = content["Impedance"][0]["Hemisphere"][0]
        half["SessionImpedance"]["Monopolar"][0]["Electrode2"] = "ElectrodeDef.Sensight_1A"
        half["Hemisphere"] = "HemisphereLocationDef.LEFT"

    clean, other = read_percept(make_report()), read_percept(make_report(change))
    assert other.faults.numbers() == set()
    assert facts_of(other.records) == facts_of(clean.records)


@pytest.mark.parametrize("name", ["EventLogs", "LFPTrendLogs", "LfpFrequencySnapshotEvents"])
def test_a_log_that_is_absent_is_not_read_and_not_empty(name):
    read = read_percept(make_report(lambda c: c["DiagnosticData"].pop(name)))
    # Without its events, stimulation that is found on is on since an unknown time.
    open_since = {24} if name == "EventLogs" else set()
    assert read.faults.numbers() == {38} | open_since
    assert name in read.faults.frame().query("fault == 38")["detail"].iloc[0]
    assert read.facts["sections"][name] == "not read"
    empty = read_percept(make_report(lambda c: c["DiagnosticData"].update({name: []})))
    assert empty.faults.numbers() == open_since
    assert empty.facts["sections"][name] == "empty"


@pytest.mark.parametrize(
    "flags",
    [
        {"FullyReadForSession": False},
        {"FullyReadForSession": "false"},
        {"ReadAllStatus": "PARTIAL"},
        {"ReadAllStatus": None},
        {"AbnormalEnd": True},
    ],
)
def test_an_empty_log_of_a_device_not_fully_read_is_not_read(flags):
    def change(content: dict[str, Any]) -> None:
        content.update(flags)
        content["DiagnosticData"]["LfpFrequencySnapshotEvents"] = []

    read = read_percept(make_report(change))
    assert read.faults.numbers() == {38}
    assert read.facts["sections"]["LfpFrequencySnapshotEvents"] == "not read"
    assert read.facts["sections"]["EventLogs"] == "read"


def test_a_report_from_before_data_versions_is_read_by_the_clock():
    """Older reports have neither version nor counters nor blocks."""

    def change(content: dict[str, Any]) -> None:
        del content["DataVersion"]
        text = json.dumps(content)
        for name in ("DateTimeOffsetInSeconds", "DateTimeBlockId"):
            text = text.replace(f'"{name}"', '"Ignored"')
        text = text.replace('"DeviceDateTimeOffsetInSeconds"', '"Ignored"')
        content.clear()
        content.update(json.loads(text))

    read, clean = read_percept(make_report(change)), read_percept(make_report())
    assert read.version == ""
    assert read.faults.numbers() == set()
    assert read.therapy.sessions == clean.therapy.sessions
    assert read.records["offset_s"].isna().all()


def test_a_clock_that_was_set_moves_no_record():
    """An event an hour off its counter, as after a change of the clock: the counter places it."""

    def change(content: dict[str, Any]) -> None:
        content["DiagnosticData"]["EventLogs"][0]["DateTime"] = "2025-01-10T02:00:00Z"

    result = read_log(make_report(change))
    fault = result.faults.iloc[0]
    assert (len(result.faults), fault["fault"], fault["count"]) == (1, 18, 1)
    assert result.sessions["seconds"].tolist() == [4 * 3600, 2 * 3600]
    assert result.records["utc"].iloc[0] == pd.Timestamp("2025-01-10T01:00:02Z")
    assert result.records["clock"].iloc[0] == pd.Timestamp("2025-01-10T02:00:00Z")


def test_a_trend_point_is_stamped_600_s_before_its_counter():
    result = read_log(make_report())
    trend = result.records.query("section == 'trend'")
    assert trend["utc"].tolist() == [pd.Timestamp("2025-01-10T08:50:02Z")]

    def change(content: dict[str, Any]) -> None:
        side = content["DiagnosticData"]["LFPTrendLogs"]["HemisphereLocationDef.Left"]
        side["2025-01-10T09:00:00Z"][0]["DateTime"] = "2025-01-10T09:00:00Z"

    assert read_percept(make_report(change)).faults.numbers() == {18}


def test_counters_of_another_block_place_nothing():
    def change(content: dict[str, Any]) -> None:
        content["DiagnosticData"]["EventLogs"][0].update(
            DateTimeBlockId=2, DateTimeOffsetInSeconds=77
        )

    read = read_percept(make_report(change))
    assert read.faults.numbers() == set()
    assert [s.seconds for s in read.therapy.sessions] == [4 * 3600, 2 * 3600]


@pytest.mark.parametrize(
    ("time", "number"),
    [
        ("2025-13-10T01:00:00Z", 23),
        ("2025-02-29T01:00:00Z", 23),
        ("1969-12-31T23:59:59Z", 23),
        ("0001-06-01T00:00:00Z", 23),
        (None, 23),
        ("0001-01-01T00:00:00Z", 29),
    ],
)
def test_an_impossible_time_is_taken_out_and_the_record_kept(time, number):
    def change(content: dict[str, Any]) -> None:
        content["DiagnosticData"]["EventLogs"][0]["DateTime"] = time

    result = read_log(make_report(change))
    assert result.faults["fault"].tolist() == [number]
    assert len(result.records) == len(read_log(make_report()).records)
    assert pd.isna(result.records["clock"].iloc[0])
    assert result.records["utc"].iloc[0] == pd.Timestamp("2025-01-10T01:00:02Z")


@pytest.mark.parametrize("offset", ["+98:32", "2", None])
def test_an_impossible_utc_offset_is_taken_out(offset):
    read = read_percept(make_report(lambda c: c.update(ProgrammerUtcOffset=offset)))
    assert read.faults.numbers() == {23}
    assert read.facts["utc_offset"] is None


def test_values_out_of_range_are_taken_out():
    """Usage of 943 %, an impedance of 0 ohm, a charge of 101 %, a text for a power."""

    def change(content: dict[str, Any]) -> None:
        content["GroupUsagePercentage"][0]["UsagePercentage"] = 943
        half = content["Impedance"][0]["Hemisphere"][0]
        half["SessionImpedance"]["Monopolar"][0]["ResultValue"] = 0
        content["BatteryInformation"]["BatteryPercentage"] = 101
        side = content["DiagnosticData"]["LFPTrendLogs"]["HemisphereLocationDef.Left"]
        side["2025-01-10T09:00:00Z"][0]["LFP"] = "high"

    read = read_percept(make_report(change))
    assert read.faults.numbers() == {28}
    assert len(read.faults.rows) == 4
    assert read.facts["group_usage_percent"] == {}
    assert read.facts["battery_percent"] is None
    assert read.records.query("section in ('impedance', 'trend')")["value"].isna().all()


def test_a_number_beyond_all_numbers_is_taken_out():
    """1e999 is infinity to a JSON reader, though no word says so."""
    read = read_percept(make_report().replace(b'"LFP": 22', b'"LFP": 1e999'))
    assert read.faults.numbers() == {42}
    assert read.records.query("section == 'trend'")["value"].isna().all()


def test_the_on_time_counter_is_not_believed():
    def zero(content: dict[str, Any]) -> None:
        content["DeviceInformation"]["Final"] = {
            **DEVICE,
            "AccumulatedTherapyOnTimeSinceImplant": 0,
        }

    read = read_percept(make_report(zero))
    assert read.faults.numbers() == {31}
    assert [s.seconds for s in read.therapy.sessions] == [4 * 3600, 2 * 3600]


def test_stimulation_found_off_leaves_the_last_interval_open():
    def change(content: dict[str, Any]) -> None:
        content["Stimulation"]["FinalStimStatus"] = "StimStatusDef.OFF"

    read = read_percept(make_report(change))
    assert read.faults.numbers() == {24}
    last = read.therapy.sessions[-1]
    assert (last.seconds, last.lower, last.upper) == (None, 0, 2 * 3600)


def test_a_log_in_the_other_order_gives_the_same_intervals():
    read = read_percept(make_report(lambda c: c["DiagnosticData"]["EventLogs"].reverse()))
    assert read.therapy.sessions == read_percept(make_report()).therapy.sessions


def test_clocks_a_day_apart_make_no_figures_per_day():
    result = read_log(make_report(lambda c: c.update(SessionEndDate="2025-01-12T10:00:02Z")))
    assert result.faults["fault"].tolist() == [22]
    assert not result.sessions["per_day"].any()


def test_without_the_tablets_time_the_clock_stands_alone():
    result = read_log(make_report(lambda c: c.pop("SessionEndDate")))
    assert result.faults["fault"].tolist() == [21]
    assert result.sessions["time_method"].tolist() == ["clock-only"] * 2
    assert result.segments["method"].tolist() == ["clock-only"]
