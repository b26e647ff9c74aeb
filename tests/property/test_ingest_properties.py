"""Whatever lies in a data folder, reading it ends in tables and findings, never in a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from multifidus.config.load import load_study
from multifidus.contracts.check import check_table
from multifidus.contracts.columns import Kind, date_bounds
from multifidus.contracts.tables import TABLES
from multifidus.ingest.csv_text import read_csv_text
from multifidus.ingest.report import row_ranges
from multifidus.ingest.run import ingest

STUDY = load_study(Path(__file__).parents[2] / "config/studies/reactiv8b/study.yaml")
# A failing folder is small as it is; shrinking it would take minutes.
SOME = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    derandomize=True,
)

WORDS = {
    Kind.TEXT: ["P1", "P2", "", "baseline", "y1", "treatment", "bmi", "oxycodone", "oral", "mg"],
    Kind.NUMBER: ["0", "1", "7.5", "1e308", "-1e300", "1e-320", "", "9" * 40, "x"],
    Kind.INTEGER: ["0", "5", "6", "2.5", "1e18", "9" * 30, "", "-3"],
    Kind.DATE: ["2017-03-01", "0001-01-01", "9999-12-31", "2017-02-29", "", "01/02/2017"],
    Kind.PARTIAL_DATE: ["2017", "2017-03", "0000", "9999-12", "2017-02-30", "", "2017-13", "17"],
    Kind.BOOLEAN: ["true", "false", "", "perhaps"],
}


@st.composite
def folders(draw: st.DrawFn) -> dict[str, list[list[str]]]:
    """Rows of every table made of likely, extreme and impossible words."""
    content = {}
    for name, table in TABLES.items():
        row = st.tuples(*(st.sampled_from(WORDS[table.kind(column)]) for column in table.columns))
        content[name] = [list(cells) for cells in draw(st.lists(row, max_size=4))]
    return content


@SOME
@given(folders())
def test_any_words_end_in_typed_tables_and_findings(content: dict[str, list[list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, rows in content.items():
            lines = [list(TABLES[table].columns), *rows]
            text = "".join(",".join(line) + "\n" for line in lines)
            (folder / f"{table}.csv").write_text(text, encoding="utf-8")
        outcome = ingest("csv", folder, STUDY, opioids=frozenset({("oxycodone", "oral", "mg")}))
    for table, frame in outcome.tables.items():
        kinds = {column: TABLES[table].kind(column).dtype for column in TABLES[table].columns}
        assert (
            frame.dtypes.to_dict()
            == pd.DataFrame(columns=list(kinds)).astype(kinds).dtypes.to_dict()
        )
        broken = {item.table for item in outcome.errors}
        if table not in broken:
            assert check_table(table, frame) == []
        for item in outcome.findings:
            if item.table == table:
                assert all(2 <= row <= len(content[table]) + 1 for row in item.rows)


@SOME
@given(st.binary(max_size=200), st.sampled_from(list(TABLES)))
def test_any_bytes_end_in_a_frame_or_a_finding(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        path.write_bytes(content)
        text = read_csv_text(path, name)
    assert text.frame is not None or text.findings
    assert all(item.sentence.endswith(".") for item in text.findings)


@SOME
@given(st.dates())
def test_a_cut_date_allows_the_whole_one(day: object) -> None:
    iso = str(day)
    bounds = date_bounds(pd.Series([iso, iso[:7], iso[:4]], dtype="str"))
    assert bounds["first"].is_monotonic_decreasing
    assert bounds["last"].is_monotonic_increasing
    assert bounds["first"].iloc[0] == bounds["last"].iloc[0] == pd.Timestamp(iso)


@SOME
@given(st.sets(st.integers(1, 60)))
def test_ranges_name_every_row_once(rows: set[int]) -> None:
    told: list[int] = []
    for part in row_ranges(tuple(rows)):
        first, _, last = part.partition("\N{EN DASH}")
        told += range(int(first), int(last or first) + 1)
    assert told == sorted(rows)
