"""Malformed input files for every ``stats`` command: how many end in a traceback.

``python benchmarks/fuzz_stats.py [files]`` gives each command that many malformed files (300 by
default), from fixed seeds, and prints how each ended: with an answer, with one sentence and an id,
or with a traceback, of which there must be none.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
import typer
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from multifidus.base.errors import MultifidusError
from multifidus.stats.cli import app

CELLS = (
    "", " ", "NA", "None", "nan", "inf", "-inf", "1e999", "1e308", "1e-320", "-1", "0", "1", "2",
    "1.5", "1,5", "1.234,5", "1_000", "0x10", "01", "1 ", " 1", "true", "-0", "1e5", "\u0661",
    "a", "A", "\u00e9", "e\u0301", "\u200b", "\ufeff1", "=1+1", "Week 8", "Week 16", "'", '"', '""',
    "a,b", "a;b", "99999999999999999999", "1e16", "0.1", "0.30000000000000004", "%s", "\\", "\t",
)  # fmt: skip
HEADERS = ("id", "visit", "arm", "base", "y", "e")
COMMANDS = {
    "mmrm": ["--formula", "y ~ arm*visit + base", "--subject", "id", "--visit", "visit"],
    "change": ["--baseline", "base", "--follow-up", "y"],
    "proportion": ["--response", "e", "--by", "arm"],
    "rate": ["--events", "e", "--exposure", "y", "--by", "arm"],
    "pool": ["--estimate", "y", "--variance", "base"],
    "survival": ["--time", "y", "--event", "e"],
}
TABLES = ("coefficients", "lsmeans", "differences", "type3", "covariance", "fit")


def valid_rows(rng: np.random.Generator) -> list[list[str]]:
    """Return the cells of a small trial that every command can read."""
    people, visits = int(rng.integers(1, 40)), int(rng.integers(1, 4))
    return [
        [
            f"P{person}", f"Week {8 * (visit + 1)}", "ab"[person % 2], f"{rng.normal(70, 9):.1f}",
            f"{abs(rng.normal(5, 2)):.1f}", str(rng.integers(0, 2)),
        ]
        for person in range(people)
        for visit in range(visits)
    ]  # fmt: skip


def spoilt_cells(kind: int, rows: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    """Return the rows with one cell, one column, or the rows themselves changed."""
    place, column = int(rng.integers(len(rows))), int(rng.integers(len(HEADERS)))
    cell = str(rng.choice(CELLS))
    if kind == 0:
        rows[place][column % len(rows[place])] = cell
    elif kind in (1, 8):
        for row in rows:
            row[column % len(row)] = cell if kind == 1 else str(rng.choice(CELLS))
    elif kind == 3:
        rows = rows[: int(rng.integers(0, 3))]
    elif kind == 4:
        rows[place] = rows[place][: int(rng.integers(0, 6)) or 1]
    elif kind == 6:
        rows = [*rows, *rows[:2]]
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


def malformed(rng: np.random.Generator) -> bytes:
    """Return a file with one to three things wrong."""
    header, rows = list(HEADERS), valid_rows(rng)
    delimiter, end, damage = ",", "\n", ""
    for kind in rng.choice(12, size=rng.integers(1, 4)):
        if kind == 2:
            names = ["", "id", "arm ", "_visit", "y", "1", str(rng.choice(CELLS))]
            header[int(rng.integers(len(header)))] = str(rng.choice(names))
        elif kind == 5:
            delimiter = str(rng.choice([";", "\t", "|", ":", ", "]))
        elif kind == 7:
            end = str(rng.choice(["\r\n", "\r", "\n\n"]))
        elif kind > 8:
            damage = str(rng.choice(["bom", "utf16", "latin", "nul", "cut", "empty", "zip"]))
        elif rows:
            rows = spoilt_cells(int(kind), rows, rng)
    text = end.join(delimiter.join(row) for row in [header, *rows]) + end
    return encoded(text, damage, rng)


def arguments_for(command: str, rng: np.random.Generator) -> list[str]:
    """Return the command's options, at times others."""
    options = list(COMMANDS[command])
    if command == "mmrm":
        options += ["--table", str(rng.choice(TABLES)), "--by", "arm,visit"]
        if rng.random() < 0.5:
            options += ["--reference", "arm=a"]
        if rng.random() < 0.3:
            options += ["--df", "satterthwaite"]
        if rng.random() < 0.1:
            options += [
                "--formula",
                str(rng.choice(["y ~", "y ~ C(", "~", "y ~ e ** arm", "y ~ 0"])),
            ]
    if rng.random() < 0.1:
        options += ["--alpha", str(rng.choice(["0", "nan", "inf", "-1", "5", "1e-300"]))]
    if rng.random() < 0.1:
        options += ["--columns", str(rng.choice(["y=base", "new=id", "a", "y=", "id=none"]))]
    return options


def outcome(command: str, content: bytes, options: list[str], folder: Path) -> tuple[str, str]:
    """Return how a call ended, and the traceback if there is one."""
    source = folder / "input.csv"
    source.write_bytes(content)
    result = CliRunner().invoke(app, [command, str(source), *options])
    error = result.exception
    if error is None or isinstance(error, (SystemExit, typer.Exit)):
        return ("answer" if result.exit_code == 0 else "usage"), ""
    if isinstance(error, MultifidusError):
        return "refused", "" if "\n" not in error.message else "a message of two lines"
    return "traceback", "".join(traceback.format_exception(error))


def main(files: int) -> int:
    """Run the files through every command and print the counts."""
    total = 0
    with tempfile.TemporaryDirectory() as name:
        for number, command in enumerate(COMMANDS):
            counts: Counter[str] = Counter()
            for seed in range(files):
                rng = np.random.default_rng([number, seed])
                content, options = malformed(rng), arguments_for(command, rng)
                ended, trace = outcome(command, content, options, Path(name))
                counts[ended] += 1
                if trace:
                    print(f"--- {command}, seed {seed}: {options}\n{trace[-1500:]}")
            total += counts["traceback"]
            print(f"{command:12s} {files} files: {dict(sorted(counts.items()))}")
    print(f"tracebacks: {total}")
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
