"""Dividing a cohort's logs over several jobs, and putting their tables together again.

All logs of one participant go to one shard, so that the downloads of a device meet. A log that
names several joins them; one that names nobody is alone. The tables put together are those of one
job, byte for byte, whatever the number of shards.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from multifidus.base.errors import DataError
from multifidus.base.files import write_json
from multifidus.devicelogs.formats.interface import LogFile
from multifidus.devicelogs.formats.registry import detect_format

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "LogGroup",
    "LogPath",
    "Shard",
    "common_root",
    "divide_logs",
    "gather_tables",
    "group_logs",
    "list_cohort_logs",
    "load_logs",
    "load_shard",
    "save_shards",
]

ORDER: Mapping[str, list[str]] = {
    "sessions": ["participant_id"],
    "periods": ["participant_id"],
    "months": ["participant_id"],
    "faults": ["participant_id", "file"],
    "identities": ["participant_id", "file"],
}
"""What each table is sorted by; rows that are equal in it come from one shard."""


class LogPath(NamedTuple):
    """A log file, its name below the folder of logs, the participant that the path names."""

    path: Path
    name: str
    participant: str = ""


@dataclass(frozen=True)
class Shard:
    """What one job reads: files below a folder, and the participants whose logs they are."""

    files: list[str]
    participants: list[str]
    root: str = ""


class LogGroup(NamedTuple):
    """Files that belong together, the participants that they name, their bytes."""

    files: list[LogPath]
    names: set[str]
    size: int


def list_cohort_logs(
    paths: Path | str | Iterable[Path | str],
    participants: Iterable[str] = (),
    root: Path | str | None = None,
) -> list[LogPath]:
    """List the log files of a folder (all in it and below it, hidden ones left out), or some files.

    Parameters
    ----------
    paths
        The folder, or the files.
    participants
        Ids that a file or a folder above it may be called after.
    root
        Folder that the files are named below; by default the one that holds them all.
    """
    given = _as_paths(paths)
    top = common_root(given) if root is None else Path(root)
    known = frozenset(participants)
    logs = []
    for path in given:
        for item in path.rglob("*") if path.is_dir() else [path]:
            name = _name_below(item, top)
            if not item.is_dir() and not any(part.startswith(".") for part in name.split("/")):
                logs.append(LogPath(item, name, _participant_of(name, top, known)))
    return sorted(logs, key=lambda log: log.name)


def common_root(paths: Path | str | Iterable[Path | str]) -> Path:
    """Return the folder that logs are named below: the one that was named, or holds them all."""
    given = [path if path.is_dir() else path.absolute().parent for path in _as_paths(paths)]
    return Path(os.path.commonpath([path.absolute() for path in given])) if given else Path()


def _as_paths(paths: Path | str | Iterable[Path | str]) -> list[Path]:
    return [Path(paths)] if isinstance(paths, Path | str) else [Path(path) for path in paths]


def _name_below(path: Path, root: Path) -> str:
    try:
        return path.absolute().relative_to(root.absolute()).as_posix()
    except ValueError:
        return path.name


def _participant_of(name: str, root: Path, known: Collection[str]) -> str:
    """Return the participant that a file is called after, else the nearest folder above it."""
    for part in (*reversed(name.split("/")), root.name):
        ends = [end for end in range(len(part), 0, -1) if not part[end : end + 1].isalnum()]
        found = next((part[:end] for end in ends if part[:end] in known), "")
        if found:
            return found
    return ""


def load_logs(logs: Iterable[LogPath]) -> list[LogFile]:
    """Read the bytes of logs.

    Raises
    ------
    DataError
        ``LOG-001`` when a file is absent, ``LOG-006`` when it cannot be opened.
    """
    return [LogFile(log.name, _read(log), log.participant) for log in logs]


def _read(log: LogPath) -> bytes:
    try:
        return log.path.read_bytes()
    except FileNotFoundError:
        raise DataError("LOG-001", f"The log {log.name} is absent; check the log folder.") from None
    except OSError as error:
        raise DataError(
            "LOG-006",
            f"The log {log.name} cannot be read ({error.strerror}); check its permissions.",
        ) from error


def divide_logs(
    files: Sequence[LogPath], participants: Iterable[str], shards: int, root: str = ""
) -> list[Shard]:
    """Divide logs over shards of about equal size.

    Parameters
    ----------
    files
        The log files.
    participants
        Everybody of the roster; who has no log is given to the first shard.
    shards
        Number of shards; some are empty where there are fewer participants.
    root
        Folder that the files are named below.

    Returns
    -------
    list of Shard
        The same for the same content of the files, in any order.

    Raises
    ------
    DataError
        ``LOG-001`` when a file is absent, ``LOG-006`` when it cannot be opened.
    """
    groups = group_logs(files)
    known = set(participants)
    idle = sorted(known - {name for group in groups for name in group.names})
    own: list[list[LogGroup]] = [[] for _ in range(shards)]
    loads = [0] * shards

    def give(group: LogGroup, among: Iterable[int]) -> None:
        lightest = min(among, key=lambda n: (loads[n], n))
        loads[lightest] += group.size
        own[lightest].append(group)

    ranked = sorted(groups, key=lambda group: (-group.size, group.files[0].name))
    for group in ranked:
        if group.names & known:
            give(group, range(shards))
    # Logs of nobody in the study are read beside those of somebody.
    peopled = [n for n in range(shards) if own[n] or (idle and not n)] or [0]
    for group in ranked:
        if not group.names & known:
            give(group, peopled)
    return [
        Shard(
            sorted(str(log.path) for group in mine for log in group.files),
            sorted({name for group in mine for name in group.names} | set(() if n else idle)),
            root,
        )
        for n, mine in enumerate(own)
    ]


def group_logs(files: Sequence[LogPath]) -> list[LogGroup]:
    """Put files that name a common participant together (a union of sets).

    Raises
    ------
    DataError
        ``LOG-001`` when a file is absent, ``LOG-006`` when it cannot be opened.
    """
    group_of: dict[str, int] = {}
    groups: dict[int, LogGroup] = {}
    for number, log in enumerate(sorted(files, key=lambda log: log.name)):
        data = _read(log)
        found = detect_format(data)
        names = set() if found is None else set(found.owners(data))
        names |= {log.participant} - {""} if not names else set()
        joined = [groups.pop(n) for n in sorted({group_of[m] for m in names if m in group_of})]
        own = [log, *(item for group in joined for item in group.files)]
        all_names = names.union(*(group.names for group in joined))
        size = len(data) + sum(group.size for group in joined)
        groups[number] = LogGroup(sorted(own, key=lambda log: log.name), all_names, size)
        group_of |= dict.fromkeys(all_names, number)
    return list(groups.values())


def save_shards(path: Path | str, shards: Sequence[Shard]) -> None:
    """Write the shards as JSON."""
    write_json(path, [asdict(shard) for shard in shards])


def load_shard(path: Path | str, number: int) -> Shard:
    """Read one of the shards, counted from 0."""
    return Shard(**json.loads(Path(path).read_text(encoding="utf-8"))[number])


def gather_tables(name: str, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the parts of one table together in the order of the whole.

    Parameters
    ----------
    name
        ``sessions``, ``periods``, ``months``, ``faults`` or ``identities``.
    parts
        The tables of the shards.
    """
    filled = [part for part in parts if len(part)] or list(parts[:1])
    whole = pd.concat(filled, ignore_index=True)
    # Parquet has no whole seconds; they are milliseconds when read back.
    for column in whole.select_dtypes(include=["datetime", "datetimetz"]).columns:
        whole[column] = whole[column].dt.as_unit("s")
    return whole.sort_values(ORDER[name], kind="stable", ignore_index=True)
