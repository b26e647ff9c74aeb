"""What a user sees when something is wrong, and that earlier results stay whole."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from multifidus.base.files import sha256_of
from runs import Run, multifidus

KEPT = ("tables", "data_report", "analyses", "manuscript")


def _edit_csv(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        change(frame).to_csv(path, index=False)

    return edit


def _set(column: str, value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[3, column] = value
        return frame

    return change


def _semicolons(folder: Path) -> None:
    path = folder / "vas.csv"
    path.write_text(path.read_text().replace(",", ";"))


FAULTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "wrong delimiter": (_semicolons, "DAT-102", "vas"),
    "VAS of 111": (_edit_csv("vas.csv", _set("vas_mm", "111")), "DAT-210", "vas_mm"),
    "ODI item of 6": (_edit_csv("odi.csv", _set("odi_04", "6")), "DAT-211", "odi_04"),
    "duplicated participant-visit": (
        _edit_csv("vas.csv", lambda frame: pd.concat([frame, frame.iloc[[5]]])),
        "DAT-301",
        "vas",
    ),
    "unknown drug": (_edit_csv("opioids.csv", _set("drug", "laudanum")), "DAT-217", "opioids"),
    "missing file": (lambda folder: (folder / "vas.csv").unlink(), "DAT-101", "vas"),
}


@pytest.fixture(scope="module")
def hashes(own_run: Run) -> dict[str, str]:
    return _hashes(own_run)


def _hashes(run: Run) -> dict[str, str]:
    return {
        str(path.relative_to(run.results)): sha256_of(path)
        for name in KEPT
        for path in sorted((run.results / name).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_data_end_with_id_sentence_and_code_and_keep_results(
    own_run: Run, hashes: dict[str, str], fault: str, tmp_path: Path
) -> None:
    edit, error_id, where = FAULTS[fault]
    data = tmp_path / "data"
    shutil.copytree(own_run.results / "cohort/raw", data)
    edit(data)
    config = tmp_path / "run.yaml"
    settings = {
        "tier": "restricted",
        "data": {"source": "csv", "path": str(data)},
        "disclosure": {"minimum_count": 5},
    }
    config.write_text(yaml.safe_dump(settings))
    run = multifidus(
        own_run.folder,
        "run",
        "--cores",
        "2",
        "--configfile",
        str(config),
        "--until",
        "check_data",
    )
    assert run.code == 11, run.output[-2000:]
    sentence = run.output.strip().splitlines()[-1]
    assert re.search(rf"\[{error_id}\] .*{where}", sentence)
    assert "Traceback" not in run.output
    assert "laudanum" not in run.output
    assert _hashes(own_run) == hashes


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("rendr", r"\[CFG-003\] .*'rendr' is not a known key; did you mean 'render'\?"),
        ("seed", r"\[CFG-004\] .*seed"),
    ],
)
def test_bad_configuration_ends_before_anything_runs(
    own_run: Run, hashes: dict[str, str], key: str, sentence: str, tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(yaml.safe_dump({key: "embedded"}))
    run = multifidus(own_run.folder, "run", "--cores", "2", "--configfile", str(config))
    assert run.code == 10, run.output[-2000:]
    assert re.search(sentence, run.output)
    assert "Traceback" not in run.output
    assert _hashes(own_run) == hashes


def test_an_unknown_study_names_the_missing_file(own_run: Run, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("study: reactiv8c\n")
    run = multifidus(own_run.folder, "run", "--cores", "2", "--configfile", str(config))
    assert run.code == 10
    assert re.search(r"\[CFG-001\] .*reactiv8c/study.yaml", run.output)


def test_a_changed_verdict_stops_the_build_and_leaves_the_scorecard(own_run: Run) -> None:
    expected = own_run.folder / "literature/expected_verdicts.csv"
    before = expected.read_bytes()
    scorecard = sha256_of(own_run.results / "scorecard.csv")
    lines = before.decode().splitlines()
    at = next(
        i
        for i, line in enumerate(lines)
        if line.startswith("synthetic,") and line.endswith(",reproduced")
    )
    lines[at] = lines[at].replace(",reproduced", ",not_reproduced")
    try:
        expected.write_text("\n".join(lines) + "\n")
        run = multifidus(own_run.folder, "run", "--cores", "2")
    finally:
        expected.write_bytes(before)
    assert run.code == 15, run.output[-2000:]
    assert "[SCO-" in run.output
    assert sha256_of(own_run.results / "scorecard.csv") == scorecard
    again = multifidus(own_run.folder, "run", "--cores", "2")
    assert again.code == 0
