"""A Percept report of this project's own making, in the shape of the public one.

Device and counter: the device reads 2025-01-10T10:00:00Z at counter 864,000, so
2025-01-10T08:00:00Z is 856,800 and so on, two hours being 7,200. The tablet is 2 s ahead.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEVICE", "REPORT", "make_report"]

DEVICE = {
    "NeurostimulatorModel": "B35200",
    "DeviceDateTime": "2025-01-10T10:00:00Z",
    "DeviceDateTimeBlockId": 1,
    "DeviceDateTimeOffsetInSeconds": 864_000,
    "AccumulatedTherapyOnTimeSinceImplant": 5,
}


def stamp(clock: str, counter: int, **keys: object) -> dict[str, object]:
    return {
        "DateTime": f"2025-01-10T{clock}Z",
        "DateTimeBlockId": 1,
        "DateTimeOffsetInSeconds": counter,
        **keys,
    }


def point(clock: str, counter: int, power: float) -> dict[str, object]:
    return stamp(clock, counter, LFP=power, AmplitudeInMilliAmps=2.5)


REPORT: dict[str, Any] = {
    "DataVersion": "1.2",
    "AbnormalEnd": False,
    "FullyReadForSession": True,
    "ReadAllStatus": "COMPLETED",
    "SessionDate": "2025-01-10T09:55:00Z",
    "SessionEndDate": "2025-01-10T10:00:02Z",
    "ProgrammerTimezone": "Mitteleuropäische Zeit",
    "ProgrammerUtcOffset": "+01:00",
    "ProgrammerVersion": "5.0",
    "DeviceInformation": {"Initial": DEVICE, "Final": DEVICE},
    "BatteryInformation": {"BatteryPercentage": 80},
    "Stimulation": {"InitialStimStatus": "StimStatusDef.ON", "FinalStimStatus": "StimStatusDef.ON"},
    "GroupUsagePercentage": [{"GroupId": "GroupIdDef.GROUP_A", "UsagePercentage": 100.0}],
    "Groups": {
        "Initial": [
            {
                "GroupId": "GroupIdDef.GROUP_A",
                "GroupName": "Spaziergänge",
                "ProgramSettings": {
                    "RateInHertz": 130,
                    "LeftHemisphere": {
                        "Programs": [
                            {
                                "ElectrodeState": [
                                    {
                                        "Electrode": "ElectrodeDef.SenSight_1a",
                                        "ElectrodeStateResult": "ElectrodeStateDef.Negative",
                                    }
                                ],
                                "AmplitudeInMilliAmps": 2.9,
                                "PulseWidthInMicroSecond": 60,
                            }
                        ]
                    },
                },
            }
        ],
        "Final": [],
    },
    "Impedance": [
        {
            "Hemisphere": [
                {
                    "Hemisphere": "HemisphereLocationDef.Left",
                    "SessionImpedance": {
                        "Monopolar": [
                            {
                                "Electrode1": "ElectrodeDef.Case",
                                "Electrode2": "ElectrodeDef.SenSight_1a",
                                "ResultValue": 2667,
                            }
                        ],
                        "Bipolar": [],
                    },
                }
            ]
        }
    ],
    "Annotations": [],
    "GroupHistory": [],
    "DiagnosticData": {
        "EventLogs": [
            stamp("01:00:00", 831_600, TherapyStatus="TherapyChangeStatusDef.ON"),
            stamp("05:00:00", 846_000, TherapyStatus="TherapyChangeStatusDef.OFF"),
            stamp("08:00:00", 856_800, TherapyStatus="TherapyChangeStatusDef.ON"),
        ],
        # A trend point is stamped at its start and counted at its end, 600 s later.
        "LFPTrendLogs": {
            "HemisphereLocationDef.Left": {"2025-01-10T09:00:00Z": [point("08:50:00", 860_400, 22)]}
        },
        "LfpFrequencySnapshotEvents": [stamp("09:30:00", 862_200, EventName="Sentirse más rígido")],
    },
}


def make_report(change: Callable[[dict[str, Any]], object] | None = None) -> bytes:
    content = deepcopy(REPORT)
    if change is not None:
        change(content)
    return json.dumps(content, ensure_ascii=False).encode()
