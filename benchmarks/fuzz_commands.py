"""Malformed input for the commands that read a user's files: how many end in a traceback.

``python benchmarks/fuzz_commands.py [inputs]`` gives each of the groups ``stats``, ``score``,
``literature``, ``logs`` and ``results`` that many malformed inputs (300 by default) from fixed
seeds, its commands in turn, and prints how each ended: with an answer, with one sentence and an
id, with the usage of the command, or with a traceback, of which there must be none.
"""

from __future__ import annotations

import functools
import io
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import typer
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

from device_lab.mutate import mutate  # noqa: E402
from device_lab.public_trials import make_readout, make_report  # noqa: E402
from device_lab.trials import prepare_trials  # noqa: E402
from multifidus.base.errors import MultifidusError  # noqa: E402
from multifidus.cli.logs import app as logs_app  # noqa: E402
from multifidus.cli.results import app as results_app  # noqa: E402
from multifidus.instruments.cli import app as score_app  # noqa: E402
from multifidus.literature.cli import app as literature_app  # noqa: E402
from multifidus.results.table import COLUMNS  # noqa: E402
from multifidus.stats.command.cli import app as stats_app  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

LITERATURE = ROOT / "literature"
CELLS = (
    "", " ", "NA", "None", "nan", "inf", "-inf", "1e999", "1e308", "1e-320", "-1", "0", "1", "2",
    "1.5", "1,5", "1.234,5", "1_000", "0x10", "01", "1 ", " 1", "true", "-0", "1e5", "\u0661",
    "a", "A", "\u00e9", "e\u0301", "\u200b", "\ufeff1", "=1+1", "Week 8", "Week 16", "'", '"', '""',
    "a,b", "a;b", "99999999999999999999", "1e16", "0.1", "0.30000000000000004", "%s", "\\", "\t",
    "2020-02-30", "2020-06", "0000-00-00", "p", "f99", "d0", "\u2028", "\r", "[red]", "synthetic",
)  # fmt: skip
STATS = {
    "mmrm": ["--formula", "y ~ arm*visit + base", "--subject", "id", "--visit", "visit"],
    "change": ["--baseline", "base", "--follow-up", "y"],
    "proportion": ["--response", "e", "--by", "arm"],
    "rate": ["--events", "e", "--exposure", "y", "--by", "arm"],
    "pool": ["--estimate", "y", "--variance", "base"],
    "survival": ["--time", "y", "--event", "e"],
    "log-rank": ["--time", "y", "--event", "e", "--group", "arm", "--strata", "visit"],
    "cox": ["--time", "y", "--event", "e", "--terms", "arm + base", "--strata", "visit"],
    "ancova": ["--outcome", "y", "--terms", "arm + visit + base", "--by", "arm"],
    "logistic": ["--outcome", "e", "--terms", "arm + base"],
    "negative-binomial": ["--outcome", "e", "--terms", "arm", "--exposure", "y"],
    "compare-proportions": [
        "--response",
        "e",
        "--group",
        "arm",
        "--first",
        "a",
        "--strata",
        "visit",
    ],
    "hodges-lehmann": ["--value", "y", "--group", "arm", "--first", "a"],
    "adjust": ["--p", "e"],
    "impute": [
        "--subject",
        "id",
        "--visit",
        "visit",
        "--outcome",
        "y",
        "--arm",
        "arm",
        "--reference",
        "a",
        "--covariates",
        "base",
        "--imputations",
        "3",
    ],
}
LINEAR_TABLES = ("coefficients", "lsmeans", "differences", "type3")
MMRM_TABLES = ("coefficients", "lsmeans", "differences", "type3", "covariance", "fit")
SCORE = {
    "vas": ["--unit", "mm"],
    "odi": [],
    "eq5d": ["--value-set", "usa_2019", "--literature", str(LITERATURE)],
    "mme": ["--literature", str(LITERATURE)],
    "mme --dates": ["--literature", str(LITERATURE)],
}
LITERATURE_TABLES = (
    "claims.csv", "divergences.csv", "recomputations.csv", "sources.csv", "expected_verdicts.csv",
    "mme/factors.csv", "value_sets/value_sets.csv", "value_sets/coefficients.csv",
    "value_sets/check_states.csv", "references.bib",
)  # fmt: skip

Rows = list[list[str]]


def trial_rows(rng: np.random.Generator) -> Rows:
    """Return header and cells of a small trial that every statistics command can read."""
    people, visits = int(rng.integers(1, 40)), int(rng.integers(1, 4))
    rows = [
        [
            f"P{person}", f"Week {8 * (visit + 1)}", "ab"[person % 2], f"{rng.normal(70, 9):.1f}",
            f"{abs(rng.normal(5, 2)):.1f}", str(rng.integers(0, 2)),
        ]
        for person in range(people)
        for visit in range(visits)
    ]  # fmt: skip
    return [["id", "visit", "arm", "base", "y", "e"], *rows]


def answer_rows(command: str, rng: np.random.Generator) -> Rows:
    """Return header and cells that a scoring command can read."""
    count = int(rng.integers(1, 9))
    if command == "mme":
        header = "participant_id,prescription_id,drug,route,dose,dose_unit,doses_per_day,as_needed,"
        row = "P1,R{},oxycodone,oral,10,mg,2,false,2020-01-01,2020-12-31"
        return [(header + "start_date,end_date").split(",")] + [
            row.format(k).split(",") for k in range(count)
        ]
    if command == "mme --dates":
        return [
            ["participant_id", "date"],
            *(["P1", f"2020-0{k % 9 + 1}-01"] for k in range(count)),
        ]
    columns, top = {
        "vas": (["vas_mm"], 101),
        "odi": ([f"odi_{k:02d}" for k in range(1, 11)], 6),
        "eq5d": ([f"eq5d_{k}" for k in ("mo", "sc", "ua", "pd", "ad")], 5),
    }[command]
    cells = rng.integers(1, top, (count, len(columns)))
    rows = [[f"P{k}", *map(str, row)] for k, row in enumerate(cells)]
    return [["id", *columns], *rows]


def result_rows(rng: np.random.Generator) -> Rows:
    """Return header and cells of a results table."""
    rows = [
        [
            f"change.vas.y{k}.observed.all.mean", "change", "vas", f"y{k}", "observed", "all",
            "mean", "Back pain", f"{rng.normal():.3f}", "cm", "f1", "124", "126", "paired change",
            "0" * 64, "analyse", "multifidus.analyses", "synthetic",
        ]
        for k in range(int(rng.integers(1, 9)))
    ]  # fmt: skip
    return [list(COLUMNS), *rows]


def table_rows(path: Path) -> Rows:
    """Return header and cells of a CSV file."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [list(frame.columns), *frame.to_numpy().tolist()]


def spoilt_cells(kind: int, rows: Rows, rng: np.random.Generator) -> Rows:
    """Return the rows with one cell, one column, or the rows themselves changed."""
    place, column = int(rng.integers(len(rows))), int(rng.integers(1000))
    cell = str(rng.choice(CELLS))
    if kind == 0 and rows[place]:
        rows[place][column % len(rows[place])] = cell
    elif kind in (1, 8):
        for row in rows:
            row[column % len(row)] = cell if kind == 1 else str(rng.choice(CELLS))
    elif kind == 3:
        rows = rows[: int(rng.integers(0, 3))]
    elif kind == 4:
        rows[place] = rows[place][: int(rng.integers(0, 6)) or 1]
    elif kind == 6:
        rows = [*rows, *[list(row) for row in rows[:2]]]
    return rows


def encoded(text: str, damage: str, rng: np.random.Generator) -> bytes:
    """Return the text as the bytes of a file, perhaps not those of a CSV file."""
    content = text.encode("utf-8", errors="replace")
    return {
        "bom": b"\xef\xbb\xbf" + content,
        "utf16": text.encode("utf-16"),
        "latin": content + "\u00e9".encode("latin-1"),
        "nul": content[:20] + b"\x00" + content[20:],
        "cut": content[: int(rng.integers(0, max(len(content), 1)))],
        "empty": b"",
        "zip": b"PK\x03\x04" + content,
    }.get(damage, content)


def malformed(whole: Rows, rng: np.random.Generator, *, quote: bool = False) -> bytes:
    """Return a table with one to three things wrong."""
    header, rows = list(whole[0]), [list(row) for row in whole[1:]]
    delimiter, end, damage = ",", "\n", ""
    for kind in rng.choice(12, size=rng.integers(1, 4)):
        if kind == 2:
            names = ["", "id", "arm ", "_visit", "y", "1", header[-1], str(rng.choice(CELLS))]
            header[int(rng.integers(len(header)))] = str(rng.choice(names))
        elif kind == 5:
            delimiter = str(rng.choice([";", "\t", "|", ":", ", "]))
        elif kind == 7:
            end = str(rng.choice(["\r\n", "\r", "\n\n"]))
        elif kind > 8:
            damage = str(rng.choice(["bom", "utf16", "latin", "nul", "cut", "empty", "zip"]))
        elif rows:
            rows = spoilt_cells(int(kind), rows, rng)
    if quote:
        quoted = [[f'"{c}"' if set(c) & set(',;|"') else c for c in row] for row in rows]
        rows = quoted if rng.random() < 0.9 else rows
    text = end.join(delimiter.join(row) for row in [header, *rows]) + end
    return encoded(text, damage, rng)


def _at_times(rng: np.random.Generator, option: str, *values: str) -> list[str]:
    return [option, str(rng.choice(values))] if rng.random() < 0.1 else []


def stats_call(number: int, rng: np.random.Generator, folder: Path) -> list[str]:
    """Write a file for a statistics command and return its arguments."""
    command = list(STATS)[number % len(STATS)]
    source = folder / "input.csv"
    source.write_bytes(malformed(trial_rows(rng), rng))
    options = list(STATS[command])
    if command == "mmrm":
        options += ["--table", str(rng.choice(MMRM_TABLES)), "--by", "arm,visit"]
        options += ["--reference", "arm=a"] if rng.random() < 0.5 else []
        options += ["--df", "satterthwaite"] if rng.random() < 0.3 else []
        options += _at_times(rng, "--formula", "y ~", "y ~ C(", "~", "y ~ e ** arm", "y ~ 0")
        options += _at_times(rng, "--sandwich", "cr0", "cr2", "cr3")
        options += ["--group", "arm"] if rng.random() < 0.2 else []
    if command == "ancova":
        options += ["--table", str(rng.choice(LINEAR_TABLES)), "--reference", "arm=a"]
        options += ["--covariance", str(rng.choice(["model", "hc3"]))]
        options += ["--adjust", str(rng.choice(["none", "holm", "dunnett"]))]
    if command == "impute":
        options += ["--strategy", str(rng.choice(["mar", "j2r", "cir", "lmcf"]))]
        options += ["--event", "visit"] if rng.random() < 0.3 else []
        options += ["--covariance", "by_arm"] if rng.random() < 0.3 else []
        options += ["--method", "conditional_mean"] if rng.random() < 0.3 else []
    options += _at_times(rng, "--alpha", "0", "nan", "inf", "-1", "5", "1e-300")
    options += _at_times(rng, "--columns", "y=base", "new=id", "a", "y=", "id=none")
    return [command, str(source), *options]


def score_call(number: int, rng: np.random.Generator, folder: Path) -> list[str]:
    """Write answers or prescriptions and return the arguments of their command."""
    command = list(SCORE)[number % len(SCORE)]
    source, options = folder / "answers.csv", list(SCORE[command])
    source.write_bytes(malformed(answer_rows(command, rng), rng))
    if command == "mme --dates":
        good = folder / "prescriptions.csv"
        rows = answer_rows("mme", rng)
        good.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
        options, source = ["--dates", str(source), *options], good
    options += _at_times(rng, "--columns", "vas_mm=id", "x=odi_01", "a", "y=", "id=none")
    options += _at_times(rng, "--output", "/dev/null/out.csv", str(folder))
    if command == "odi":
        options += _at_times(rng, "--max-missing", "-1", "99", "nan")
    if command == "vas":
        options += _at_times(rng, "--column", "id", "", "none")
    return [command.split()[0], str(source), *options]


def literature_call(number: int, rng: np.random.Generator, folder: Path) -> list[str]:
    """Damage one file of a literature folder, or a scorecard, and return the arguments."""
    place = folder / "literature"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(LITERATURE, place)
    if number % 4 == 0:
        rows = [["claim_id", "part", "verdict", "tier"], ["a", "value", "reproduced", "synthetic"]]
        source = folder / "scorecard.csv"
        source.write_bytes(malformed(rows, rng))
        options = _at_times(rng, "--columns", "part=tier", "x=part", "a", "y=", "id=none")
        return ["accept-verdicts", "--scorecard", str(source), "--folder", str(place), *options]
    name = LITERATURE_TABLES[int(rng.integers(len(LITERATURE_TABLES)))]
    path = place / name
    if path.suffix == ".bib":
        path.write_bytes(mutate(path.read_bytes(), rng))
    elif rng.random() < 0.1:
        path.unlink()
    else:
        path.write_bytes(malformed(table_rows(path), rng, quote=True))
    return ["check", "--folder", str(place)]


@functools.cache
def clean_logs() -> tuple[bytes, ...]:
    """Return clean logs of every format."""
    logs = [*prepare_trials(6).logs]
    return (*logs, *(make(k).data for make in (make_report, make_readout) for k in range(3)))


def logs_call(number: int, rng: np.random.Generator, folder: Path) -> list[str]:
    """Write a damaged log, or something else, and return the arguments of a command."""
    logs = clean_logs()
    data = mutate(logs[int(rng.integers(len(logs)))], rng)
    if rng.random() < 0.2:
        data = malformed(trial_rows(rng), rng)
    source = folder / str(rng.choice(["log.ipglog", "log.json", "log.csv", "log"]))
    source.write_bytes(data)
    command = ("inspect", "faults", "parse", "simulate")[number % 4]
    if command == "simulate":
        target = str(rng.choice([str(folder / "new"), str(source), "/dev/null/logs"]))
        days = str(rng.choice(["1", "0", "2", "-1", "nan", "400", "1e3"]))
        return ["simulate", "-o", target, "--days", days]
    target = str(rng.choice([str(folder / "tables"), str(source)]))
    options = ["-o", target] if command == "parse" else []
    paths = [str(source)] if rng.random() < 0.9 else [str(source), str(folder / "absent")]
    return [command, *paths, *options]


def results_call(number: int, rng: np.random.Generator, folder: Path) -> list[str]:
    """Write a damaged results table and return the arguments of a command."""
    source, rows = folder / "results.parquet", result_rows(rng)
    if number % 3 == 0:
        frame = pd.DataFrame(rows[1:], columns=rows[0])
        for name in ("value", "n", "N"):
            frame[name] = frame[name].astype(float)
        name = str(rng.choice(frame.columns))
        if rng.random() < 0.3:
            frame[name] = frame[name].astype(str) + "x"
        elif rng.random() < 0.3:
            frame = frame.drop(columns=name)
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        content = mutate(buffer.getvalue(), rng) if rng.random() < 0.8 else buffer.getvalue()
        source.write_bytes(content)
    else:
        source.write_bytes(malformed(rows, rng))
    options = _at_times(rng, "--columns", "unit=label", "x=n", "a", "y=", "id=none")
    wanted = str(rng.choice(["change.vas.y0.observed.all.mean", "vas", "", "[", *CELLS[:3]]))
    command = ("list", "show")[number % 2]
    return [command, "--table", str(source), *options, "--", wanted]


@dataclass(frozen=True)
class Group:
    """A group of commands: its application and what makes the arguments of one call."""

    app: Any
    call: Callable[[int, np.random.Generator, Path], list[str]]


GROUPS = {
    "stats": Group(stats_app, stats_call),
    "score": Group(score_app, score_call),
    "literature": Group(literature_app, literature_call),
    "logs": Group(logs_app, logs_call),
    "results": Group(results_app, results_call),
}


def outcome(group: str, number: int, seed: int, folder: Path) -> tuple[str, str]:
    """Return how a call ended, and the traceback or the faulty message if there is one."""
    rng = np.random.default_rng([list(GROUPS).index(group), number, seed])
    arguments = GROUPS[group].call(number, rng, folder)
    result = CliRunner().invoke(GROUPS[group].app, arguments)
    error = result.exception
    if error is None or isinstance(error, (SystemExit, typer.Exit)):
        ended = "answer" if result.exit_code == 0 else "usage"
        return ("refused" if result.exit_code >= 10 else ended), ""
    if isinstance(error, MultifidusError):
        whole = "\n" not in error.message and error.message.endswith((".", "?", "`", "'"))
        return "refused", "" if whole else f"not one sentence: {error.message}"
    trace = "".join(traceback.format_exception(error))
    return "traceback", f"{' '.join(arguments)}\n{trace}"


def main(inputs: int) -> int:
    """Run the inputs through every group and print the counts."""
    total = faulty = 0
    with tempfile.TemporaryDirectory() as name:
        for group in GROUPS:
            counts: Counter[str] = Counter()
            for number in range(inputs):
                ended, trace = outcome(group, number, 0, Path(name))
                counts[ended] += 1
                faulty += bool(trace)
                if trace:
                    print(f"--- {group}, input {number}: {trace[-2500:]}")
            total += counts["traceback"]
            print(f"{group:12s} {inputs} inputs: {dict(sorted(counts.items()))}", flush=True)
    print(f"{inputs * len(GROUPS)} malformed inputs, tracebacks: {total}")
    return int(faulty > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
