"""Percept reports as text: streams, damaged JSON and strange values.

Outcomes are those of the fault table of the device-log specification (section 2, faults 7, 35
and 39 to 42).
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from multifidus.devicelogs.command.outputs import write_result
from multifidus.devicelogs.formats.percept.report import read_percept
from multifidus.devicelogs.reading import read_log
from percept_report import DEVICE, REPORT, make_report

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("sequences", "numbers"),
    [
        (["0,2,4,", "1,3,5,"], {39}),
        (["0,1,2,3"], set()),
        (["0,1,3"], {7}),
        (["253,255,1,3", "254,0,2,4"], {39}),  # one byte: 255 is followed by 0
        (["254,0,2", "255,1,3"], {39}),
        (["255,1,3", "0,2,4"], {39}),
        (["253,254,1"], {7}),
    ],
)
def test_packets_are_counted_over_the_union_of_streams(sequences, numbers):
    def change(content: dict[str, Any]) -> None:
        content["BrainSenseTimeDomain"] = [
            {"FirstPacketDateTime": "2025-01-10T09:56:00.250Z", "GlobalSequences": listed}
            for listed in sequences
        ]

    read = read_percept(make_report(change))
    assert read.faults.numbers() == numbers
    assert read.facts["streams"] == len(sequences)


@pytest.mark.parametrize(
    ("spoil", "number", "flagged"),
    [
        (lambda data: b"\xef\xbb\xbf" + data, 35, 0),
        (lambda data: data + b"\x00" * 9, 35, 0),
        (lambda data: data + b"\n{}", 42, 2),
        (lambda data: data.replace("á".encode(), b"\xe1"), 42, 0),
        (lambda data: data.replace(b'"AbnormalEnd": false', b'"LFP": NaN'), 42, 0),
        (lambda data: data.replace(b'{"Data', b'{"Groups": 1, "Data'), 42, 0),
    ],
)
def test_what_is_wrong_with_the_text_is_reported(spoil, number, flagged):
    data = spoil(make_report())
    result = read_log(data)
    assert result.faults["fault"].tolist() == [number] * len(result.faults)
    assert len(result.faults) >= 1
    assert len(result.records) == len(read_log(make_report()).records)
    assert result.identity.balanced
    assert result.identity.flagged == pytest.approx(flagged, abs=1)


def test_text_that_is_not_utf8_is_taken_out_wherever_it_stands():
    """A genuine replacement sign elsewhere does not hide it; its place is named."""
    data = make_report(lambda c: c.update(ProgrammerTimezone="\ufffd")).replace(
        "á".encode(), b"\xe1"
    )
    read = read_percept(data)
    assert "" in read.records.query("section == 'snapshots'")["text"].tolist()
    fault = read.faults.frame().dropna(subset="byte_start").iloc[0]
    assert (fault["fault"], fault["count"]) == (42, 1)
    assert data[fault["byte_start"]] == 0xE1


def test_the_last_of_two_equal_keys_is_used():
    data = make_report().replace(
        b'{"BatteryPercentage"', b'{"BatteryPercentage": 1, "BatteryPercentage"'
    )
    read = read_percept(data)
    assert read.facts["battery_percent"] == 80
    assert "last one" in read.faults.frame()["detail"].iloc[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["DiagnosticData"]["EventLogs"][0].update(DateTimeOffsetInSeconds=10**400),
        lambda c: c["DiagnosticData"]["EventLogs"][0].update(DateTimeOffsetInSeconds=True),
        lambda c: c["DiagnosticData"].update(EventLogs="none"),
        lambda c: c["DiagnosticData"]["EventLogs"].append(7),
        lambda c: c.update(DeviceInformation=3),
        lambda c: c.update(Groups={"Initial": [[]]}),
        lambda c: c["DiagnosticData"]["LfpFrequencySnapshotEvents"][0].update(EventName="\ud800"),
        lambda c: c["DiagnosticData"].update(LFPTrendLogs={"\ud800": {"\ud800": [{}]}}),
        lambda c: c.update(DataVersion="\ud800"),
        lambda c: c["DeviceInformation"].update(Final={**DEVICE, "NeurostimulatorModel": "\udfff"}),
    ],
)
def test_strange_values_are_reported_and_written(change, tmp_path: Path):
    content = deepcopy(REPORT)
    change(content)
    result = read_log(json.dumps(content).encode())
    assert result.identity.balanced
    write_result(result, tmp_path, "strange")
