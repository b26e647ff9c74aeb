"""Nothing that a run did not make enters its documents or its manifest."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from multifidus.base.files import sha256_of
from runs import Run, environment_of, link_environment, multifidus

RESULT = "level.vas.y5.observed.all.mean"


@pytest.fixture(scope="module")
def run(own_run: Run) -> Run:
    link_environment(own_run.folder)
    return own_run


def make(run: Run, *arguments: str) -> Run:
    done = subprocess.run(
        ["make", *arguments],
        cwd=run.folder,
        env=environment_of(run.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Run(run.folder, done.returncode, done.stdout)


@contextmanager
def changed(path: Path, change: Callable[[Path], None]) -> Iterator[None]:
    before = path.read_bytes()
    try:
        change(path)
        yield
    finally:
        path.write_bytes(before)


def other_mean(path: Path) -> None:
    """Change one mean of the results table and nothing else of the file."""
    table = pq.read_table(path)
    frame = table.to_pandas()
    frame.loc[frame["result_id"] == RESULT, "value"] = 1.23
    pq.write_table(pa.Table.from_pandas(frame, schema=table.schema), path)


def other_card(path: Path) -> None:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[frame["result_id"] == RESULT, "reproduced"] = "1.2"
    frame.to_csv(path, index=False)


def other_figure(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"<svg", b"<svg ", 1))


def test_rendering_again_changes_nothing_and_verifies(run: Run) -> None:
    before = sha256_of(run.results / "manifest.json")
    again = make(run, "rerender")
    assert again.code == 0, again.output[-3000:]
    assert sha256_of(run.results / "manifest.json") == before
    printed = re.findall(r"SHA-256 ([0-9a-f]{64})", again.output)
    assert set(printed) == {before}
    assert make(run, "verify", f"SHA256={before}").code == 0
    wrong = make(run, "verify", f"SHA256={'0' * 64}")
    assert wrong.code == 2
    assert "[PKG-021]" in wrong.output


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("results.parquet", other_mean),
        ("scorecard.csv", other_card),
        ("figures/*.svg", other_figure),
        ("scores/scores.parquet", lambda path: path.write_bytes(path.read_bytes() + b"\n")),
    ],
)
def test_a_changed_file_is_not_rendered(
    run: Run, name: str, change: Callable[[Path], None]
) -> None:
    path = sorted(run.results.glob(name))[0]
    kept = [run.results / "manifest.json", *sorted((run.results / "manuscript").glob("*.*"))]
    before = [sha256_of(file) for file in kept]
    with changed(path, change):
        again = make(run, "rerender")
        assert again.code == 2, again.output[-3000:]
        assert "[PKG-020]" in again.output
        assert f"changed      {path.relative_to(run.folder)}" in again.output
        assert [sha256_of(file) for file in kept] == before
    assert make(run, "verify").code == 0


def test_a_run_goes_no_further_with_a_changed_file(run: Run) -> None:
    """The jobs below read it; the hash of what no job wrote must enter no manifest."""
    before = sha256_of(run.results / "manifest.json")
    with changed(run.results / "results.parquet", other_mean):
        again = multifidus(run.folder, "run", "--cores", "2", "--until", "check_verdicts")
    assert again.code == 1, again.output[-3000:]
    assert "[PKG-031] results/results.parquet was changed after rule collect_results" in (
        again.output
    )
    assert "Traceback" not in again.output
    assert sha256_of(run.results / "manifest.json") == before
