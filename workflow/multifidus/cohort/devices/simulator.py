"""Simulating one implant: a life of therapy and events, read out as yearly downloads.

The simulator invents no therapy: sessions are given. It adds what a device adds: ticks with
drift, a settable clock, resets, links, daily, battery and impedance records, a ring that wraps,
and lifetime counters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from multifidus.cohort.devices.clock import DeviceClock
from multifidus.cohort.devices.text_writer import encode_records, write_ipglog_text
from multifidus.cohort.devices.truth import DeviceDesign, DeviceLife, DeviceLog, RecordStream
from multifidus.devicelogs.clock.times import iso_seconds
from multifidus.devicelogs.formats.ipglog.header import Header, Sync
from multifidus.devicelogs.formats.ipglog.layout import END_REASONS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.cohort.devices.truth import SessionTruth
    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.history import Prescription

__all__ = ["build_device_log", "encode_device_log", "simulate_device"]

_DAY = 86_400
_BURN_IN_S = 14 * _DAY
_ELECTRODES = 4
_PARAMETERS = {"session_s": "SES", "per_day": "NPD"}


@dataclass(frozen=True)
class _Events:
    """Events of one type before they are numbered; ``rank`` orders events of one second."""

    type: str
    at: IntArray
    rank: int
    columns: tuple[list[int | str | None], ...]


def _seconds(value: object) -> int:
    """Return whole seconds since 1970 of a number, a date or a time (naive means UTC)."""
    if isinstance(value, int | np.integer):
        return int(value)
    text = str(value).replace("Z", "").replace("+00:00", "").replace(" ", "T")
    return int(np.datetime64(text, "s").astype(np.int64))


def _whole(values: IntArray | int, size: int) -> list[int | str | None]:
    return list(np.broadcast_to(np.asarray(values, dtype=np.int64), size).tolist())


def _words(codes: IntArray | int, words: tuple[str, ...], size: int) -> list[int | str | None]:
    indices = np.broadcast_to(np.asarray(codes, dtype=np.int64), size)
    return list(np.asarray(words, dtype=object)[indices].tolist())


def _empty(size: int) -> list[int | str | None]:
    return [None] * size


def _contractions(sessions: SessionTruth, rx: Prescription) -> IntArray:
    return np.asarray(sessions.seconds // (rx.on_s + rx.off_s), dtype=np.int64)


def _session_events(sessions: SessionTruth, rx: Prescription) -> list[_Events]:
    size = len(sessions)
    contractions = _contractions(sessions, rx)
    left, right = _whole(sessions.left, size), _whole(sessions.right, size)
    source = np.broadcast_to(np.asarray(sessions.source, dtype=np.int64), size)
    by_patient = source == 0
    linked = int(by_patient.sum())
    start = (
        _words(sessions.source, SOURCES, size),
        _whole(sessions.program, size),
        left,
        right,
        *(_whole(number, size) for number in (rx.width_us, rx.rate_hz * 10, rx.on_s, rx.off_s)),
    )
    end = (
        _words(sessions.reason, END_REASONS, size),
        _whole(sessions.seconds, size),
        _whole(contractions, size),
        left,
        right,
        _whole(0, size),
    )
    link = (
        _words(0, ("ON",), linked),
        _whole(5, linked),
        _words(0, ("ACT",), linked),
    )
    return [
        _Events("LNK", sessions.start_utc[by_patient] - 3, 2, link),
        _Events("SST", sessions.start_utc, 3, start),
        _Events("SEN", sessions.start_utc + sessions.seconds, 1, end),
    ]


def _daily_events(activation: int, until: int, sessions: SessionTruth, rx: Prescription) -> _Events:
    """Write one record at each UTC midnight, on the sessions that ended since the last one."""
    first = activation // _DAY + 1
    midnights = np.arange(first, until // _DAY + 1, dtype=np.int64) * _DAY
    ends = sessions.start_utc + sessions.seconds
    before = np.searchsorted(ends, midnights, side="right")
    life = np.concatenate(([0], np.cumsum(sessions.seconds)))[before]
    life_contractions = np.concatenate(([0], np.cumsum(_contractions(sessions, rx))))[before]
    columns = (
        np.arange(len(midnights), dtype=np.int64),
        np.diff(before, prepend=0),
        np.diff(life, prepend=0),
        np.diff(life_contractions, prepend=0),
        life,
    )
    return _Events("DAY", midnights, 4, tuple(list(column.tolist()) for column in columns))


def _battery_events(activation: int, until: int, rng: np.random.Generator) -> _Events:
    at = np.arange(activation + 2 * _DAY, until, 30 * _DAY, dtype=np.int64) + 43_200
    at = at[at < until]
    years = (at - activation) / (365.25 * _DAY)
    charge = np.clip(100 - 9.0 * years, 5, 100).round().astype(np.int64)
    voltage = (3200 - 60 * years + rng.normal(0, 6, len(at))).round().astype(np.int64)
    months = np.clip(130 - 12 * years, 3, 130).round().astype(np.int64)
    status = _words(0, ("OK",), len(at))
    columns = (list(voltage.tolist()), list(charge.tolist()), list(months.tolist()), status)
    return _Events("BAT", at, 5, columns)


def _visit_events(downloads: list[int], rng: np.random.Generator) -> list[_Events]:
    """Impedances of both leads in the minutes before each download, and the programmer's link."""
    per_visit = 2 * _ELECTRODES
    before = np.asarray(downloads, dtype=np.int64)
    at = (before[:, None] - 10 * np.arange(per_visit, 0, -1) - 12).ravel()
    size = len(at)
    lead = _words(np.tile(np.repeat([0, 1], _ELECTRODES), len(before)), ("L", "R"), size)
    electrode = np.tile(np.arange(_ELECTRODES), 2 * len(before))
    other = _words((electrode + 1) % _ELECTRODES, ("0", "1", "2", "3"), size)
    ohms = np.clip(rng.normal(650, 120, size), 200, 3000).round().astype(np.int64)
    columns = (
        lead,
        list(electrode.tolist()),
        other,
        list(ohms.tolist()),
        _whole(10, size),
        _words(0, ("OK",), size),
    )
    count = len(before)
    link = (_words(0, ("ON",), count), _whole(0, count), _words(0, ("PRG",), count))
    return [_Events("IMP", at, 0, columns), _Events("LNK", before - 110, 2, link)]


def _clock_events(clock: DeviceClock) -> _Events:
    columns: tuple[list[int | str | None], ...] = (
        [action for _, action, _, _ in clock.changes],
        [iso_seconds(old) or None for _, _, old, _ in clock.changes],
        [iso_seconds(new) or None for _, _, _, new in clock.changes],
        ["SYS" if action == "RST" else "PRG" for _, action, _, _ in clock.changes],
    )
    at = np.asarray([at for at, _, _, _ in clock.changes], dtype=np.int64)
    return _Events("CLK", at, 7, columns)


def _programming_events(activation: int, life: DeviceLife, rx: Prescription) -> _Events:
    rows: list[tuple[int, int, str, int | None, int]] = [
        (activation, rx.program, "SES", None, rx.session_s),
        (activation, rx.program, "NPD", None, rx.per_day),
    ]
    current = rx
    for change in life.prescription_changes:
        old = getattr(current, change.parameter)
        rows.append((change.at, rx.program, _PARAMETERS[change.parameter], old, change.new))
        current = replace(current, **{change.parameter: change.new})
    at = np.asarray([row[0] for row in rows], dtype=np.int64)
    columns: tuple[list[int | str | None], ...] = (
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [row[4] for row in rows],
        ["PRG"] * len(rows),
    )
    return _Events("PRG", at, 8, columns)


def _erasure_and_fault_events(life: DeviceLife) -> list[_Events]:
    erased, reset = (np.asarray(times, dtype=np.int64) for times in (life.erasures, life.resets))
    fault: tuple[list[int | str | None], ...] = (
        ["WDT"] * len(reset),
        ["2"] * len(reset),
        _empty(len(reset)),
    )
    return [
        _Events("ERA", erased, 9, (["PRG"] * len(erased), _empty(len(erased)))),
        _Events("FLT", reset, 6, fault),
    ]


def _number(events: list[_Events], clock: DeviceClock) -> list[RecordStream]:
    """Give every event its sequence number, boot, tick and clock."""
    at = np.concatenate([item.at for item in events])
    rank = np.concatenate([np.full(len(item.at), item.rank) for item in events])
    order = np.lexsort((rank, at))
    seq = np.empty(len(at), dtype=np.int64)
    seq[order] = np.arange(1, len(at) + 1)
    streams = []
    begin = 0
    for item in events:
        own = seq[begin : begin + len(item.at)]
        begin += len(item.at)
        columns = item.columns
        if item.type == "ERA":
            columns = (columns[0], list((own - 1).tolist()))
        streams.append(
            RecordStream(
                item.type,
                own,
                clock.boot(item.at),
                clock.tick(item.at),
                clock.clock(item.at),
                columns,
            )
        )
    return streams


def _prescription_at(rx: Prescription, life: DeviceLife, at: int) -> Prescription:
    for change in life.prescription_changes:
        if change.at < at:
            rx = replace(rx, **{change.parameter: change.new})
    return rx


def _headers(
    pseudonym: str,
    downloads: list[int],
    sessions: SessionTruth,
    every: IntArray,
    clock: DeviceClock,
    *,
    design: DeviceDesign,
    life: DeviceLife,
) -> list[Header]:
    """One header per download; ``every`` holds the times of all records, ascending."""
    ends = sessions.start_utc + sessions.seconds
    contractions = _contractions(sessions, design.prescription)
    headers = []
    for start in downloads:
        last = int(np.searchsorted(every, start, side="left"))
        erased = [
            int(np.searchsorted(every, at, side="left")) for at in life.erasures if at < start
        ]
        first = max([1, last - design.capacity + 1, *(count + 1 for count in erased)])
        done = int(np.searchsorted(ends, start, side="left"))
        stamps = np.asarray([start, start + design.download_s], dtype=np.int64)
        syncs = [
            Sync(int(boot), int(tick), int(device), int(utc))
            for boot, tick, device, utc in zip(
                clock.boot(stamps), clock.tick(stamps), clock.clock(stamps), stamps, strict=True
            )
        ]
        headers.append(
            Header(
                name="ipglog-text",
                model=design.model,
                pseudonym=pseudonym,
                firmware=design.firmware,
                download_start=start,
                download_end=start + design.download_s,
                programmer=design.programmer,
                utc_offset=design.utc_offset,
                syncs=syncs,
                capacity=design.capacity,
                first_seq=first,
                last_seq=last,
                lost_before=first - 1,
                life_sessions=done,
                life_seconds=int(sessions.seconds[:done].sum()),
                life_contractions=int(contractions[:done].sum()),
                prescriptions=[_prescription_at(design.prescription, life, start)],
            )
        )
    return headers


def build_device_log(
    pseudonym: str,
    activation: object,
    downloads: Sequence[object],
    sessions: SessionTruth,
    *,
    life: DeviceLife | None = None,
    design: DeviceDesign | None = None,
    rng_seed: int = 0,
) -> DeviceLog:
    """Simulate one implant without encoding its log.

    Parameters
    ----------
    pseudonym
        Participant, with ``/2`` appended for a second implant.
    activation
        When therapy was programmed; whole seconds since 1970, a date or a time (UTC).
    downloads
        Starts of the read-outs, ascending, same kinds of value.
    sessions
        The therapy truly delivered.
    life, design
        Other events, and fixed properties; defaults are a quiet life.
    rng_seed
        Seeds drift, impedances and voltages; same seed, same bytes.

    Returns
    -------
    DeviceLog
        Every record ever made, and one header per download.
    """
    life = life or DeviceLife()
    design = design or DeviceDesign()
    rng = np.random.default_rng(rng_seed)
    start = _seconds(activation)
    reads = sorted(_seconds(at) for at in downloads)
    until = reads[-1] + design.download_s + 60 if reads else start
    drift = float(rng.normal(0.0, 15.0)) if design.drift_ppm is None else design.drift_ppm
    powered = start - _BURN_IN_S - int(rng.integers(0, 60 * _DAY))
    synced = [at + design.download_s + 20 for at in reads]
    clock = DeviceClock(powered, synced, life, drift)
    events = [
        *_session_events(sessions, design.prescription),
        _daily_events(start, until, sessions, design.prescription),
        _battery_events(start, until, rng),
        *_visit_events(reads, rng),
        *_erasure_and_fault_events(life),
        _programming_events(start, life, design.prescription),
        _clock_events(clock),
    ]
    every = np.sort(np.concatenate([item.at for item in events]))
    headers = _headers(pseudonym, reads, sessions, every, clock, design=design, life=life)
    return DeviceLog(tuple(_number(events, clock)), tuple(headers), design)


def simulate_device(
    pseudonym: str,
    activation: object,
    downloads: Sequence[object],
    sessions: SessionTruth,
    *,
    life: DeviceLife | None = None,
    design: DeviceDesign | None = None,
    rng_seed: int = 0,
) -> list[bytes]:
    """Simulate one implant and write each download as ``ipglog-text`` 1.0.

    Parameters are those of :func:`build_device_log`. Returns one file's bytes per download.
    """
    log = build_device_log(
        pseudonym, activation, downloads, sessions, life=life, design=design, rng_seed=rng_seed
    )
    return encode_device_log(log)


def encode_device_log(log: DeviceLog) -> list[bytes]:
    """Write each download of a simulated implant as ``ipglog-text`` 1.0."""
    lines = encode_records(log.streams)
    return [
        write_ipglog_text(
            header,
            lines[(header.first_seq or 1) - 1 : header.last_seq],
            header.first_seq or 1,
            log.design.block_records,
        )
        for header in log.headers
    ]
