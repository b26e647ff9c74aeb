"""Text to typed tables, row numbers, date bounds and the catalogue of checks."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from multifidus.contracts.check import (
    ROW,
    Finding,
    check_parsed,
    check_table,
    empty_table,
    parse_table,
)
from multifidus.contracts.columns import Kind, date_bounds
from multifidus.contracts.dictionary import describe_table, dictionary_markdown
from multifidus.contracts.rules import RULES, rule_named
from multifidus.contracts.tables import TABLES, read_table, write_table

ROOT = Path(__file__).parents[2]


def vas(**columns: list[str]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    plain = {
        "participant_id": [f"P{n}" for n in range(size)],
        "visit": ["y1"] * size,
        "assessment_date": ["2019-03-14"] * size,
        "vas_mm": ["50"] * size,
    }
    return pd.DataFrame(plain | columns)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("100", 100.0), ("7.5", 7.5), (" 72 ", 72.0), ("+3", 3.0), ("1e1", 10.0)],
)
def test_numbers_are_read(text: str, value: float) -> None:
    frame, findings = parse_table("vas", vas(vas_mm=[text]))
    assert findings == []
    assert frame["vas_mm"].tolist() == [value]


@pytest.mark.parametrize("text", ["7,5", "1_0", "0x10", "inf", "nan", "NA", "seven", "1 000", "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """Digit groups, hexadecimal, infinities and other scripts are no numbers of a CSV table."""
    frame, findings = parse_table("vas", vas(vas_mm=["10", text]))
    assert [(item.rule.name, item.rows) for item in findings] == [("is_number", (3,))]
    assert frame["vas_mm"].isna().tolist() == [False, True]


@pytest.mark.parametrize("unseen", ["\x07", "\x1b", "\x7f", "\u202e", "\u2066"])
def test_text_that_reads_otherwise_than_it_is_stored_is_refused(unseen: str) -> None:
    """Control characters, and the overrides of Unicode's bidirectional algorithm (UAX 9)."""
    frame, findings = parse_table("vas", vas(participant_id=[f"P{unseen}1", "Pé1"]))
    assert [(item.rule.id, item.rows) for item in findings] == [("DAT-225", (2,))]
    assert frame["participant_id"].isna().tolist() == [True, False]


def test_words_and_fractions_among_whole_numbers_are_told_apart() -> None:
    raw = pd.DataFrame({column: [""] * 3 for column in TABLES["odi"].columns})
    raw["odi_01"] = ["x", "2.5", "4.0"]
    frame, findings = parse_table("odi", raw)
    assert [(item.rule.name, item.rows) for item in findings] == [
        ("is_number", (2,)),
        ("is_integer", (3,)),
    ]
    assert frame["odi_01"].tolist()[2] == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("FALSE", False), ("Y", True), ("no", False), ("1", True), ("0", False)],
)
def test_booleans_are_read(text: str, value: bool) -> None:
    raw = pd.DataFrame({column: [""] for column in TABLES["visits"].columns})
    raw["attended"] = [text]
    frame, findings = parse_table("visits", raw)
    assert findings == []
    assert frame["attended"].tolist() == [value]


def test_row_numbers_come_from_the_index_when_it_is_named() -> None:
    raw = vas(vas_mm=["x", "111"])
    raw.index = pd.Index([7, 9], name=ROW)
    frame, parsed = parse_table("vas", raw)
    found = check_parsed("vas", frame, parsed)
    assert [(item.rule.name, item.rows) for item in found] == [
        ("is_number", (7,)),
        ("vas_in_range", (9,)),
    ]


def test_an_index_that_is_not_named_is_no_row_number() -> None:
    frame, _ = parse_table("vas", vas(vas_mm=["50", "111"]))
    assert [item.rows for item in check_table("vas", frame.set_axis([70, 80]))] == [(3,)]


def test_repeated_keys_with_any_index() -> None:
    frame, _ = parse_table("vas", vas(participant_id=["A", "B", "A"]))
    (finding,) = check_table("vas", frame.set_axis([5, 5, 5]))
    assert (finding.rule.name, finding.rows) == ("unique_key", (2, 4))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2020", "2020-01-01", "2020-12-31"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2019-02", "2019-02-01", "2019-02-28"),
        ("2019-02-14", "2019-02-14", "2019-02-14"),
        ("2019-02-30", None, None),
        ("2019-13", None, None),
        ("14.02.2019", None, None),
    ],
)
def test_bounds_of_partial_dates(text: str, first: str | None, last: str | None) -> None:
    """By the calendar: 2020 is a leap year, 2019 is not."""
    bounds = date_bounds(pd.Series([text], dtype="str")).iloc[0]
    assert [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in bounds] == [first, last]


def test_bounds_of_complete_dates_and_of_nothing() -> None:
    days = pd.to_datetime(pd.Series(["2019-02-14", None]))
    assert date_bounds(days)["last"].equals(days.rename("last"))
    assert date_bounds(pd.Series([None, None], dtype="str")).isna().all(axis=None)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_meets_its_contract(name: str) -> None:
    assert check_table(name, empty_table(name)) == []


def test_tables_survive_writing_and_reading(tmp_path: Path) -> None:
    frame, _ = parse_table("vas", vas(participant_id=["B", "A"], vas_mm=["1", ""]))
    write_table(tmp_path, "vas", frame, tier="restricted")
    again = read_table(tmp_path, "vas")
    assert again["participant_id"].tolist() == ["A", "B"]
    assert check_table("vas", again) == []
    assert again.dtypes.equals(frame.dtypes)


def test_rules_have_one_id_and_one_name_each() -> None:
    assert len({rule.id for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    assert [rule.id for rule in RULES] == sorted(rule.id for rule in RULES)
    assert all(re.fullmatch(r"DAT-[123]\d\d", rule.id) for rule in RULES)


def test_every_check_of_every_table_is_in_the_catalogue() -> None:
    for table in TABLES.values():
        for column in table.columns.values():
            for check in column.checks:
                assert rule_named(check.name).name == check.name


def test_sentences_are_single_and_short_of_values() -> None:
    for rule in RULES:
        sentence = Finding(rule, "vas", "vas_mm", tuple(range(2, 9)), "a detail").sentence
        assert sentence.startswith("vas.vas_mm (rows 2, 3, 4, 5, 6 and 2 more): ")
        assert sentence.endswith(".")
        assert ". " not in sentence


def test_terms_read_as_headings() -> None:
    assert rule_named("vas_in_range").term == "VAS in range"
    assert rule_named("odi_level").term == "ODI level"
    assert rule_named("date_order").term == "Date order"


def test_the_data_dictionary_is_the_one_in_the_docs() -> None:
    """Rewrite it with ``dictionary_markdown`` when a table changes."""
    assert (ROOT / "docs/data.md").read_text(encoding="utf-8") == dictionary_markdown()


def test_the_data_dictionary_describes_every_column() -> None:
    entries = {entry.name: entry for entry in describe_table(TABLES["participants"])}
    assert list(entries) == list(TABLES["participants"].columns)
    assert entries["participant_id"].needed == "key"
    assert entries["sex"].allowed == "F, M, U"
    assert entries["age_years"].allowed == "18 to 120"
    assert all(
        entry.description for table in TABLES.values() for entry in describe_table(table)
    )  # fmt: skip
    assert TABLES["opioids"].kind("start_date") is Kind.PARTIAL_DATE
