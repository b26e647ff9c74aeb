"""Coverage-guided fuzzing of every reader with atheris (not part of the locked set).

Usage: ``pip install atheris``, then ``python benchmarks/fuzz_devicelogs.py -max_total_time=600``.
A finding is an exception, or a byte or number account that does not add up. Half of the inputs
are changed by libFuzzer; the others by the mutations of the conservation trials, or sealed
again after a change, so that damage gets past the checksums into the parsers.
"""

from __future__ import annotations

import json
import re
import sys
from binascii import crc_hqx
from pathlib import Path
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import atheris
import numpy as np

with atheris.instrument_imports(include=["multifidus.devicelogs"]):
    from multifidus.devicelogs.binary_layout import PAGE_BYTES, PAGE_MAGIC
    from multifidus.devicelogs.reader import read_log

    from device_lab.mutate import mutate
    from device_lab.trials import prepare_trials
    from multifidus.devicelogs.formats.opennerve.scan import write_opennerve_ring

_LINE = re.compile(rb"([HRBE][^*\n]{1,190})\*[^\n]{0,8}")
_HEAD, _RECORD = 28, 32
_MEMORY_MB = 8192


def check(data: bytes) -> None:
    """Read one input and hold its accounts."""
    result = read_log(data)
    if not result.identity.balanced:
        raise AssertionError("bytes do not add up")
    if not all(account.balanced for account in result.sequence.values()):
        raise AssertionError("numbers do not add up")


def seal(data: bytes) -> bytes:
    """Make every line's, record's and page's checksum right again."""
    if data[:3] == b"IPG":
        pages = [data[at : at + PAGE_BYTES] for at in range(0, len(data), PAGE_BYTES)]
        return b"".join(_seal_page(page) for page in pages)
    return _LINE.sub(lambda line: b"%b*%08X" % (line[1], crc32(line[1])), data)


def _seal_page(page: bytes) -> bytes:
    if len(page) < PAGE_BYTES:
        return page
    sealed = bytearray(page)
    if page[:4] == PAGE_MAGIC:
        for at in range(_HEAD, PAGE_BYTES - 4, _RECORD):
            check_at = at + _RECORD - 2
            sealed[check_at : check_at + 2] = crc_hqx(bytes(sealed[at:check_at]), 0xFFFF).to_bytes(
                2, "little"
            )
    sealed[-4:] = crc32(bytes(sealed[:-4])).to_bytes(4, "little")
    return bytes(sealed)


def change(data: bytes, max_size: int, seed: int) -> bytes:
    """Change one input: by libFuzzer, by the trials' mutations, or sealed after either."""
    rng = np.random.default_rng(seed)
    draw = rng.random()
    changed = atheris.Mutate(data, max_size) if draw < 0.7 else mutate(data, rng, data[::-1])
    if rng.random() < 0.4:
        changed = seal(changed)
    return bytes(changed[:max_size])


def _report() -> bytes:
    """Make a small report in the shape of a Percept one."""
    device = {"DeviceDateTime": "2025-01-10T10:00:00Z", "DeviceDateTimeOffsetInSeconds": 864000}
    event = {"DateTime": "2025-01-10T01:00:00Z", "TherapyStatus": "TherapyChangeStatusDef.ON"}
    point = {"DateTime": "2025-01-10T02:00:00Z", "LFP": 120, "AmplitudeInMilliAmps": 2.0}
    return json.dumps(
        {
            "SessionDate": "2025-01-10T09:55:00Z",
            "SessionEndDate": "2025-01-10T10:00:02Z",
            "ProgrammerUtcOffset": "+01:00",
            "FullyReadForSession": True,
            "DeviceInformation": {"Initial": device, "Final": device},
            "BatteryInformation": {"BatteryPercentage": 80},
            "GroupUsagePercentage": [{"GroupId": "GroupIdDef.GROUP_A", "UsagePercentage": 100.0}],
            "Impedance": [
                {
                    "Hemisphere": [
                        {
                            "Hemisphere": "HemisphereLocationDef.Left",
                            "SessionImpedance": {
                                "Monopolar": [{"Electrode1": "0", "ResultValue": 900}]
                            },
                        }
                    ]
                }
            ],
            "DiagnosticData": {
                "EventLogs": [event],
                "LFPTrendLogs": {
                    "HemisphereLocationDef.Left": {"2025-01-10T01:00:00Z": [point, point]}
                },
                "LfpFrequencySnapshotEvents": [],
            },
        }
    ).encode()


def _entries() -> list[bytes]:
    return [
        b"[2026-03-15T14:00:00Z(000)]<EV>PO   \r\n",
        b"[2026-03-15T14:32:05Z(128)]<EV>SS   \r\n",
        b"[2026-03-15T14:32:06Z(012)]<BA>A=3.7V, B=3.6V\r\n",
        b"[2026-03-15T14:32:10Z(200)]<IM>12,500ohm\r\n",
        b"[2026-03-15T14:32:11Z(005)]<PA>(HSPID)Val=00010.0\r\n",
        b"[2026-03-15T15:02:05Z(128)]<EV>SE   \r\n",
    ]


def main() -> None:
    """Fuzz from clean logs of every form."""
    corpus = Path(".cache/fuzz-devicelogs")
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = [*prepare_trials(6, 1).logs, *prepare_trials(6, 1, binary=True).logs, _report()]
    seeds += [b"".join(_entries()), write_opennerve_ring(_entries())]
    for index, log in enumerate(seeds):
        (corpus / f"seed-{index}").write_bytes(log)
    # An instrumented comparison of arrays never lets go of its result, some 160 kB an input: that
    # is atheris' memory, not the readers', and must not end the run.
    limits = ["-max_len=140000", f"-rss_limit_mb={_MEMORY_MB}"]
    name, *options = sys.argv
    atheris.Setup([name, *limits, *options, str(corpus)], check, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
