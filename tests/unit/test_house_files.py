"""What must never stand in a tracked file: machine paths, hosts of registries, fetched data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# Written in pieces, so that this file does not find itself.
_HOSTS = [
    ("py", "pi.org"),
    ("pythonhosted", ".org"),
    ("deb.debian", ".org"),
    ("security.debian", ".org"),
    ("registry.npmjs", ".org"),
    ("proxy.golang", ".org"),
    ("conda.anaconda", ".org"),
    ("repo.anaconda", ".com"),
]
_FOLDERS = [
    ("/wo", "rk/"),
    ("/fa", "rm/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Use", "rs/"),
    ("/opt", "/mf"),
]
FORBIDDEN = re.compile(
    "|".join(
        [re.escape("".join(parts)) for parts in _HOSTS]
        + [rf"(?<![\w.<>{{}}/-]){re.escape(''.join(parts))}\w" for parts in _FOLDERS]
    )
)
MAX_BYTES = 1_000_000
FETCHED = {".xpt", ".sas7bdat", ".parquet", ".whl", ".gz", ".zip", ".pyc"}


def forbidden_lines(text: str) -> list[int]:
    """Return the numbers of lines that name a machine's folder or a registry."""
    return [number for number, line in enumerate(text.splitlines(), 1) if FORBIDDEN.search(line)]


def test_no_machine_path_and_no_registry_is_named(
    tracked_files: list[Path], repository: Path
) -> None:
    faults = []
    for path in tracked_files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        faults += [f"{path.relative_to(repository)}:{line}" for line in forbidden_lines(text)]
    assert faults == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"see {''.join(_FOLDERS[0])}shared/notes.md", [1]),
        (f"one\nindex-url = https://{''.join(_HOSTS[0])}/simple", [2]),
        (f'open("{"".join(_FOLDERS[2])}x")', [1]),
        ("../shared/data and homework/ and tests/work/x", []),
        ("results/root/x", []),
    ],
)
def test_a_machine_path_is_found(text: str, lines: list[int]) -> None:
    """The check above can fail, and leaves harmless words alone."""
    assert forbidden_lines(text) == lines


def test_no_fetched_or_large_file_is_tracked(tracked_files: list[Path], repository: Path) -> None:
    faults = [
        path.relative_to(repository).as_posix()
        for path in tracked_files
        if path.stat().st_size > MAX_BYTES or path.suffix in FETCHED
    ]
    assert faults == []


def test_text_files_end_in_one_line_end(tracked_files: list[Path], repository: Path) -> None:
    kinds = {
        ".py",
        ".smk",
        ".md",
        ".yaml",
        ".yml",
        ".json",
        ".csv",
        ".toml",
        ".sh",
        ".lock",
        ".cff",
    }
    faults = [
        path.relative_to(repository).as_posix()
        for path in tracked_files
        if path.suffix in kinds
        and (content := path.read_bytes())
        and (not content.endswith(b"\n") or content.endswith(b"\n\n") or b"\r" in content)
    ]
    assert faults == []
