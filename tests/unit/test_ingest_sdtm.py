"""SDTM domains to tables, on small transport files written here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyreadstat
import pytest

from multifidus.base.errors import ConfigError
from multifidus.config.load import load_study
from multifidus.config.mapping import SdtmMapping, load_mapping
from multifidus.ingest.run import ingest
from multifidus.ingest.transport import sdtm_date

if TYPE_CHECKING:
    from multifidus.ingest.inputs import IngestOutcome

ROOT = Path(__file__).parents[2]
STUDY = load_study(ROOT / "config/studies/cdiscpilot01/study.yaml")
MAPPING = load_mapping(ROOT / "config/studies/cdiscpilot01/mapping.yaml")

Frames = dict[str, pd.DataFrame]


def domains() -> Frames:
    """S1 was treated, S2 failed screening with a reference start at consent, S3 died."""
    dm = pd.DataFrame(
        {
            "STUDYID": "X",
            "USUBJID": ["S1", "S2", "S3"],
            "SITEID": ["01", "01", "02"],
            "ARMCD": ["Pbo", "Scrnfail", "Xan_Hi"],
            "AGE": [63.0, 70.0, 81.0],
            "AGEU": ["YEARS", "YEARS", "YEARS"],
            "SEX": ["F", "M", "F"],
            "RFSTDTC": ["2014-01-02", "2014-01-05", "2014-02-01"],
            "RFXSTDTC": ["", "", "2014-02-01"],
            "RFXENDTC": ["2014-07-02", "", "2014-03-01"],
            "RFENDTC": ["2014-07-03", "", "2014-03-01"],
            "RFPENDTC": ["2014-07-02T11:45", "", ""],
            "DTHDTC": ["", "", "2014-03-02"],
        }
    )
    ae = pd.DataFrame(
        {
            "USUBJID": ["S1", "S1", "S3"],
            "AESEQ": [1.0, 2.0, 1.0],
            "AETERM": ["ITCHING", "ITCHING", "STROKE"],
            "AEDECOD": ["PRURITUS", "PRURITUS", "CEREBROVASCULAR ACCIDENT"],
            "AEBODSYS": ["SKIN DISORDERS", "SKIN DISORDERS", "NERVOUS SYSTEM DISORDERS"],
            "AESTDTC": ["2014-02", "2014", "2014-03-01T10:00"],
            "AEENDTC": ["", "2014---15", "2014-03-02"],
            "AESEV": ["MILD", "", "SEVERE"],
            "AESER": ["N", "", "Y"],
            "AEREL": ["PROBABLE", "", "NONE"],
            "AEOUT": ["RECOVERED", "", "FATAL"],
        }
    )
    ex = pd.DataFrame(
        {
            "USUBJID": ["S1", "S3"],
            "EXTRT": ["PLACEBO", "XANOMELINE"],
            "EXDOSE": [0.0, 54.5],
            "EXDOSU": ["mg", "mg"],
            "EXSTDTC": ["2014-01-02", "2014-02-01"],
            "EXENDTC": ["2014-07-02", ""],
        }
    )
    ds = pd.DataFrame(
        {
            "USUBJID": ["S1", "S2", "S2", "S3"],
            "DSCAT": ["DISPOSITION EVENT", "OTHER EVENT", "DISPOSITION EVENT", "DISPOSITION EVENT"],
            "DSDECOD": ["COMPLETED", "VISIT", "SCREEN FAILURE", "DEATH"],
            "DSSTDTC": ["2014-07-02", "2014-01-05", "2014-01-09", "2014-03-02"],
        }
    )
    return {"dm": dm, "ae": ae, "ex": ex, "ds": ds}


def write(folder: Path, frames: Frames) -> Path:
    folder.mkdir(exist_ok=True)
    for name, frame in frames.items():
        pyreadstat.write_xport(
            frame, str(folder / f"{name}.xpt"), table_name=name.upper(), file_format_version=5
        )
    return folder


def read(folder: Path, mapping: SdtmMapping = MAPPING) -> IngestOutcome:
    return ingest("sdtm", folder, STUDY, mapping=mapping)


def faults(outcome: IngestOutcome) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(item.rule.id, item.place, item.rows) for item in outcome.findings]


def changed(**paths: object) -> SdtmMapping:
    """Return the mapping with one column of participants described otherwise."""
    values = MAPPING.model_dump()
    values["tables"]["participants"]["columns"].update(paths)
    return SdtmMapping.model_validate(values)


def test_a_small_trial_becomes_tables(tmp_path: Path) -> None:
    outcome = read(write(tmp_path / "x", domains()))
    assert outcome.findings == ()
    people = outcome.tables["participants"].set_index("participant_id")
    assert people["arm"].fillna("").tolist() == ["placebo", "", "xanomeline_high"]
    assert people["age_years"].tolist() == [63.0, 70.0, 81.0]
    start = people["treatment_start_date"].dt.strftime("%Y-%m-%d").fillna("").tolist()
    assert start == ["2014-01-02", "", "2014-02-01"], "a screen failure has no treatment"
    last = people["last_contact_date"].dt.strftime("%Y-%m-%d").tolist()
    assert last == ["2014-07-02", "2014-01-09", "2014-03-01"], "RFPENDTC, then DS, then RFENDTC"
    events = outcome.tables["adverse_events"]
    assert events["event_id"].tolist() == ["1", "2", "1"]
    assert events["start_date"].tolist() == ["2014-02", "2014", "2014-03-01"]
    assert events["end_date"].fillna("").tolist() == ["", "2014", "2014-03-02"]
    assert events["serious"].tolist() == [False, pd.NA, True]
    assert events["related_device"].fillna("").tolist() == ["probable", "", "none"]
    assert events["preferred_term"].tolist()[2] == "Cerebrovascular accident"
    assert events["reported_term"].tolist()[2] == "STROKE"
    assert outcome.tables["exposure"]["dose"].tolist() == [0.0, 54.5]
    assert outcome.tables["disposition"]["term"].tolist()[2] == "screen failure"
    assert [(item.name, item.rows) for item in outcome.inputs] == [
        ("dm.xpt", 3), ("ds.xpt", 4), ("ex.xpt", 2), ("ae.xpt", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2003-12-15T13:14:17", "2003-12-15"),
        ("2003-12-15T-:15", "2003-12-15"),
        ("2003-12-15", "2003-12-15"),
        ("2003-12", "2003-12"),
        ("2003-12--T08:00", "2003-12"),
        ("2003---15", "2003"),
        ("2003", "2003"),
        ("--12-15", None),
        ("-----T07:15", None),
        ("15DEC2003", "15DEC2003"),
    ],
)
def test_dates_are_cut_to_what_is_known(text: str, known: str | None) -> None:
    """The forms are those of SDTMIG 3.2, section 4.1.4 (dates, missing components, times)."""
    (value,) = sdtm_date(pd.Series([text]))
    assert value == known or (known is None and value is None)


def test_an_unmapped_code_is_refused(tmp_path: Path) -> None:
    frames = domains()
    frames["dm"].loc[2, "ARMCD"] = "Xan_Mid"
    outcome = read(write(tmp_path / "x", frames))
    assert faults(outcome)[0] == ("DAT-221", "participants.arm", (3,))
    assert "it comes from DM.ARMCD" in outcome.findings[0].sentence
    assert "Xan_Mid" not in outcome.findings[0].sentence


def test_another_unit_is_refused(tmp_path: Path) -> None:
    frames = domains()
    frames["dm"].loc[0, "AGEU"] = "MONTHS"
    assert faults(read(write(tmp_path / "x", frames))) == [
        ("DAT-220", "participants.age_years", (1,))
    ]


def test_an_incomplete_date_is_refused_or_left_missing_as_the_mapping_asks(tmp_path: Path) -> None:
    frames = domains()
    frames["dm"].loc[2, "DTHDTC"] = "2014-03"
    folder = write(tmp_path / "x", frames)
    assert faults(read(folder)) == [("DAT-203", "participants.death_date", (3,))]
    lenient = changed(death_date={"variables": ("DTHDTC",), "incomplete_date": "missing"})
    outcome = read(folder, lenient)
    assert faults(outcome) == [("DAT-222", "participants.death_date", (3,))]
    assert outcome.errors == ()
    assert outcome.tables["participants"]["death_date"].isna().all()


def test_a_variable_that_is_not_there_is_named(tmp_path: Path) -> None:
    frames = domains()
    frames["ae"] = frames["ae"].drop(columns="AESEV")
    outcome = read(write(tmp_path / "x", frames))
    assert faults(outcome) == [("DAT-112", "adverse_events.severity", ())]
    assert "AE has no AESEV" in outcome.findings[0].sentence


def test_one_of_several_variables_is_enough(tmp_path: Path) -> None:
    frames = domains()
    frames["ae"] = frames["ae"].rename(columns={"AEBODSYS": "AESOC"})
    frames["dm"] = frames["dm"].drop(columns="RFXSTDTC")
    assert read(write(tmp_path / "x", frames)).findings == ()


def test_a_missing_domain_is_named(tmp_path: Path) -> None:
    frames = domains()
    del frames["ae"]
    outcome = read(write(tmp_path / "x", frames))
    assert faults(outcome) == [("DAT-101", "AE", ())]
    assert "ae.xpt is not there" in outcome.findings[0].sentence


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b"USUBJID,ARMCD\nS1,Pbo\n",
        lambda b: b[:700],
        lambda b: b"",
        lambda b: b[:80],
        lambda b: b[:-50],
    ],
    ids=["csv", "cut in the variables", "empty", "cut in the head", "cut in the data"],
)
def test_a_file_that_is_no_transport_file_is_refused(tmp_path: Path, damage: object) -> None:
    folder = write(tmp_path / "x", domains())
    path = folder / "dm.xpt"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert [item.rule.id for item in read(folder).findings] == ["DAT-111"]


def test_another_encoding_is_named_in_the_mapping(tmp_path: Path) -> None:
    frames = domains()
    folder = write(tmp_path / "x", frames)
    path = folder / "ae.xpt"
    path.write_bytes(path.read_bytes().replace(b"ITCHING", b"J\xfcCKEN "))
    assert [item.rule.id for item in read(folder).findings] == ["DAT-105"]
    outcome = read(folder, MAPPING.model_copy(update={"encoding": "WINDOWS-1252"}))
    assert outcome.findings == ()
    assert outcome.tables["adverse_events"]["reported_term"].tolist()[0] == "JüCKEN"


def test_file_names_in_capital_letters_are_found(tmp_path: Path) -> None:
    folder = write(tmp_path / "x", domains())
    (folder / "dm.xpt").rename(folder / "DM.XPT")
    assert read(folder).findings == ()


def test_repeated_records_are_kept_and_noted(tmp_path: Path) -> None:
    frames = domains()
    again = frames["ae"].iloc[[0]].assign(AESEQ=3.0)
    frames["ae"] = pd.concat([frames["ae"], again], ignore_index=True)
    outcome = read(write(tmp_path / "x", frames))
    assert faults(outcome) == [("DAT-314", "adverse_events", (1, 4))]
    assert len(outcome.tables["adverse_events"]) == 4


def test_a_sequence_number_twice_is_refused(tmp_path: Path) -> None:
    frames = domains()
    frames["ae"].loc[1, "AESEQ"] = 1.0
    assert faults(read(write(tmp_path / "x", frames))) == [
        ("DAT-301", "adverse_events.participant_id, event_id", (1, 2))
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"armm": "ARMCD"}, "'armm' is not a column; did you mean 'arm'?"),
        ({"arm": {"variables": ("ARMCD",), "codes": {"Pbo": "plcebo"}}}, "did you mean 'placebo'?"),
        ({"sex": {"variables": ("SEX",), "only_with": "site"}}, "'site' is not a mapped column"),
    ],
)
def test_a_mapping_that_does_not_fit_is_one_sentence(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(tmp_path / "x", domains()), changed(**change))
    assert caught.value.error_id == "CFG-020"
    assert words in caught.value.message


def test_a_mapping_without_a_required_column_is_refused(tmp_path: Path) -> None:
    values = MAPPING.model_dump()
    del values["tables"]["adverse_events"]["columns"]["event_id"]
    with pytest.raises(ConfigError, match="'event_id' needs a source"):
        read(write(tmp_path / "x", domains()), SdtmMapping.model_validate(values))


def test_an_sdtm_source_needs_a_mapping(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[CFG-021\]"):
        ingest("sdtm", tmp_path, STUDY)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source: sdtm\ntables: {}\n", "a mapping of 'participants' is required"),
        ("source: sdtm\ntable: {}\n", "did you mean 'tables'?"),
        (
            "source: sdtm\ntables: {participants: {domain: DM, columns: {sex: {case: lower}}}}",
            "a column needs variables, a lookup or a constant",
        ),
        (
            "source: sdtm\ntables: {participants: {domain: DM, columns: "
            "{sex: {variables: [SEX], constant: F}}}}",
            "a constant or variables, not both",
        ),
        ("source: sdtm\ntables: {participants: {domain: dm, columns: {}}}", "domain"),
    ],
)
def test_a_faulty_mapping_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_mapping(path)
    assert words in caught.value.message


def test_constants_lookups_and_filters(tmp_path: Path) -> None:
    mapping = changed(
        sex={"constant": "U"},
        randomisation_date={
            "lookup": {
                "domain": "DS",
                "variable": "DSSTDTC",
                "where": {"DSDECOD": ("completed", "DEATH")},
            }
        },
    )
    values = mapping.model_dump()
    values["tables"]["disposition"]["where"] = {"DSCAT": ("Disposition Event",)}
    frames = domains()
    frames["ds"]["DSSTDTC"] = ["2014-01-01", "2014-01-05", "2014-01-09", "2014-01-30"]
    outcome = read(write(tmp_path / "x", frames), SdtmMapping.model_validate(values))
    people = outcome.tables["participants"]
    assert people["sex"].tolist() == ["U", "U", "U"]
    dates = people["randomisation_date"].dt.strftime("%Y-%m-%d").fillna("").tolist()
    assert dates == ["2014-01-01", "", "2014-01-30"]
    assert len(outcome.tables["disposition"]) == 3
