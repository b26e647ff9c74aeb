"""Each fault of the table: kind, severity, outcome, numbers, and both conservation laws.

Expected rows come from the fault table of docs/ipglog.md and from the injector's ground truth.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from device_lab.inject import TEXT_FAULTS, inject_fault
from device_lab.laws import broken_laws, true_sessions
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import (
    DeviceDesign,
    DeviceLife,
    PrescriptionChange,
    SessionTruth,
)
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.findings import FAULT_KINDS
from multifidus.devicelogs.formats.ipglog.batch import read_batch
from multifidus.devicelogs.reading import read_log

DAY = 86_400
START = 1_609_459_200  # 2021-01-01T00:00:00Z


def truth(days: int = 40) -> SessionTruth:
    start = (START + np.arange(days)[:, None] * DAY + np.asarray([8, 20]) * 3600).ravel()
    return SessionTruth(start, np.full(len(start), 1800), np.zeros(len(start), dtype=np.int64))


@pytest.fixture(scope="module")
def clean() -> bytes:
    return simulate_device("P1", START, [START + 40 * DAY], truth())[0]


# Faults whose damage the writer sealed: the log itself says these things, so the truth of its
# sessions is what it says and only the accounts are judged.
SEALED = {11, 20, 22, 24, 25, 26, 27}


@pytest.mark.parametrize("number", sorted(TEXT_FAULTS))
def test_fault_is_reported_as_the_table_says(number: int, clean: bytes):
    injected = inject_fault(number, clean, np.random.default_rng(number))
    result = read_log(injected.data)
    found = result.faults[result.faults["fault"] == number]
    assert len(found), f"fault {number} was not reported"
    kind = FAULT_KINDS[number]
    assert (found["kind"] == kind.name).all()
    assert kind.severity in set(found["severity"])
    if number not in {3, 5, 11, 43}:
        assert kind.outcome in set(found["outcome"])
    assert result.identity.balanced
    assert all(account.balanced for account in result.sequence.values())
    if injected.seqs and number not in {3, 5}:
        low, high = found["seq_first"].min(), found["seq_last"].max()
        # A session's fault names the record that is left, next to the one that is not.
        assert low <= min(injected.seqs) + 1
        assert high >= max(injected.seqs) - 1
    if number not in SEALED:
        batch = read_batch([injected.data])
        assert broken_laws(batch, true_sessions(read_batch([clean]))) == []


@pytest.mark.parametrize("number", [1, 2, 3, 7, 9])
def test_damage_costs_the_block_it_hits_and_no_other(number: int, clean: bytes):
    """The writer ends a block where the number is a multiple of 64."""
    injected = inject_fault(number, clean, np.random.default_rng(5))
    before, after = read_log(clean).records["seq"], read_log(injected.data).records["seq"]
    (hit,) = {seq // 64 for seq in injected.seqs}
    assert set(before) - set(after) == {seq for seq in before if seq // 64 == hit}


@pytest.mark.parametrize("number", [4, 8, 10, 35])
def test_recoverable_damage_costs_nothing(number: int, clean: bytes):
    injected = inject_fault(number, clean, np.random.default_rng(5))
    pd.testing.assert_frame_equal(read_log(clean).records, read_log(injected.data).records)


def test_byte_span_of_a_damaged_record(clean: bytes):
    injected = inject_fault(1, clean, np.random.default_rng(9))
    fault = read_log(injected.data).faults.query("fault == 1").iloc[0]
    line = injected.data[fault["byte_start"] : fault["byte_end"]]
    assert line.startswith(b"R%d," % injected.seqs[0])
    assert line.endswith(b"\n")
    assert fault["seq_first"] == fault["seq_last"] == injected.seqs[0]


def other_life(life: DeviceLife, design: DeviceDesign | None = None, days: int = 40):
    reads = [START + 20 * DAY, START + days * DAY]
    files = simulate_device("P1", START, reads, truth(days), life=life, design=design)
    return read_log(b"".join(files))


@pytest.mark.parametrize(
    ("number", "life", "design"),
    [
        (13, DeviceLife(), None),
        (14, DeviceLife(), DeviceDesign(capacity=150)),
        (16, DeviceLife(erasures=(START + 10 * DAY,)), None),
        (17, DeviceLife(resets=(START + 10 * DAY,)), None),
        (18, DeviceLife(clock_shifts=((START + 10 * DAY, 3600),)), None),
        (19, DeviceLife(), DeviceDesign(drift_ppm=400.0)),
        (
            32,
            DeviceLife(prescription_changes=(PrescriptionChange(START + 10 * DAY, "per_day", 1),)),
            None,
        ),
    ],
)
def test_fault_of_a_life(number: int, life: DeviceLife, design: DeviceDesign | None):
    result = other_life(life, design)
    found = result.faults[result.faults["fault"] == number]
    assert len(found)
    assert set(found["severity"]) == {FAULT_KINDS[number].severity}
    assert set(found["outcome"]) == {FAULT_KINDS[number].outcome}
    assert all(account.balanced for account in result.sequence.values())
    # None of these loses or adds a second of therapy that the downloads hold.
    assert (result.sessions["seconds"] == 1800).all()


def test_two_devices_in_one_file_are_never_merged(clean: bytes):
    other = simulate_device("P2", START + 5 * DAY, [START + 45 * DAY], truth(30), rng_seed=9)[0]
    result = read_log(clean + other)
    assert 12 in set(result.faults["fault"])
    alone = [read_log(data).sessions for data in (clean, other)]
    for name, sessions in zip(("P1", "P2"), alone, strict=True):
        own = result.sessions[result.sessions["device"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, sessions)


def test_wrong_participant_is_kept_out(clean: bytes, tmp_path):
    (tmp_path / "a.ipglog").write_bytes(clean)
    dates = pd.to_datetime(["2021-01-01"])
    roster = pd.DataFrame(
        {"participant_id": ["P2"], "exposure_start": dates, "exposure_end": [pd.NaT]}
    )
    result = read_cohort_logs(tmp_path, roster)
    fault = result.faults[result.faults["fault"] == 44].iloc[0]
    assert (fault["severity"], fault["outcome"]) == ("severe", "flag")
    assert not result.sessions["counted"].any()
    assert result.periods.empty


def test_unknown_major_version_is_refused(clean: bytes):
    lines = clean.splitlines(keepends=True)
    from multifidus.cohort.devices.text_writer import frame_line

    lines[0] = frame_line(b"Hformat,ipglog-text,2.0")
    result = read_log(b"".join(lines))
    assert result.records.empty
    assert result.identity.accepted == 0
    fault = result.faults[result.faults["fault"] == 34].iloc[0]
    assert (fault["severity"], fault["outcome"]) == ("severe", "reject")


def test_a_damaged_log_of_an_unknown_major_version_is_refused(clean: bytes):
    """Before, a fragment behind refused records raised an IndexError."""
    from multifidus.cohort.devices.text_writer import frame_line

    lines = clean.splitlines(keepends=True)
    lines[0] = frame_line(b"Hformat,ipglog-text,2.0")
    lines[60] = lines[60][:20] + b"\n"
    result = read_log(b"".join(lines))
    assert result.records.empty
    assert result.identity.accepted == 0
    assert result.identity.balanced


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the input is empty"),
        (b"\x00" * 10, "the input is empty"),
        (b"A page of prose.\n", "the input is of no known format"),
        (bytes(range(256)) * 9, "the input is of no known format"),
    ],
)
def test_no_records_with_a_reason(data: bytes, reason: str):
    result = read_log(data)
    assert result.faults["fault"].tolist() == [43]
    assert result.faults["detail"].tolist() == [reason]
    assert result.identity.balanced
    assert result.records.empty


def test_damage_to_the_number_itself_leaves_it_missing(clean: bytes):
    """Numbers 64 to 127 are one block: 63 lines of it are seen and not used, one is not seen."""
    at = clean.index(b"\nR100,") + 2
    data = clean[:at] + b"900" + clean[at + 3 :]
    account = read_log(data).sequence["P1"]
    assert (account.damaged, account.missing) == (63, 1)


def test_lower_case_checksum_is_a_format_error(clean: bytes):
    lines = clean.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith(b"R20,"))
    lines[at] = lines[at][:-9] + lines[at][-9:].lower()
    assert lines[at] != clean.splitlines(keepends=True)[at]
    result = read_log(b"".join(lines))
    found = result.faults[(result.faults["fault"] == 35)]
    assert found["outcome"].tolist() == ["reject"]
    assert 20 not in set(result.records["seq"])


def header_replaced(clean: bytes, name: bytes, place: int, value: bytes) -> bytes:
    from multifidus.cohort.devices.text_writer import frame_line

    lines = clean.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith(name))
    fields = lines[at][:-10].split(b",")
    fields[place] = value
    lines[at] = frame_line(b",".join(fields))
    return b"".join(lines)


@pytest.mark.parametrize("value", [b"+98:32", b"2021", b""])
def test_impossible_utc_offset_is_taken_out(clean: bytes, value: bytes):
    result = read_log(header_replaced(clean, b"Hdownload", 4, value))
    fault = result.faults[result.faults["fault"] == 23].iloc[0]
    assert fault["outcome"] == "reject"
    assert len(result.sessions) == len(read_log(clean).sessions)


@pytest.mark.parametrize(
    "value", [b"1969-12-31T23:59:59Z", b"0001-01-01T00:00:00Z", b"2021-02-30T00:00:00Z", b"soon"]
)
def test_impossible_record_clock_is_taken_out_and_the_record_kept(clean: bytes, value: bytes):
    from device_lab.inject import _field, _rewrite

    data = _rewrite(23, _field(b"LNK", 3, value))(clean, np.random.default_rng(0)).data
    result = read_log(data)
    assert len(result.records) == len(read_log(clean).records)
    assert result.records["clock"].isna().sum() == 1
    assert 23 in set(result.faults["fault"])


def test_syncs_that_contradict_each_other_leave_the_clock(clean: bytes):
    """The second sync an hour off: neither is used, the device's clock is used."""
    second = clean.index(b"Hsync", clean.index(b"Hsync") + 5)
    tail = header_replaced(clean[second:], b"Hsync", 4, b"2021-02-10T01:03:29Z")
    result = read_log(clean[:second] + tail)
    assert 21 in set(result.faults["fault"])
    assert set(result.sessions["time_method"]) == {"clock-only"}
    assert (result.sessions["uncertainty_s"] == 7200).all()


def test_clocks_more_than_a_day_apart_leave_the_days(clean: bytes, tmp_path):
    data = inject_fault(22, clean, np.random.default_rng(0)).data
    result = read_log(data)
    assert not result.sessions["per_day"].any()
    (tmp_path / "a.ipglog").write_bytes(data)
    roster = pd.DataFrame(
        {"participant_id": ["P1"], "exposure_start": pd.to_datetime(["2021-01-01"])}
    )
    roster["exposure_end"] = pd.NaT
    periods = read_cohort_logs(tmp_path, roster).periods
    overall = periods[periods["period"] == "overall"].iloc[0]
    assert overall["coverage"] == 0
    assert overall["hours_lower"] == 0
    assert overall["utilisation_upper"] == 1


def test_a_file_that_grows_while_it_is_read_is_flagged(clean: bytes, tmp_path, monkeypatch):
    from pathlib import Path

    path = tmp_path / "growing.ipglog"
    path.write_bytes(clean)
    whole = Path.read_bytes

    def growing(self: Path) -> bytes:
        data = whole(self)
        with self.open("ab") as stream:
            stream.write(b"R")
        return data

    monkeypatch.setattr(Path, "read_bytes", growing)
    faults = read_log(path).faults
    assert faults["fault"].tolist() == [43]
    assert "changed while" in faults["detail"].iloc[0]


def test_local_midnight_parts_the_days(tmp_path):
    """A session from 22:45 to 23:15 UTC in winter lies on two days in Paris (UTC+1), one in UTC."""
    start = np.asarray([START + 10 * DAY + 22 * 3600 + 45 * 60])
    one = SessionTruth(start, np.asarray([1800]), np.asarray([0]))
    (data,) = simulate_device("P1", START, [START + 20 * DAY + 7200], one)
    (tmp_path / "a.ipglog").write_bytes(data)
    roster = pd.DataFrame(
        {"participant_id": ["P1"], "exposure_start": pd.to_datetime(["2021-01-02"])}
    )
    roster["exposure_end"] = pd.NaT
    days = {}
    for zone in ("UTC", "Europe/Paris"):
        periods = read_cohort_logs(tmp_path, roster, zone=zone).periods
        overall = periods[periods["period"] == "overall"].iloc[0]
        days[zone] = round(overall["days_covered_any"] * overall["exposure_days"])
        assert overall["hours"] == 0.5
    assert days == {"UTC": 1, "Europe/Paris": 2}


def test_documented_fault_table_is_the_one_in_use():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs/ipglog.md").read_text(encoding="utf-8")
    for kind in FAULT_KINDS.values():
        row = (
            f"| {kind.number} | `{kind.name}` | {kind.severity} | {kind.outcome} | {kind.meaning} |"
        )
        assert row in text
