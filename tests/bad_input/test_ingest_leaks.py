"""No message, report or error holds a participant's value: canaries are planted and looked for.

Canaries stand in every field of every table, in headers, in file names and in the bytes around
faults of structure; each is a word that occurs nowhere else.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from data_folder import ROOT, STUDY, DataFolder

from multifidus.base.errors import DataError
from multifidus.config.load import load_study
from multifidus.contracts.tables import TABLES
from multifidus.ingest.run import ingest_tables

CANARY = "zqxkanarie"
FACTORS = ROOT / "literature/mme/factors.csv"


def everything_said(data: Path, folder: Path) -> str:
    """Return all text that ingestion leaves behind: error, page, and JSON with each sentence."""
    said = []
    try:
        ingest_tables(
            source="csv", folder=data, study=STUDY, tier="restricted", factors=FACTORS,
            tables=folder / "tables", report=folder / "report",
        )  # fmt: skip
    except DataError as error:
        said += [str(error), repr(error.__context__), repr(error.__cause__)]
    for name in ("index.html", "report.json"):
        said.append((folder / "report" / name).read_text(encoding="utf-8"))
    return "\n".join(said)


@pytest.mark.parametrize("name", TABLES)
def test_values_of_every_column_stay_out(name: str, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    row = {column: f"{CANARY}{place}" for place, column in enumerate(TABLES[name].columns)}
    data.rows[name] = [row, dict(row)]
    said = everything_said(data.write(), tmp_path)
    assert f'"{name}"' in said
    assert "DAT-301" in said, "the repeated key must be found for the test to say anything"
    assert CANARY not in said


def test_well_formed_but_impossible_values_stay_out(tmp_path: Path) -> None:
    """Numbers and dates of the right form, each of which breaks a check of range or order."""
    data = DataFolder(tmp_path / "data")
    data.rows["vas"][0]["vas_mm"] = "918273"
    data.rows["odi"][0]["odi_01"] = "918274"
    data.rows["eq5d"][0]["eq5d_mo"] = "918275"
    data.rows["participants"][0]["age_years"] = "918276"
    data.rows["characteristics"][0]["value"] = "918277"
    data.rows["participants"][1]["death_date"] = "1931-07-19"
    data.rows["participants"][0]["last_contact_date"] = "0001-01-01"
    data.rows["participants"][1]["last_contact_date"] = "9999-12-31"
    data.rows["participants"][1]["age_years"] = "51"
    data.rows["device_events"][0]["event_date"] = "1907-11-05"
    said = everything_said(data.write(), tmp_path)
    for rule in (
        "DAT-210",
        "DAT-211",
        "DAT-212",
        "DAT-213",
        "DAT-216",
        "DAT-219",
        "DAT-309",
        "DAT-312",
    ):
        assert rule in said
    for value in ("91827", "1931", "1907", "0001-", "9999"):
        assert value not in said


def test_a_file_without_header_gives_no_value_away(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.write()
    (data.path / "vas.csv").write_text(f"{CANARY},{CANARY}2,2017-02-20,72\n", encoding="utf-8")
    said = everything_said(data.path, tmp_path)
    assert "DAT-109" in said
    assert CANARY not in said


def test_a_strange_column_is_named_by_its_place(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.write()
    data.edit_text("vas", "vas_mm\n", f"vas_mm,{CANARY}\n")
    said = everything_said(data.path, tmp_path)
    assert "column number 5" in said
    assert CANARY not in said


def test_names_of_other_files_stay_out(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    (data.write() / f"{CANARY}.csv").write_text("x\n", encoding="utf-8")
    said = everything_said(data.path, tmp_path)
    assert "DAT-110" in said
    assert CANARY not in said


@pytest.mark.parametrize("damage", ['"', "\x00", ",,,,,,,", "\n\n"])
def test_faults_of_structure_give_nothing_away(damage: str, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.rows["adverse_events"][0]["reported_term"] = CANARY
    data.write()
    data.edit_text("adverse_events", CANARY, f"{damage}{CANARY}")
    said = everything_said(data.path, tmp_path)
    assert "DAT-10" in said
    assert CANARY not in said


def test_bytes_that_are_no_text_give_nothing_away(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.rows["adverse_events"][0]["reported_term"] = CANARY
    path = data.write() / "adverse_events.csv"
    path.write_bytes(path.read_bytes().replace(CANARY.encode(), CANARY.encode() + b"\xff"))
    said = everything_said(data.path, tmp_path)
    assert "DAT-105" in said
    assert CANARY not in said


def test_transport_files_give_nothing_away(tmp_path: Path) -> None:
    study = load_study(ROOT / "config/studies/cdiscpilot01/study.yaml")
    folder = tmp_path / "sdtm"
    folder.mkdir()
    named = {
        "dm": ["USUBJID", "SITEID", "ARMCD", "AGEU", "SEX", "RFXSTDTC", "RFXENDTC", "DTHDTC"],
        "ae": ["USUBJID", "AESEQ", "AETERM", "AEDECOD", "AEBODSYS", "AESTDTC", "AEENDTC"],
        "ex": ["USUBJID", "EXTRT", "EXDOSE", "EXDOSU", "EXSTDTC", "EXENDTC"],
        "ds": ["USUBJID", "DSCAT", "DSDECOD", "DSSTDTC"],
    }
    extra = {
        "dm": ["RFSTDTC", "RFPENDTC", "RFENDTC", "AGE"],
        "ae": ["AESEV", "AESER", "AEREL", "AEOUT"],
    }
    for domain, variables in named.items():
        frame = pd.DataFrame(
            {name: [f"{CANARY}{name}"] * 2 for name in variables + extra.get(domain, [])}
        )
        path = folder / f"{domain}.xpt"
        pyreadstat.write_xport(frame, str(path), table_name=domain.upper(), file_format_version=5)
    with pytest.raises(DataError) as caught:
        ingest_tables(
            source="sdtm", folder=folder, study=study, tier="restricted",
            mapping=ROOT / "config/studies/cdiscpilot01/mapping.yaml",
            tables=tmp_path / "tables", report=tmp_path / "report",
        )  # fmt: skip
    page = (tmp_path / "report/index.html").read_text(encoding="utf-8")
    data = (tmp_path / "report/report.json").read_text(encoding="utf-8")
    for rule in ("DAT-201", "DAT-203", "DAT-204", "DAT-205", "DAT-215", "DAT-220", "DAT-221"):
        assert rule in data
    assert CANARY not in page + data + str(caught.value)
