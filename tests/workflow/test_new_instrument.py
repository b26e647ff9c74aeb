"""A new instrument takes its declaration and its scorer: two files, and everything else follows."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from runs import copy_project

DECLARATION = """
    Instrument(
        "fatigue",
        "PROMIS Fatigue short form 4a",
        tuple(Item(f"fatigue_{n}", f"Item {n}, 1 to 5") for n in range(1, 5)),
        lowest=1,
        highest=5,
        scorer="multifidus.instruments.fatigue.score_outcome",
        unit="points",
        better="lower",
        score_range=(4.0, 20.0),
        span=16.0,
        axis_top=20.0,
        citation="cella2010",
    ),
)
INSTRUMENTS"""
SCORER = """
def score_outcome(answers, outcome, value_sets):
    return answers.astype("float64").sum(axis=1, min_count=4).to_numpy(), "sum of four items"
"""
PROGRAM = """
import json
import pandas as pd
from multifidus.config.study import Outcome
from multifidus.contracts.check import check_table, parse_table
from multifidus.contracts.tables import TABLES
from multifidus.instruments.run import TABLES_READ

Outcome(
    id="fatigue", label="Fatigue", instrument="fatigue", unit="points", better="lower", decimals=1
)
items = [f"fatigue_{n}" for n in range(1, 5)]
raw = pd.DataFrame([["P1", "y1", "2020-01-01", *"1234"], ["P2", "y1", "2020-01-01", *"1236"]],
                   columns=["participant_id", "visit", "assessment_date", *items])
frame, found = parse_table("fatigue", raw)
found = [*found, *check_table("fatigue", frame)]
from importlib import import_module
from multifidus.config.instruments import INSTRUMENTS
module, _, name = INSTRUMENTS["fatigue"].scorer.rpartition(".")
scores, how = getattr(import_module(module), name)(frame[items], None, {})
answer = {
    "read": "fatigue" in TABLES_READ,
    "rules": [one.rule.id for one in found],
    "rows": [list(map(int, one.rows)) for one in found],
    "scores": list(scores),
    "how": how,
}
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    package = copy_project(tmp_path_factory.mktemp("new") / "project") / "workflow/multifidus"
    declared = package / "config/instruments.py"
    text = declared.read_text(encoding="utf-8")
    assert "\n)\nINSTRUMENTS" in text
    declared.write_text(text.replace("\n)\nINSTRUMENTS", DECLARATION), encoding="utf-8")
    (package / "instruments/fatigue.py").write_text(SCORER, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_its_table_is_read_and_scored(answer: dict[str, object]) -> None:
    """1 + 2 + 3 + 4 and 1 + 2 + 3 + 6."""
    assert answer["read"] is True
    assert answer["scores"] == [10.0, 12.0]
    assert answer["how"] == "sum of four items"


def test_an_answer_outside_its_scale_is_found(answer: dict[str, object]) -> None:
    """The fourth answer of the second record is 6 on a scale of 1 to 5."""
    assert answer["rules"] == ["DAT-224"]
    assert answer["rows"] == [[3]]
