"""Logs divided over shards: the same tables, byte for byte, whatever the number of shards."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from multifidus.base.errors import DataError
from multifidus.base.files import write_parquet
from multifidus.cli.logs import app
from multifidus.config.analysis import DeviceUseRules
from multifidus.devicelogs import run, shards
from multifidus.devicelogs.shards import divide_logs, list_cohort_logs, load_shard
from percept_report import make_report

RULES = DeviceUseRules(exposure_start={"treatment": "activation_date"})
PEOPLE = [f"S{n:04d}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 10)]
TABLES = ("sessions", "periods", "faults", "identities")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine implants; one log damaged, one file of two participants, a report by its file's name.

    S0009 is not in the roster; S0010 has a Percept report only.
    """
    folder = tmp_path_factory.mktemp("cohort")
    logs = folder / "logs"
    made = CliRunner().invoke(
        app, ["simulate", "-o", str(logs), "--participants", "9", "--days", "400", "--seed", "4"]
    )
    assert made.exit_code == 0, made.output
    first = logs / "S0001-00.ipglog"
    first.write_bytes(first.read_bytes().replace(b",CPL,", b",CPM,", 3))
    both = b"".join((logs / f"S000{n}-01.ipglog").read_bytes() for n in (2, 7))
    (logs / "two.ipglog").write_bytes(both)
    (logs / "S0002-01.ipglog").unlink()
    (logs / "S0010").mkdir()
    (logs / "S0010/report.json").write_bytes(make_report())
    people = pd.DataFrame({"participant_id": PEOPLE, "arm": "treatment"})
    people["activation_date"] = pd.Timestamp("2020-01-01")
    for column in ("treatment_end_date", "death_date"):
        people[column] = pd.NaT
    write_parquet(folder / "participants.parquet", people)
    return folder


def read(cohort: Path, out: Path, shard: shards.Shard | None = None) -> dict[str, Path]:
    targets = {name: out / f"{name}.parquet" for name in TABLES}
    run.read_device_logs(
        logs=cohort / "logs",
        participants=cohort / "participants.parquet",
        rules=RULES,
        targets=targets,
        workers=1,
        tier="synthetic",
        shard=shard,
    )
    return targets


@pytest.mark.parametrize("number", [2, 5, 14])
def test_shards_give_the_bytes_of_one_job(cohort: Path, tmp_path: Path, number: int):
    whole = read(cohort, tmp_path / "whole")
    plan = tmp_path / "shards.json"
    people = cohort / "participants.parquet"
    run.divide_device_logs(logs=cohort / "logs", participants=people, shards=number, target=plan)
    parts = [read(cohort, tmp_path / str(n), load_shard(plan, n)) for n in range(number)]
    targets = {name: tmp_path / "gathered" / f"{name}.parquet" for name in TABLES}
    run.gather_device_logs(
        parts={name: [part[name] for part in parts] for name in TABLES},
        targets=targets,
        tier="synthetic",
    )
    assert len(pd.read_parquet(whole["sessions"])) > 4000
    assert len(pd.read_parquet(whole["faults"])) > 0
    for name in TABLES:
        assert whole[name].read_bytes() == targets[name].read_bytes(), name


def test_logs_of_a_participant_stay_together(cohort: Path):
    """S0002 and S0007 share a file, so that all of theirs are one group."""
    files = list_cohort_logs(cohort / "logs", PEOPLE)
    divided = divide_logs(files, PEOPLE, 4)
    assert sorted(name for shard in divided for name in shard.files) == [
        str(log.path) for log in files
    ]
    places = {
        name: [n for n, shard in enumerate(divided) if name in shard.participants]
        for name in [f"S{n:04d}" for n in range(1, 11)]
    }
    assert all(len(place) == 1 for place in places.values())
    assert places["S0002"] == places["S0007"]
    joined = divided[places["S0002"][0]]
    names = {Path(name).name for name in joined.files}
    assert {"two.ipglog", "S0002-00.ipglog", "S0007-00.ipglog", "S0007-01.ipglog"} <= names


def test_division_does_not_depend_on_the_order_of_files(cohort: Path):
    files = list_cohort_logs(cohort / "logs", PEOPLE)
    assert divide_logs(files, PEOPLE, 3) == divide_logs(files[::-1], PEOPLE, 3)


def test_shards_are_of_about_equal_size(cohort: Path):
    """Nine implants over three shards: none holds more than half of all bytes."""
    divided = divide_logs(list_cohort_logs(cohort / "logs", PEOPLE), PEOPLE, 3)
    sizes = [sum(Path(name).stat().st_size for name in shard.files) for shard in divided]
    assert max(sizes) < sum(sizes) / 2


def test_an_absent_log_is_named(tmp_path: Path):
    with pytest.raises(DataError, match="absent") as caught:
        divide_logs(list_cohort_logs([tmp_path / "gone.ipglog"]), [], 2)
    assert caught.value.error_id == "LOG-001"
