"""Every check has a folder that breaks it and nothing else.

The expected ids and rows are read off the broken folder: the header is row 1, so the first data row
of a file is row 2 (RFC 4180 files as a spreadsheet numbers them).
"""

# ruff: noqa: E501 - a table of cases reads best a case a line
from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest
from data_folder import ROOT, STUDY, DataFolder

from multifidus.base.errors import DataError
from multifidus.contracts.rules import RULES
from multifidus.ingest.inputs import required_tables
from multifidus.ingest.run import ingest_tables

if TYPE_CHECKING:
    from pathlib import Path

Breaker = Callable[[DataFolder], object]
FACTORS = ROOT / "literature/mme/factors.csv"


class Case(NamedTuple):
    rule: str
    place: str
    rows: tuple[int, ...]
    break_it: Breaker
    severity: str = "error"
    words: str = ""


def put(table: str, row: int, **values: str) -> Breaker:
    """Overwrite fields of a data row, counted from 0, before the folder is written."""
    return lambda data: data.rows[table][row].update(values)


def add(table: str, **values: str) -> Breaker:
    return lambda data: data.rows[table].append(values)


def text(table: str, old: str, new: str, count: int = 1) -> Breaker:
    """Replace text of a file after the folder is written."""
    return lambda data: (data.write(), data.edit_text(table, old, new, count))


def raw(table: str, change: Callable[[bytes], bytes]) -> Breaker:
    def break_it(data: DataFolder) -> None:
        path = data.write() / f"{table}.csv"
        path.write_bytes(change(path.read_bytes()))

    return break_it


def rename(table: str, name: str) -> Breaker:
    return lambda data: (data.write() / f"{table}.csv").rename(data.path / name)


def repeat(table: str, row: int, **changes: str) -> Breaker:
    return lambda data: data.rows[table].append({**data.rows[table][row], **changes})


def semicolons(content: bytes) -> bytes:
    return content.replace(b",", b";")


def without_column(content: bytes) -> bytes:
    return b"".join(line.rpartition(b",")[0] + b"\n" for line in content.splitlines())


def in_centimetres(data: DataFolder) -> None:
    """Twenty answers of seven: enough to tell centimetres from a few people free of pain."""
    visits = [visit.id for visit in STUDY.visits]
    rows = data.rows["participants"]
    rows += [
        {**rows[0], "participant_id": f"Q{n}", "last_contact_date": "2024-01-01"} for n in range(4)
    ]
    data.rows["vas"] = [
        {"participant_id": f"Q{n}", "visit": visit, "assessment_date": date, "vas_mm": "7"}
        for n in range(4)
        for visit, date in zip(
            visits[:5],
            ("2017-02-20", "2017-07-13", "2017-09-14", "2018-03-15", "2019-03-16"),
            strict=True,
        )
    ]
    data.rows["visits"] += [
        {"participant_id": row["participant_id"], "visit": row["visit"], "attended": "true",
         "visit_date": row["assessment_date"]}
        for row in data.rows["vas"]
    ]  # fmt: skip


CASES = {
    "file missing": Case("DAT-101", "vas", (), lambda d: (d.write() / "vas.csv").unlink()),
    "file misspelt": Case("DAT-101", "adverse_events", (), rename("adverse_events", "adverse_event.csv"), words="did you mean 'adverse_events.csv'?"),
    "semicolons": Case("DAT-102", "vas", (), raw("vas", semicolons), words="semicolons"),
    "tabs": Case("DAT-102", "odi", (), raw("odi", lambda b: b.replace(b",", b"\t")), words="tabs"),
    "bars": Case("DAT-102", "odi", (), raw("odi", lambda b: b.replace(b",", b"|")), words="bars"),
    "quoted semicolons": Case("DAT-102", "visits", (), raw("visits", lambda b: b'"' + b.replace(b",", b'";"').replace(b"\n", b'"\n"')), words="semicolons"),
    "separator hint": Case("DAT-102", "vas", (), raw("vas", lambda b: b"sep=,\n" + b), words="hint"),
    "column missing": Case("DAT-103", "device_events.reason", (), raw("device_events", without_column)),
    "unknown column": Case("DAT-104", "vas", (), raw("vas", lambda b: b.replace(b"\n", b",x\n")), words="column number 5"),
    "not UTF-8": Case("DAT-105", "adverse_events", (), raw("adverse_events", lambda b: b.replace(b"Sore", b"S\xf6re")), words="line 2"),
    "UTF-16": Case("DAT-105", "vas", (), raw("vas", lambda b: b.decode().encode("utf-16")), words="UTF-16"),
    "text that turns its direction": Case("DAT-225", "adverse_events.reported_term", (2,), text("adverse_events", "Sore", "\u202eSore")),
    "spreadsheet": Case("DAT-105", "vas", (), raw("vas", lambda b: b"PK\x03\x04" + b), words="spreadsheet"),
    "NUL byte": Case("DAT-105", "vas", (), raw("vas", lambda b: b.replace(b"72", b"7\x00", 1)), words="line 2"),
    "ragged rows": Case("DAT-106", "vas", (3, 5), lambda d: (d.write(), d.edit_text("vas", "2017-07-13,72", "2017-07-13,72,1"), d.edit_text("vas", "2017-08-12,72", "2017-08-12"))),
    "open quote": Case("DAT-106", "adverse_events", (2,), text("adverse_events", "Sore", '"Sore'), words="quotation mark"),
    "column twice": Case("DAT-107", "vas.vas_mm", (), raw("vas", lambda b: b.replace(b"vas_mm\n", b"vas_mm,vas_mm\n").replace(b"72\n", b"72,72\n"))),
    "blank row": Case("DAT-108", "vas", (4,), text("vas", "P2,baseline", ",,,\nP2,baseline"), "note"),
    "no header": Case("DAT-109", "vas", (), raw("vas", lambda b: b.partition(b"\n")[2])),
    "empty file": Case("DAT-109", "vas", (), raw("vas", lambda b: b""), words="it is empty"),
    "other file": Case("DAT-110", "data folder", (), lambda d: (d.write() / "readme.txt").write_text("x"), "note"),
    "word for a number": Case("DAT-201", "vas.vas_mm", (2,), put("vas", 0, vas_mm="7 cm")),
    "decimal comma": Case("DAT-201", "characteristics.value", (2,), put("characteristics", 0, value="27,5")),
    "half an answer": Case("DAT-202", "odi.odi_03", (3,), put("odi", 1, odi_03="2.5")),
    "day before month": Case("DAT-203", "vas.assessment_date", (2,), put("vas", 0, assessment_date="20/02/2017")),
    "no such day": Case("DAT-203", "participants.last_contact_date", (2,), put("participants", 0, last_contact_date="2018-02-30")),
    "no such partial date": Case("DAT-204", "adverse_events.start_date", (2,), put("adverse_events", 0, start_date="2017-13", end_date="")),
    "no such day in a partial date": Case("DAT-204", "opioids.start_date", (2,), put("opioids", 0, start_date="2016-02-30")),
    "not true or false": Case("DAT-205", "visits.attended", (2,), put("visits", 0, attended="maybe")),
    "missing date": Case("DAT-206", "eq5d.assessment_date", (2,), put("eq5d", 0, assessment_date="")),
    "VAS of 111": Case("DAT-210", "vas.vas_mm", (3,), put("vas", 1, vas_mm="111")),
    "VAS below 0": Case("DAT-210", "vas.vas_mm", (3,), put("vas", 1, vas_mm="-1")),
    "ODI item of 6": Case("DAT-211", "odi.odi_10", (4,), put("odi", 2, odi_10="6")),
    "EQ-5D level of 0": Case("DAT-212", "eq5d.eq5d_ad", (5,), put("eq5d", 3, eq5d_ad="0")),
    "a child": Case("DAT-213", "participants.age_years", (4,), put("participants", 2, age_years="17")),
    "no dose": Case("DAT-214", "opioids.dose", (2,), put("opioids", 0, dose="0")),
    "unknown word": Case("DAT-215", "visits.reason_missed", (6,), put("visits", 4, reason_missed="moved"), words="allowed are covid19"),
    "characteristic out of range": Case("DAT-216", "characteristics.value", (2,), put("characteristics", 0, value="275"), words="bmi is declared from 12 to 60 kg/m²"),
    "unknown drug": Case("DAT-217", "opioids.drug", (2,), put("opioids", 0, drug="oxicodone")),
    "unknown partner": Case("DAT-217", "opioids.drug", (2,), put("opioids", 0, drug="oxycodone/oxicam")),
    "two opioids in one": Case("DAT-217", "opioids.drug", (2,), put("opioids", 0, drug="oxycodone/fentanyl")),
    "unknown route": Case("DAT-217", "opioids.route", (2,), put("opioids", 0, route="transdermal")),
    "unknown unit": Case("DAT-217", "opioids.dose_unit", (2,), put("opioids", 0, dose_unit="mcg/h")),
    "missed without reason": Case("DAT-218", "visits.reason_missed", (6,), put("visits", 4, reason_missed="")),
    "attended with reason": Case("DAT-218", "visits.reason_missed", (2,), put("visits", 0, reason_missed="missed")),
    "attended without date": Case("DAT-218", "visits.visit_date", (2,), put("visits", 0, visit_date="")),
    "year of a typing error": Case("DAT-219", "opioids.end_date", (2,), put("opioids", 0, end_date="2917")),
    "VAS in centimetres": Case("DAT-223", "vas.vas_mm", tuple(range(2, 22)), in_centimetres),
    "key twice": Case("DAT-301", "vas.participant_id, visit", (2, 6), repeat("vas", 0, vas_mm="40")),
    "unknown participant": Case("DAT-302", "characteristics.participant_id", (3,), put("characteristics", 1, participant_id="P9")),
    "unknown visit": Case("DAT-303", "vas.visit", (6,), add("vas", participant_id="P1", visit="week 3", assessment_date="2017-07-14", vas_mm="50"), words="its visits are baseline, d120"),
    "unknown arm": Case("DAT-304", "participants.arm", (2,), put("participants", 0, arm="sham"), words="its arms are treatment, control"),
    "arm changed mid-trial": Case("DAT-301", "participants.participant_id", (2, 5), repeat("participants", 0, arm="control")),
    "visit before birth": Case("DAT-312", "visits.visit_date", (2,), lambda d: (put("visits", 0, visit_date="1967-02-20")(d), [d.rows[name].pop(0) for name in ("vas", "odi", "eq5d")])),
    "activated before implantation": Case("DAT-305", "participants.activation_date", (2,), put("participants", 0, activation_date="2017-02-28", randomisation_date=""), words="activation_date is before treatment_start_date"),
    "changed over before activation": Case("DAT-305", "participants.crossover_date", (3,), put("participants", 1, crossover_date="2017-04-14", randomisation_date="")),
    "explanted before implantation": Case("DAT-305", "participants.treatment_end_date", (2,), put("participants", 0, treatment_end_date="2017-02-28")),
    "last seen before crossover": Case("DAT-305", "participants.last_contact_date", (3,), lambda d: (put("participants", 1, last_contact_date="2017-08-13")(d), d.rows["device_events"].clear())),
    "event ends before it starts": Case("DAT-305", "adverse_events.end_date", (2,), put("adverse_events", 0, end_date="2017-03")),
    "prescription ends before it starts": Case("DAT-305", "opioids.end_date", (2,), put("opioids", 0, end_date="2015-12-31")),
    "visits out of order": Case("DAT-305", "visits.visit_date", (3,), put("visits", 1, visit_date="2017-02-19")),
    "device event before implantation": Case("DAT-305", "device_events.event_date", (2,), put("device_events", 0, event_date="2017-03-31")),
    "answers at a missed visit": Case("DAT-306", "vas.visit", (6,), add("vas", participant_id="P1", visit="y1", assessment_date="2018-03-15", vas_mm="20")),
    "outside every window": Case("DAT-307", "vas.assessment_date", (2,), put("vas", 0, assessment_date="2016-02-20"), "note"),
    "unknown characteristic": Case("DAT-308", "characteristics.characteristic", (2,), put("characteristics", 0, characteristic="height"), words="they are pain_duration_years"),
    "seen after death": Case("DAT-309", "vas.assessment_date", (5,), put("vas", 3, assessment_date="2019-04-15")),
    "last contact after death": Case("DAT-309", "participants.last_contact_date", (3,), put("participants", 1, last_contact_date="2019-02-02"), "note"),
    "other visit's window": Case("DAT-310", "odi.visit", (3,), put("odi", 1, assessment_date="2018-03-15"), "note"),
    "attendance not entered": Case("DAT-311", "vas.visit", (6,), add("vas", participant_id="P2", visit="m6", assessment_date="2017-10-15", vas_mm="20"), "note"),
    "before birth": Case("DAT-312", "adverse_events.start_date", (2,), put("adverse_events", 0, start_date="1917-04")),
    "after the last contact": Case("DAT-313", "adverse_events.start_date", (2,), put("adverse_events", 0, start_date="2018-03-21", end_date=""), "note"),
    "event entered twice": Case("DAT-314", "adverse_events", (2, 3), repeat("adverse_events", 0, event_id="A2"), "note"),
    "treated without an arm": Case("DAT-315", "participants.arm", (2,), put("participants", 0, arm=""), "note"),
}  # fmt: skip
# A record after death is never in the window it is recorded for; the window's note goes with it.
COMPANIONS = {"seen after death": {"DAT-310"}}


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture(params=CASES, ids=[name.replace(" ", "-") for name in CASES])
def case_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def broken(data: DataFolder, case: Case) -> DataFolder:
    case.break_it(data)
    if not data.path.exists():
        data.write()
    return data


def test_the_unbroken_folder_is_accepted_without_remark(data: DataFolder) -> None:
    data.write()
    outcome = data.read()
    assert outcome.findings == ()
    assert len(outcome.inputs) == 12
    assert {name: len(frame) for name, frame in outcome.tables.items() if len(frame)} == {
        name: len(rows) for name, rows in data.rows.items() if rows
    }


def test_each_fault_is_found_where_it_is_and_told_in_one_sentence(
    data: DataFolder, case_name: str, tmp_path: Path
) -> None:
    """Exactly this finding; an error ends with id, exit code 11, one sentence and the report."""
    case = CASES[case_name]
    folder = broken(data, case).path
    arguments = {
        "source": "csv", "folder": folder, "study": STUDY, "tier": "restricted",
        "tables": tmp_path / "tables", "report": tmp_path / "report", "factors": FACTORS,
    }  # fmt: skip
    if case.severity == "note":
        ingest_tables(**arguments)
        assert (tmp_path / "tables/participants.parquet").is_file()
    else:
        with pytest.raises(DataError) as caught:
            ingest_tables(**arguments)
        assert (caught.value.error_id, int(caught.value.exit_code)) == (case.rule, 11)
        message = caught.value.message
        assert message.startswith(case.place)
        assert re.fullmatch(r"[^\n]+[^.]\.", message)
        assert ". " not in message
        assert str(tmp_path / "report/index.html") in message
        assert not (tmp_path / "tables").exists()
    report = json.loads((tmp_path / "report/report.json").read_text(encoding="utf-8"))
    found = [
        item for item in report["findings"] if item["id"] not in COMPANIONS.get(case_name, set())
    ]
    assert [(item["id"], item["table"], item["column"], item["severity"]) for item in found] == [
        (case.rule, *(*case.place.split(".", 1), "")[:2], case.severity)
    ]
    assert tuple(found[0]["rows"]) == case.rows
    assert case.words in found[0]["sentence"]


def test_every_rule_has_a_fault_here_or_in_the_sdtm_tests() -> None:
    sdtm_only = {"DAT-111", "DAT-112", "DAT-220", "DAT-221", "DAT-222"}
    new_instruments = {"DAT-224"}  # in tests/workflow/test_new_instrument.py
    tested_elsewhere = sdtm_only | new_instruments
    assert {case.rule for case in CASES.values()} | tested_elsewhere == {rule.id for rule in RULES}


@pytest.mark.parametrize(
    "name", ["oxycodone/paracetamol", "Oxycodone + naloxone", "oxycodone-acetaminophen"]
)
def test_a_combination_product_is_known_by_its_opioid(data: DataFolder, name: str) -> None:
    data.rows["opioids"][0]["drug"] = name
    data.write()
    assert data.read().findings == ()


def test_all_faults_of_all_tables_are_told_at_once(data: DataFolder, tmp_path: Path) -> None:
    for name in ("VAS of 111", "ODI item of 6", "unknown drug", "unknown arm"):
        CASES[name].break_it(data)
    (data.write() / "eq5d.csv").unlink()
    ids = [item.rule.id for item in data.read().errors]
    assert ids == ["DAT-101", "DAT-210", "DAT-211", "DAT-217", "DAT-304"]
    with pytest.raises(DataError, match="4 more errors stand in"):
        ingest_tables(
            source="csv", folder=data.path, study=STUDY, tier="restricted", factors=FACTORS,
            tables=tmp_path / "tables", report=tmp_path / "report",
        )  # fmt: skip


def test_a_value_that_cannot_be_read_is_told_once(data: DataFolder) -> None:
    data.rows["visits"][0]["visit_date"] = "20.02.2017"
    data.rows["vas"][0]["assessment_date"] = "soon"
    data.write()
    assert [(item.rule.id, item.place) for item in data.read().findings] == [
        ("DAT-203", "visits.visit_date"),
        ("DAT-203", "vas.assessment_date"),
    ]


def test_without_participants_nothing_is_held_against_them(data: DataFolder) -> None:
    (data.write() / "participants.csv").unlink()
    assert [item.rule.id for item in data.read().findings] == ["DAT-101"]


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"\[DAT-100\] There is no data folder .* correct data.path"
    ):
        DataFolder(tmp_path / "nowhere").read()


def test_tables_of_an_earlier_run_stay_whole(data: DataFolder, tmp_path: Path) -> None:
    arguments = {
        "source": "csv", "folder": data.write(), "study": STUDY, "tier": "restricted",
        "tables": tmp_path / "tables", "report": tmp_path / "report",
    }  # fmt: skip
    ingest_tables(**arguments)
    before = {path.name: path.read_bytes() for path in (tmp_path / "tables").iterdir()}
    assert len(before) == 12
    data.edit_text("vas", "72", "111")
    with pytest.raises(DataError):
        ingest_tables(**arguments)
    assert {path.name: path.read_bytes() for path in (tmp_path / "tables").iterdir()} == before


def test_a_table_that_the_study_does_not_read_may_be_absent(data: DataFolder) -> None:
    wanted = required_tables(STUDY)
    assert wanted == set(data.rows) - {"disposition", "exposure"}
    (data.write() / "exposure.csv").unlink()
    outcome = data.read()
    assert outcome.findings == ()
    assert outcome.tables["exposure"].empty


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(data: DataFolder) -> None:
    data.write()
    plain = data.read()
    for path in data.path.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    marked = data.read()
    assert marked.findings == ()
    for name, frame in plain.tables.items():
        assert frame.equals(marked.tables[name])


def test_columns_may_stand_in_any_order(data: DataFolder) -> None:
    data.write()
    expected = data.read().tables["vas"]
    path = data.path / "vas.csv"
    lines = [",".join(reversed(line.split(","))) for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    outcome = data.read()
    assert outcome.findings == ()
    assert outcome.tables["vas"].equals(expected)


def test_quoted_commas_and_line_ends_do_not_shift_the_rows(data: DataFolder) -> None:
    data.rows["adverse_events"][0]["reported_term"] = "pain,\nthen none"
    data.rows["adverse_events"].append(
        {**data.rows["adverse_events"][0], "event_id": "A2", "severity": "awful"}
    )
    data.write()
    (finding,) = data.read().findings
    assert (finding.rule.id, finding.rows) == ("DAT-215", (3,))


def test_a_misspelt_column_is_named_with_its_neighbour(data: DataFolder) -> None:
    data.write()
    data.edit_text("vas", "vas_mm", "VAS mm")
    missing, unknown = data.read().findings
    assert (missing.rule.id, missing.place) == ("DAT-103", "vas.vas_mm")
    assert (unknown.rule.id, unknown.detail) == (
        "DAT-104",
        "'VAS mm' is in the header, did you mean 'vas_mm'?",
    )
