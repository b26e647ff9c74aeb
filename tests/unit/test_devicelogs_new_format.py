"""A log format from outside the package: the worked example of the guide, as another package.

The example's code is that of ``docs/log-formats.md``; answers are worked out in the docstrings.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
STUDY = """
import json, sys
import pandas as pd
from multifidus.base.errors import DataError
from multifidus.devicelogs.adherence.cohort import read_cohort_logs

roster = pd.DataFrame({"participant_id": ["P017"], "exposure_end": [pd.NaT]})
roster["exposure_start"] = pd.Timestamp("2026-03-01")
try:
    found = read_cohort_logs(sys.argv[1], roster)
except DataError as error:
    print(json.dumps({"error": error.error_id}))
else:
    row = found.periods.set_index("period").loc["overall"]
    names = ["exposure_days", "hours_lower", "hours", "hours_upper", "observed_days"]
    print(json.dumps({name: float(row[name]) for name in names}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the guide, installed the way packages are: a module and its metadata."""
    folder = tmp_path_factory.mktemp("site")
    guide = (REPOSITORY / "docs/log-formats.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (entry,) = re.findall(r'^sessions-csv = "(.*)"$', guide, re.MULTILINE)
    (folder / "sessions_csv.py").write_text(code, encoding="utf-8")
    metadata = folder / "sessions_csv-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sessions-csv\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[multifidus.log_formats]\nsessions-csv = {entry}\n"
    )
    return folder


def run(package: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the workflow's package on the path only, and the other package if given."""
    places = [str(REPOSITORY / "workflow"), *([] if package is None else [str(package)])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def log(folder: Path) -> Path:
    """Half an hour on the first and the last of ten days of March, read that day."""
    path = folder / "logs/P017-01.csv"
    path.parent.mkdir()
    path.write_text(
        "start_utc,seconds\n2026-03-01T00:00:00Z,1800\n2026-03-10T23:30:00+00:00,1800\n"
    )
    return path


def test_the_command_reads_the_new_format(package: Path, tmp_path: Path) -> None:
    shown = run(package, "-m", "multifidus", "logs", "inspect", str(log(tmp_path)))
    if "No module named multifidus.__main__" in shown.stderr:
        code = "from multifidus.cli.app import main; main()"
        shown = run(package, "-c", code, "logs", "inspect", str(tmp_path / "logs"))
    assert shown.returncode == 0, shown.stderr
    assert "  format: sessions-csv" in shown.stdout
    assert "  sessions: 2, 1.0 h" in shown.stdout
    assert "  faults: none" in shown.stdout


def test_a_study_with_the_new_format_has_adherence_with_bounds(package: Path, tmp_path: Path):
    """Two sessions of half an hour: 1 h for certain, and the log observes all between them.

    The last session ends at the midnight after 10 March, so ten days are exposure and observed.
    """
    log(tmp_path)
    done = run(package, "-c", STUDY, str(tmp_path / "logs"))
    assert json.loads(done.stdout) == {
        "exposure_days": 10,
        "hours_lower": 1,
        "hours": 1,
        "hours_upper": 1,
        "observed_days": 10,
    }


def test_without_the_package_the_log_is_an_error_of_the_run(tmp_path: Path) -> None:
    log(tmp_path)
    done = run(None, "-c", STUDY, str(tmp_path / "logs"))
    assert json.loads(done.stdout) == {"error": "LOG-008"}


def test_a_format_that_cannot_be_loaded_is_named(package: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sessions_csv.py").write_text("raise RuntimeError")
    metadata = broken / "sessions_csv-1.0.dist-info"
    metadata.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        (metadata / name).write_text((package / metadata.name / name).read_text())
    log(tmp_path)
    done = run(broken, "-c", STUDY, str(tmp_path / "logs"))
    assert json.loads(done.stdout) == {"error": "LOG-009"}
