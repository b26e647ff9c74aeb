"""Broken tables of the literature folder: each rule, its id, its row, one sentence."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from multifidus.base.errors import ExitCode, LiteratureError, MultifidusError
from multifidus.literature.cli import app
from multifidus.literature.record.claims import load_claims, load_literature
from multifidus.literature.record.models import CLAIMS
from multifidus.literature.record.value_sets import load_mme_factors, load_value_sets

if TYPE_CHECKING:
    from collections.abc import Callable

_SOURCE = Path(__file__).parents[2] / "literature"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(_SOURCE, tmp_path / "literature"))


def _edit(path: Path, change: Callable[[list[dict[str, str]]], object]) -> None:
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        rows, names = list(reader), list(reader.fieldnames or [])
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _refusal(load: Callable[[], object], error_id: str) -> str:
    with pytest.raises(LiteratureError) as caught:
        load()
    assert caught.value.error_id == error_id
    assert caught.value.exit_code is ExitCode.LITERATURE
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert "/tmp" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("column", "cell", "rule"),
    [
        ("claim_id", "Not A Slug", "claim_id_slug"),
        ("claim_id", "", "claim_id_filled"),
        ("source", "", "source_filled"),
        ("locator", " ", "locator_filled"),
        ("locator", "abstract [S1] ", "locator_text"),
        ("outcome", "VAS", "outcome_slug"),
        ("visit", "y-5", "visit_slug"),
        ("value_printed", "about five", "value_matches_print"),
        ("value_printed", "-4.8", "value_matches_print"),
        ("value", "-4,9", "value_number"),
        ("value", "-4.90001", "value_matches_print"),
        ("ci_lower_printed", "", "interval_whole"),
        ("ci_lower_printed", "-4.6", "interval_whole"),
        ("ci_upper_printed", "four", "interval_whole"),
        ("ci_level", "", "interval_whole"),
        ("ci_level", "95%", "ci_level_number"),
        ("n_printed", "126.5", "n_printed_count"),
        ("count_printed", "127", "count_within_n"),
        ("result_id", "change.vas.y5", "result_id_whole"),
        ("result_id", "", "recovered_has_result"),
        ("evidence", "hearsay", "evidence_allowed"),
        ("evidence", "needs_participant_data", "needs_data_says_why"),
        ("family", "five_years", "family_allowed"),
        ("superseded_by", "gilligan2024_vas_level_y5_mean", "superseded_is_declared"),
        ("superseded_by", "gilligan2024_vas_change_y5_mean", "not_superseded_by_itself"),
        ("claim_id", "gilligan2024_implanted", "key_unique"),
    ],
)
def test_each_rule_on_claims(folder: Path, column: str, cell: str, rule: str) -> None:
    path = folder / "claims.csv"
    number: list[int] = []

    def change(rows: list[dict[str, str]]) -> None:
        ids = [row["claim_id"] for row in rows]
        number.append(ids.index("gilligan2024_vas_change_y5_mean"))
        rows[number[0]][column] = cell

    _edit(path, change)
    message = _refusal(lambda: load_claims(path), "LIT-004")
    assert f"(rule {rule})" in message
    assert str(number[0] + 2) in message
    assert "literature/claims.csv" in message


def test_every_rule_on_claims_has_a_broken_row_here() -> None:
    marks = test_each_rule_on_claims.pytestmark[0].args[1]
    tried = {rule for _, _, rule in marks}
    assert {rule.rule_id for rule in CLAIMS.rules} | {"key_unique"} <= tried


def test_every_bad_row_is_named(folder: Path) -> None:
    path = folder / "claims.csv"

    def change(rows: list[dict[str, str]]) -> None:
        rows[0]["evidence"] = "hearsay"
        rows[9]["evidence"] = "hearsay"
        rows[9]["family"] = ""
        rows[20]["unit"] = " cm"

    _edit(path, change)
    message = _refusal(lambda: load_claims(path), "LIT-004")
    assert "rows 2, 11: evidence must be one of" in message
    assert "row 11: family must not be empty" in message
    assert "row 22: unit" in message


def test_files_that_are_no_tables(folder: Path) -> None:
    path = folder / "claims.csv"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    assert "does not exist" in _refusal(lambda: load_claims(path), "LIT-001")
    path.write_text("", encoding="utf-8")
    _refusal(lambda: load_claims(path), "LIT-002")
    path.write_bytes(text.encode("utf-16"))
    _refusal(lambda: load_claims(path), "LIT-002")
    path.write_text(text.split("\n")[0] + "\n" + "a," * 30 + "\n", encoding="utf-8")
    _refusal(lambda: load_claims(path), "LIT-002")
    path.write_text(text.replace(",", ";"), encoding="utf-8")
    assert "delimiter" in _refusal(lambda: load_claims(path), "LIT-002")


def test_a_table_that_a_spreadsheet_saved_with_semicolons_is_read(folder: Path) -> None:
    path = folder / "claims.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    before = load_claims(path)
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
    assert load_claims(path).equals(before)


def test_columns(folder: Path) -> None:
    path = folder / "claims.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("evidence", "evidense", 1), encoding="utf-8")
    assert "did you mean 'evidence'" in _refusal(lambda: load_claims(path), "LIT-003")
    path.write_text(text.replace("claim_id,source", "source,claim_id", 1), encoding="utf-8")
    assert "another order" in _refusal(lambda: load_claims(path), "LIT-003")
    path.write_text(text.replace(",note\n", "\n", 1), encoding="utf-8")
    with pytest.raises(LiteratureError):
        load_claims(path)


@pytest.mark.parametrize(
    ("table", "column", "cell", "target"),
    [
        ("claims.csv", "source", "nobody2020", "references.bib"),
        ("claims.csv", "locator", "abstract [S999]", "sources.csv"),
        ("claims.csv", "locator", "abstract", "sources.csv"),
        ("claims.csv", "declared_contradiction", "nothing", "divergences.csv"),
        ("sources.csv", "bib_key", "nobody2020", "references.bib"),
        ("comparators.csv", "source", "nobody2020", "references.bib"),
        ("sister_studies.csv", "source", "nobody2020", "references.bib"),
        ("divergences.csv", "sources", "gilligan2024;nobody2020", "references.bib"),
        ("divergent_figures.csv", "claim_id", "no_claim", "declared divergence"),
        ("divergent_figures.csv", "claim_id", "gilligan2024_implanted", "declared divergence"),
        ("recomputations.csv", "claim_id", "no_claim", "claims.csv"),
        ("recomputations.csv", "arguments", "no_claim#n;no_claim#count", "claims.csv"),
    ],
)
def test_references_between_tables(
    folder: Path, table: str, column: str, cell: str, target: str
) -> None:
    _edit(folder / table, lambda rows: rows[0].update({column: cell}))
    message = _refusal(lambda: load_literature(folder), "LIT-007")
    assert target in message
    assert f"{table}, row 2" in message


def test_a_superseding_claim_must_exist_and_not_be_superseded(folder: Path) -> None:
    path = folder / "claims.csv"
    before = path.read_text(encoding="utf-8")
    for preferred in ("no_claim", "jsams2021_attended_y2"):
        path.write_text(before, encoding="utf-8")
        _edit(
            path,
            lambda rows, to=preferred: rows[0].update(
                superseded_by=to, declared_contradiction="two_year_sample"
            ),
        )
        _refusal(lambda: load_literature(folder), "LIT-007")


def test_a_key_that_stands_twice_in_the_bibliography(folder: Path) -> None:
    path = folder / "references.bib"
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")
    _refusal(lambda: load_literature(folder), "LIT-006")


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.pop(),
        lambda rows: rows[0].update(value_set="atlantis_2020"),
        lambda rows: rows[0].update(decrement="0.900"),
        lambda rows: rows[0].update(level="6"),
    ],
)
def test_value_sets_must_be_whole(
    folder: Path, change: Callable[[list[dict[str, str]]], object]
) -> None:
    _edit(folder / "value_sets" / "coefficients.csv", change)
    _refusal(lambda: load_value_sets(folder / "value_sets"), "LIT-010")


def test_mme_factors_must_have_whole_bands_and_known_editions(folder: Path) -> None:
    path = folder / "mme" / "factors.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("methadone,oral,mg/day,8,20,40", "methadone,oral,mg/day,8,25,40"))
    assert "methadone" in _refusal(lambda: load_mme_factors(path), "LIT-011")
    path.write_text(text.replace("cdc_2022,codeine", "cdc_2020,codeine"))
    assert "edition_allowed" in _refusal(lambda: load_mme_factors(path), "LIT-004")


def test_undeclared_contradictions_stop_the_check_command(folder: Path) -> None:
    good = CliRunner().invoke(app, ["check", "--folder", str(folder)])
    assert good.exit_code == 0
    assert "7 disagree as declared" in good.stdout

    def forget(rows: list[dict[str, str]]) -> None:
        row = next(row for row in rows if row["claim_id"] == "gilligan2024_vas_ge50_y5")
        row["declared_contradiction"] = ""

    _edit(folder / "claims.csv", forget)
    bad = CliRunner().invoke(app, ["check", "--folder", str(folder)])
    assert isinstance(bad.exception, LiteratureError)
    assert bad.exception.error_id == "LIT-008"


def test_accepting_needs_a_scorecard_of_one_tier(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "scorecard.csv"
    arguments = ["accept-verdicts", "--scorecard", str(table), "--folder", str(folder)]
    missing = CliRunner().invoke(app, arguments).exception
    assert isinstance(missing, MultifidusError)
    assert missing.error_id == "SCO-002"
    table.write_text("claim_id,part,verdict,tier\na,value,reproduced,lunar\n", encoding="utf-8")
    unlabelled = CliRunner().invoke(app, arguments).exception
    assert isinstance(unlabelled, MultifidusError)
    assert unlabelled.error_id == "SCO-003"
    table.write_text("claim_id,part,verdict,tier\na,value,reproduced,synthetic\n", encoding="utf-8")
    assert CliRunner().invoke(app, arguments).exit_code == 0
    accepted = (folder / "expected_verdicts.csv").read_text(encoding="utf-8")
    assert "synthetic,a,value,reproduced\n" in accepted
    assert accepted.count("synthetic,") == 1
    assert accepted.count("published,") > 100
