"""The files that a command of ``multifidus logs`` is given, and its progress over them."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from multifidus.base.errors import DataError
from multifidus.devicelogs.reading import read_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multifidus.devicelogs.reading import LogResult

__all__ = ["LogFile", "Steps", "list_logs", "output_stems", "read_each"]

_NAME_WIDTH = 30


class LogFile(NamedTuple):
    """A log and the name it goes by: below the folder that was named, else the file's own."""

    path: Path
    name: str


def list_logs(paths: Sequence[Path]) -> list[LogFile]:
    """Return the files that were named, and all files in the folders that were named.

    Parameters
    ----------
    paths
        Files and folders; a folder means the files in it and below it, hidden ones left
        out, in the order of their names.

    Raises
    ------
    DataError
        ``LOG-001`` for a path that is absent, ``LOG-004`` for a folder without files.
    """
    files: list[LogFile] = []
    for path in paths:
        if path.is_dir():
            found = sorted(item for item in path.rglob("*") if item.is_file())
            below = [LogFile(item, item.relative_to(path).as_posix()) for item in found]
            shown = [
                file
                for file in below
                if not any(part.startswith(".") for part in PurePosixPath(file.name).parts)
            ]
            if not shown:
                raise DataError("LOG-004", f"The folder {path} holds no file; check its name.")
            files += shown
        elif path.is_file():
            files.append(LogFile(path, path.name))
        else:
            raise DataError("LOG-001", f"The log {path.name} is absent; check its name.")
    return list({file.path.resolve(): file for file in files}.values())


def output_stems(files: Sequence[LogFile]) -> list[str]:
    """Name the tables of each log: its name without the suffix, or with it where that is shared.

    Raises
    ------
    DataError
        ``LOG-005`` when two logs go by one name: one would be written over the other.
    """
    stems = [str(PurePosixPath(file.name).with_suffix("")) for file in files]
    shared = Counter(stems)
    names = [
        stem if shared[stem] == 1 else file.name for stem, file in zip(stems, files, strict=True)
    ]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(
            "LOG-005",
            f"Two of the logs are called {twice[0]}, and the tables of one would replace those of "
            "the other; parse them into different folders.",
        )
    return names


def read_each(files: Sequence[LogFile]) -> Iterator[tuple[str, LogResult]]:
    """Read one log after another, so that memory holds one at a time.

    Raises
    ------
    DataError
        ``LOG-006`` for a file that the system refuses to read.
    """
    steps = Steps("reading", len(files))
    for file in files:
        with steps.step(file.name):
            try:
                result = read_log(file.path)
            except OSError as error:
                raise DataError(
                    "LOG-006",
                    f"The log {file.name} cannot be read ({error.strerror}); "
                    "check its permissions.",
                ) from error
        yield file.name, result


class Steps:
    """Progress on standard error: a bar on a terminal, plain lines elsewhere.

    The bar is shown only while a step runs, so that it never mixes with what a step prints. One
    single step outside a terminal is done without a word.

    Parameters
    ----------
    doing
        What is done, for instance ``reading``.
    total
        Number of steps.
    """

    def __init__(self, doing: str, total: int) -> None:
        self._doing = doing
        self._total = total
        self._done = 0
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._task = self._bar.add_task(doing, total=total)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show one step while it runs."""
        if self._bar.console.is_terminal:
            self._bar.update(self._task, description=f"{self._doing} {name[-_NAME_WIDTH:]}")
            with self._bar:
                yield
            self._bar.advance(self._task)
            return
        self._done += 1
        if self._total > 1:
            print(f"{self._doing} {self._done} of {self._total}: {name}", file=sys.stderr)
        yield
