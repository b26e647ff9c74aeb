"""``multifidus logs``: what each command prints, writes and refuses.

Expected values: the truth of the provoked fault, the hand-written Percept report and OpenNerve
entries, and the specification's list of what a reader gives (one interface, section 1).
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from device_lab.provoke import provoke_fault
from multifidus.base.files import sha256_of
from multifidus.cli.logs import app
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.findings import FAULT_KINDS
from percept_report import make_report

OPENNERVE = (
    b"[2026-03-01T12:00:00Z(000)]<EV>SS   \r\n"
    b"[2026-03-01T12:30:00Z(000)]<EV>SE   \r\n"
    b"[2026-03-03T12:00:00Z(000)]<EV>SS   \r\n"
)


def damaged_log() -> bytes:
    """A simulated log in which one record is followed by another of the same number."""
    provoked = provoke_fault("conflicting_records")
    (data,) = provoked.files.values()
    return data


UNREADABLE = Path("/proc/self/mem")
"""A file that exists and whose bytes no process can read from the start, not even root's."""


def logs(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good, a damaged, an empty and an unknown log, both public formats, a hidden file."""
    path = tmp_path_factory.mktemp("logs")
    assert logs("simulate", "-o", path / "site", "--days", 40).exit_code == 0
    (path / "damaged").mkdir()
    (path / "damaged/S0001-00.ipglog").write_bytes(damaged_log())
    (path / "report.txt").write_bytes(make_report())
    (path / "nerve.json").write_bytes(OPENNERVE)
    (path / "empty.ipglog").write_bytes(b"")
    (path / "noise.ipglog").write_bytes(bytes(range(7, 250)) * 20)
    (path / ".hidden").write_bytes(b"no log")
    return path


def test_inspect_says_what_each_log_holds(folder: Path):
    shown = logs("inspect", folder / "nerve.json")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[:8] == [
        "nerve.json",
        "  format: opennerve-text",
        "  device: not given",
        "  period: 2026-03-01 12:00 to 2026-03-03 12:00 UTC, 3 days",
        "  records: 3: 3 EV",
        # Half an hour is certain; the second start has no stop and nothing follows it.
        "  sessions: 2, 0.5 h; 1 of unknown length",
        "  use: 15.0 min a day over the period (adherence needs the exposure dates)",
        "  clock: 3 clock-only (within 2 h)",
    ]
    assert "  faults: 1 warning" in shown.stdout.splitlines()
    assert "  warning: 24 start_without_end, 1, flag" in shown.stdout


def test_inspect_shows_the_facts_of_a_report(folder: Path):
    lines = logs("inspect", folder / "report.txt").stdout.splitlines()
    assert "  format: percept-json 1.2" in lines
    assert "  tablet minus device s: 2" in lines
    assert "  battery percent: 80" in lines
    assert "  group usage percent: A 100" in lines
    assert "  not read: nothing" in lines
    assert "  sessions: 2, 6.0 h" in lines  # 4 h and 2 h
    assert "  faults: none" in lines


def test_inspect_counts_faults_by_severity_the_worst_first(folder: Path):
    lines = logs("inspect", folder / "damaged").stdout.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("  faults: "))
    assert lines[begin].startswith("  faults: 1 severe, ")
    severities = [line.split(":")[0].strip() for line in lines[begin + 1 :]]
    assert severities == sorted(severities, key=["severe", "warning", "note"].index)
    assert severities[0] == "severe"


def test_a_folder_stands_for_the_files_below_it(folder: Path):
    shown = logs("inspect", folder)
    names = [line for line in shown.stdout.splitlines() if line and not line.startswith(" ")]
    assert names == [
        "damaged/S0001-00.ipglog",
        "empty.ipglog",
        "nerve.json",
        "noise.ipglog",
        "report.txt",
        "site/S0001-00.ipglog",
    ]
    assert "reading 6 of 6: site/S0001-00.ipglog" in shown.stderr.splitlines()
    assert "reading" not in shown.stdout


def test_content_alone_never_fails_a_command(folder: Path, tmp_path: Path):
    for name, said in (("empty.ipglog", "empty"), ("noise.ipglog", "unknown")):
        shown = logs("inspect", folder / name)
        assert shown.exit_code == 0
        assert f"  format: {said}" in shown.stdout
        assert "  warning: 43 no_records" in shown.stdout
    assert logs("parse", folder, "-o", tmp_path).exit_code == 0


def test_parse_writes_every_table_of_every_log(folder: Path, tmp_path: Path):
    done = logs("parse", folder, "-o", tmp_path / "one")
    assert done.exit_code == 0, done.output
    stems = ["damaged/S0001-00", "empty", "nerve", "noise", "report", "site/S0001-00"]
    kinds = ["faults.jsonl", "identity.json"]
    kinds += [f"{table}.parquet" for table in ("records", "segments", "sessions")]
    written = {path.relative_to(tmp_path / "one").as_posix() for path in files(tmp_path / "one")}
    assert written == {f"{stem}.{kind}" for stem in stems for kind in kinds}
    assert "nerve.json: opennerve-text, 3 records, 2 sessions, 1 faults" in done.stdout
    logs("parse", folder, "-o", tmp_path / "two")
    for path in files(tmp_path / "one"):
        again = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == again.read_bytes()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_tables_carry_units_version_and_source_and_are_sorted(folder: Path, tmp_path: Path):
    logs("parse", folder / "damaged", "-o", tmp_path)
    path = tmp_path / "S0001-00.records.parquet"
    metadata = pq.read_schema(path).metadata
    identity = json.loads((tmp_path / "S0001-00.identity.json").read_text())
    assert metadata[b"table"] == b"devicelogs.records"
    assert metadata[b"version"] == b"1.0"
    assert metadata[b"format"] == b"ipglog-text 1.0"
    assert metadata[b"input_sha256"].decode() == identity["sha256"]
    assert metadata[b"unit.tick"] == b"s"
    records = pd.read_parquet(path)
    order = records[["device", "seq"]].reset_index(drop=True)
    assert order.equals(order.sort_values(["device", "seq"], kind="stable", ignore_index=True))
    parts = ("accepted", "framing", "flagged")
    assert sum(identity[part] for part in parts) == identity["size"]


def test_faults_are_json_lines_that_name_their_log(folder: Path):
    shown = logs("faults", folder)
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {row["file"] for row in rows if row["fault"] == 43} == {"empty.ipglog", "noise.ipglog"}
    conflict = next(row for row in rows if row["fault"] == 9)
    truth = provoke_fault("conflicting_records").truth
    assert conflict["file"] == "damaged/S0001-00.ipglog"
    assert [conflict["seq_first"]] == truth["seqs"]
    for row in rows:
        assert {"kind", "severity", "outcome", "count", "detail"} <= set(row)


@pytest.mark.parametrize(
    ("arguments", "error_id"),
    [
        (["inspect", "{folder}/none.ipglog"], "LOG-001"),
        (["inspect", "{folder}/nerve.json", "{folder}/none.ipglog"], "LOG-001"),
        (["faults", "{empty}"], "LOG-004"),
        (["parse", "{folder}/site", "{folder}/damaged", "-o", "{empty}/x"], "LOG-005"),
        pytest.param(
            ["inspect", str(UNREADABLE)],
            "LOG-006",
            marks=pytest.mark.skipif(not UNREADABLE.exists(), reason="no /proc on this system"),
        ),
        (["parse", "{folder}/site", "-o", "{folder}/nerve.json"], "LOG-007"),
        (["simulate", "-o", "{folder}/nerve.json"], "LOG-007"),
        (["kinds", "-o", "{folder}/nerve.json/x"], "LOG-007"),
    ],
)
def test_what_a_user_can_fix_is_one_sentence(folder, tmp_path, arguments, error_id):
    (tmp_path / "empty").mkdir()
    places = {"folder": folder, "empty": tmp_path / "empty"}
    done = logs(*(argument.format(**places) for argument in arguments))
    assert done.exit_code == 11
    sentence = done.stderr.strip().splitlines()[-1]
    assert re.fullmatch(rf"\[{error_id}\] [A-Z].*\.", sentence)
    assert "Traceback" not in done.output
    assert done.stdout == ""
    assert files(tmp_path) == []


def test_a_terminal_of_80_columns_loses_nothing(folder: Path):
    """On a real terminal: no line is longer, and the hash is there to its last digit."""
    command = "from multifidus.cli.logs import app; app()"
    main, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "PYTHONPATH": "workflow"}
    process = subprocess.Popen(
        [sys.executable, "-c", command, "inspect", str(folder / "damaged"), str(folder)],
        stdout=terminal,
        stderr=terminal,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(main, 65_536):
            shown += piece
    except OSError:  # how Linux says that the other end of a terminal is closed
        pass
    assert process.wait() == 0
    os.close(main)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "reading" in text  # the bar
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text) if "reading" not in line]
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    joined = re.sub(r"\s+", "", "".join(lines))
    for name in ("damaged/S0001-00.ipglog", "nerve.json", "report.txt"):
        assert sha256_of(folder / name) in joined


def test_a_name_that_a_terminal_would_obey_is_shown_harmless(tmp_path: Path):
    spoilt = make_report(
        lambda content: content["DeviceInformation"]["Final"].update(
            NeurostimulatorModel="\x1b[31m"
        )
    )
    (tmp_path / "r.json").write_bytes(spoilt)
    shown = logs("inspect", tmp_path / "r.json")
    assert "\x1b" not in shown.stdout
    assert "  device: ?[31m" in shown.stdout.splitlines()


@pytest.mark.parametrize("command", ["inspect", "parse", "simulate", "faults", "kinds"])
def test_every_command_explains_itself(command):
    shown = logs(command, "--help")
    assert shown.exit_code == 0
    assert len(shown.stdout.split()) > 20


def test_simulated_logs_are_the_same_for_the_same_seed(tmp_path: Path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        logs("simulate", "-o", tmp_path / name, "--days", 20, "--participants", 2, "--seed", seed)
    one, two, other = ([p.read_bytes() for p in files(tmp_path / name)] for name in "abc")
    assert len(one) == 2
    assert one == two
    assert one != other


@pytest.mark.parametrize("number", sorted(FAULT_KINDS))
def test_every_fault_is_found_in_what_provokes_it(tmp_path: Path, number: int):
    provoked = provoke_fault(FAULT_KINDS[number].name)
    for name, data in provoked.files.items():
        (tmp_path / name).write_bytes(data)
    files = sorted(tmp_path.iterdir())
    if number in {13, 16, 19, 31, 32, 44}:  # seen where downloads are read together, with a roster
        nobody = pd.DataFrame({"participant_id": pd.Series([], dtype="str")})
        for column in ("exposure_start", "exposure_end"):
            nobody[column] = pd.Series([], dtype="datetime64[s]")
        assert number in set(read_cohort_logs(files, nobody).faults["fault"])
        return
    found = logs("faults", *files)
    assert number in {json.loads(line)["fault"] for line in found.stdout.splitlines()}
