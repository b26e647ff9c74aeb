"""Dividing a cohort's logs over several jobs, and putting their tables together again.

All logs that name one participant go to one shard, so that the downloads of a device meet. A log
that names several joins them; one that names nobody stands alone. The tables put together are
those of one job, byte for byte, whatever the number of shards.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from multifidus.base.errors import DataError
from multifidus.base.files import write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "LogGroup",
    "Shard",
    "divide_logs",
    "gather_tables",
    "group_logs",
    "list_cohort_logs",
    "load_shard",
    "save_shards",
]

_PSEUDONYM = re.compile(rb"Hdevice,[^,*\n]{0,150},([^,*\n/]{0,150})[,*/]")
_OVERLAP = 512
"""Bytes read twice between two pieces, so that no device line is cut; a line has at most 200."""
_PIECE = 1 << 22

ORDER: Mapping[str, list[str]] = {
    "sessions": ["participant_id"],
    "periods": ["participant_id"],
    "months": ["participant_id"],
    "faults": ["participant_id", "file"],
    "identities": ["participant_id", "file"],
}
"""What each table is sorted by; rows that are equal in it come from one shard."""


@dataclass(frozen=True)
class Shard:
    """What one job reads: files, and the participants that they or nobody's files name."""

    files: list[str]
    participants: list[str]


def list_cohort_logs(paths: Path | str | Iterable[Path | str]) -> list[Path]:
    """Return the log files of a folder (all ``*.ipglog`` in it), or those that are named."""
    if isinstance(paths, Path | str):
        folder = Path(paths)
        return sorted(folder.glob("*.ipglog")) if folder.is_dir() else [folder]
    return sorted(Path(path) for path in paths)


class LogGroup(NamedTuple):
    """Files that belong together, the participants that they name, their bytes."""

    files: list[Path]
    names: set[str]
    size: int


def divide_logs(files: Sequence[Path], participants: Iterable[str], shards: int) -> list[Shard]:
    """Divide logs over shards of about equal size.

    Parameters
    ----------
    files
        The log files.
    participants
        Everybody of the roster; who has no log is given to the first shard.
    shards
        Number of shards; some are empty where there are fewer participants.

    Returns
    -------
    list of Shard
        The same for the same content of the files, in any order.

    Raises
    ------
    DataError
        ``LOG-001`` when a file is absent.
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
    # Logs of strangers are read beside those of somebody, whom they are told apart from.
    peopled = [n for n in range(shards) if own[n] or (idle and not n)] or [0]
    for group in ranked:
        if not group.names & known:
            give(group, peopled)
    return [
        Shard(
            sorted(str(path) for group in mine for path in group.files),
            sorted({name for group in mine for name in group.names} | set(() if n else idle)),
        )
        for n, mine in enumerate(own)
    ]


def group_logs(files: Sequence[Path]) -> list[LogGroup]:
    """Put files that name a common participant together (a union of sets).

    Raises
    ------
    DataError
        ``LOG-001`` when a file is absent.
    """
    group_of: dict[str, int] = {}
    groups: dict[int, LogGroup] = {}
    for number, path in enumerate(sorted(files)):
        names = _pseudonyms(path)
        joined = [groups.pop(n) for n in sorted({group_of[m] for m in names if m in group_of})]
        files_of = sorted([path, *(item for group in joined for item in group.files)])
        all_names = names.union(*(group.names for group in joined))
        size = path.stat().st_size + sum(group.size for group in joined)
        groups[number] = LogGroup(files_of, all_names, size)
        group_of |= dict.fromkeys(all_names, number)
    return list(groups.values())


def _pseudonyms(path: Path) -> set[str]:
    """Return every participant that a file names, read in pieces."""
    found: set[bytes] = set()
    rest = b""
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                found |= set(_PSEUDONYM.findall(rest + piece))
                rest = piece[-_OVERLAP:]
    except FileNotFoundError:
        raise DataError(
            "LOG-001", f"The log {path.name} is absent; check the log folder."
        ) from None
    return {name.decode("latin-1") for name in found}


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
