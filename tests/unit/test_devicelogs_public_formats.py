"""The two public formats, and the command line.

Percept figures: section 9 of the device-log specification, read off the demo-mode report of
``neuromodulation/perceive`` (Apache-2.0). OpenNerve entries: its published logging guide.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import JSON_FAULTS, inject_fault
from device_lab.opennerve_log import read_opennerve
from multifidus.devicelogs.findings import FAULT_KINDS
from multifidus.devicelogs.formats.opennerve.scan import RING_BYTES, write_opennerve_ring
from multifidus.devicelogs.formats.percept.report import read_percept
from multifidus.devicelogs.formats.registry import detect_format
from multifidus.devicelogs.reading import read_log

SHARED = Path(os.environ.get("MULTIFIDUS_SHARED_DATA", Path(__file__).parents[3] / "shared/data"))
DEMO = "percept-demo/Report_Json_Session_Report_20250602T174740_DEMO.json"


@pytest.fixture(scope="module")
def demo() -> bytes:
    if not (SHARED / DEMO).is_file():
        pytest.skip("the public Percept demo report is absent: set MULTIFIDUS_SHARED_DATA")
    return (SHARED / DEMO).read_bytes()


def seconds(text: str) -> int:
    return int(pd.Timestamp(text).timestamp())


@pytest.mark.shared_data
def test_demo_report_gives_the_figures_of_the_specification(demo: bytes):
    report = read_percept(demo)
    facts, records = report.facts, report.records
    assert facts["tablet_minus_device_s"] == 1
    assert facts["utc_offset"] == "+02:00"
    assert facts["battery_percent"] == 75
    assert facts["group_usage_percent"] == {"A": 26, "B": 13, "D": 61}
    trend = records[records["section"] == "trend"]
    assert trend.groupby("side").size().to_dict() == {"left": 7124, "right": 7124}
    assert trend.groupby("side")["kind"].nunique().to_dict() == {"left": 55, "right": 55}
    assert trend["device_time"].min() == seconds("2025-04-08T22:00:00Z")
    assert trend["device_time"].max() == seconds("2025-06-02T15:10:00Z")
    events = records[records["section"] == "events"]
    assert len(events) == 81
    assert events["kind"].value_counts().to_dict() == {
        "adaptive": 28,
        "group change": 23,
        "mri": 12,
        "lead check": 6,
        "session": 10,
        "therapy": 2,
    }
    assert events["device_time"].duplicated().sum() == 15
    therapy = events[events["kind"] == "therapy"]
    assert dict(zip(therapy["text"], therapy["device_time"], strict=True)) == {
        "off": seconds("2024-11-04T18:01:52Z"),
        "on": seconds("2024-12-31T23:00:02Z"),
    }
    sizes = records.groupby("section").size()
    assert (sizes["snapshots"], sizes["annotations"], sizes["past sessions"]) == (56, 50, 5)
    impedance = records[records["section"] == "impedance"]
    counts = impedance.groupby(["side", "kind"]).size().to_dict()
    assert counts == {
        (side, kind): number
        for side in ("left", "right")
        for kind, number in (("monopolar", 8), ("bipolar", 28))
    }
    assert (impedance["value"].min(), impedance["value"].max()) == (1022, 4690)
    assert facts["streams"] == 0
    # "all 14,556 dated fields satisfy time = device time - device offset + own offset"
    assert facts["dated_fields"] == 14_556
    assert 18 not in report.faults.numbers()
    sessions = events[events["kind"] == "session"]["text"].value_counts().to_dict()
    assert sessions == {"sessionstart": 5, "sessionend": 5}


@pytest.mark.shared_data
def test_demo_report_flags_the_counters_and_uses_the_log(demo: bytes):
    report = read_percept(demo)
    # All dated fields agree with the device's counter; only the on-time counters are wrong. The
    # log begins with an off, whose on it no longer holds.
    assert report.faults.frame()["fault"].tolist() == [25, 31]
    result = read_log(demo)
    assert result.identity.format == "percept-json"
    assert result.identity.balanced
    assert result.sessions["start_utc"].tolist() == [pd.Timestamp("2024-12-31T23:00:03Z")]


def own_report() -> bytes:
    """A small report of this project's own making, in the shape of the public one."""
    device = {
        "NeurostimulatorModel": "B35200",
        "DeviceDateTime": "2025-01-10T10:00:00Z",
        "DeviceDateTimeOffsetInSeconds": 864_000,
        "AccumulatedTherapyOnTimeSinceImplant": 5,
    }

    def event(hours: int, **keys: str) -> dict[str, object]:
        stamp = pd.Timestamp("2025-01-10T10:00:00") - pd.Timedelta(hours=hours)
        offset = 864_000 - 3600 * hours
        return {
            "DateTime": f"{stamp:%Y-%m-%dT%H:%M:%S}Z",
            "DateTimeOffsetInSeconds": offset,
            **keys,
        }

    report = {
        "DataVersion": "1.2",
        "FullyReadForSession": True,
        "ReadAllStatus": "COMPLETED",
        "SessionDate": "2025-01-10T09:55:00Z",
        "SessionEndDate": "2025-01-10T10:00:02Z",
        "ProgrammerUtcOffset": "+01:00",
        "ProgrammerVersion": "5.0",
        "DeviceInformation": {"Initial": device, "Final": device},
        "BatteryInformation": {"BatteryPercentage": 80},
        "Stimulation": {
            "InitialStimStatus": "StimStatusDef.ON",
            "FinalStimStatus": "StimStatusDef.ON",
        },
        "GroupUsagePercentage": [{"GroupId": "GroupIdDef.GROUP_A", "UsagePercentage": 100.0}],
        "DiagnosticData": {
            "EventLogs": [
                event(9, TherapyStatus="TherapyChangeStatusDef.ON"),
                event(5, TherapyStatus="TherapyChangeStatusDef.OFF"),
                event(2, TherapyStatus="TherapyChangeStatusDef.ON"),
            ],
            "LFPTrendLogs": {},
            "LfpFrequencySnapshotEvents": [],
        },
    }
    return json.dumps(report).encode()


def test_therapy_intervals_are_on_the_tablets_time():
    """On 4 h, then 2 h up to the read-out; the tablet is 2 s ahead of the device."""
    result = read_log(own_report())
    assert result.faults.empty
    assert result.sessions["seconds"].tolist() == [4 * 3600, 2 * 3600]
    assert result.sessions["start_utc"].tolist() == [
        pd.Timestamp("2025-01-10T01:00:02Z"),
        pd.Timestamp("2025-01-10T08:00:02Z"),
    ]


@pytest.mark.parametrize("number", sorted(JSON_FAULTS))
def test_json_fault_is_reported_as_the_table_says(number: int):
    injected = inject_fault(number, own_report(), np.random.default_rng(1))
    result = read_log(injected.data)
    found = result.faults[result.faults["fault"] == number]
    kind = FAULT_KINDS[number]
    assert len(found)
    assert set(found["severity"]) == {kind.severity}
    assert set(found["outcome"]) == {kind.outcome}
    assert result.identity.balanced
    assert set(result.faults["fault"]) <= {number, 38, 43, 21, 23, 24}


def test_truncated_json_keeps_complete_leading_members_only():
    data = own_report()
    cut = data[: data.index(b'"DiagnosticData"') + 40]
    report = read_percept(cut)
    assert report.facts["battery_percent"] == 80
    assert report.records.empty
    fault = report.faults.frame().query("fault == 41").iloc[0]
    assert fault["byte_start"] == report.account.size - report.account.flagged < len(cut)
    # Nothing of the cut section is used, and its absence is "not read", not empty.
    assert 38 in report.faults.numbers()


@pytest.mark.parametrize("step", range(0, 1200, 37))
def test_no_cut_of_a_report_raises(step: int):
    assert read_log(own_report()[:step]).identity.balanced


ENTRIES = [
    b"[2026-03-15T14:00:00Z(000)]<EV>PO   \r\n",
    b"[2026-03-15T14:32:05Z(128)]<EV>SS   \r\n",
    b"[2026-03-15T14:32:06Z(012)]<BA>A=3.7V, B=3.6V\r\n",
    b"[2026-03-15T14:32:10Z(200)]<IM>12,500ohm\r\n",
    b"[2026-03-15T14:32:11Z(005)]<PA>(HSPID)Val=00010.0\r\n",
    b"[2026-03-15T15:02:05Z(128)]<EV>SE   \r\n",
]


def test_opennerve_entries_of_the_guide():
    result = read_log(b"".join(ENTRIES))
    assert result.identity.format == "opennerve-text"
    assert result.identity.flagged == 0
    assert result.faults.empty
    values = result.records.set_index("type")
    assert values.loc["BA", ["value", "second"]].tolist() == [3.7, 3.6]
    assert values.loc["IM", "value"] == 12_500
    assert values.loc["PA", ["label", "value"]].tolist() == ["HSPID", 10.0]
    # From 14:32:05 to 15:02:05, both at 128/256 s.
    assert result.sessions["seconds"].tolist() == [1800.0]
    assert result.sessions["time_method"].tolist() == ["clock-only"]


def test_opennerve_start_without_stop_is_bounded_by_the_next_boot():
    boot = b"[2026-03-15T14:42:05Z(128)]<EV>UF   \r\n"
    log = read_opennerve(b"".join([*ENTRIES[:2], boot]))
    assert log.sessions[["seconds_lower", "seconds_upper"]].to_numpy().tolist() == [[0.0, 600.0]]
    assert log.sessions["seconds"].isna().all()
    assert log.faults.numbers() == {24}


@pytest.mark.parametrize(
    ("change", "numbers"),
    [
        (lambda e: [*e[:2], e[2][:-2], *e[3:]], {4, 24}),  # a missing line end
        (lambda e: [*e[:2], b"garbage", *e[2:]], {3, 24}),
        (lambda e: [e[0][9:], *e[1:]], {15}),  # the oldest entry half overwritten
        (lambda e: [*e[:3], e[3].replace(b"12,500", b"1x,500"), *e[4:]], {28}),
        (lambda e: [e[0].replace(b"-03-15", b"-13-15"), *e[1:]], {23}),
        (lambda e: [e[0].replace(b"PO ", b"QQ "), *e[1:]], {33}),
        (lambda e: [*e, b"[2026-03-15T13:00:00Z(000)]<EV>WK   \r\n"], {18, 24}),
        (lambda e: e[2:], {25}),
    ],
)
def test_opennerve_trouble_is_reported_and_read_round(change, numbers):
    data = b"".join(change(list(ENTRIES)))
    log = read_opennerve(data)
    assert log.faults.numbers() == numbers
    assert log.account.balanced
    assert len(log.records) >= 4


def test_opennerve_ring_is_unrolled_from_its_write_pointer():
    """2,500 entries of 57 bytes overrun the ring once; the oldest kept one is cut."""
    entries = [
        b"[2026-03-%02dT%02d:%02d:05Z(001)]<EV>%-5b\r\n"
        % (1 + n // 1440, n // 60 % 24, n % 60, b"SS" if n % 2 == 0 else b"SE")
        for n in range(4000)
    ]
    image = write_opennerve_ring(entries)
    assert len(image) == RING_BYTES + 4
    found = detect_format(image)
    assert found is not None
    assert found.name == "opennerve"
    result = read_log(image)
    assert result.identity.format == "opennerve-fram"
    assert result.identity.balanced
    kept = RING_BYTES // len(entries[0])
    assert len(result.records) == kept
    assert result.records["utc"].is_monotonic_increasing
    assert result.records["utc"].iloc[-1] == pd.Timestamp("2026-03-03T18:39:05Z")
    assert {14, 15} <= set(result.faults["fault"])
    assert (result.sessions["seconds"] == 60).all()
