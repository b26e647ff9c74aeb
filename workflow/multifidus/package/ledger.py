"""The ledger of a results folder: which job made which file, from which others, with their hashes.

Each job leaves one record when it ends, and compares its inputs with the records before it begins.
A file that was changed after its job ended so stops the next job that reads it, and its new hash
enters no manifest. The ledger lies in the results folder and moves with it.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multifidus.base.files import sha256_of, write_json
from multifidus.package.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "AUTHOR_FOLDER",
    "FOLDER",
    "MARKER",
    "RESULTS_VARIABLE",
    "Ledger",
    "Record",
    "check_inputs",
    "record_job",
]

FOLDER = ".ledger"
"""Folder of the records, in the results folder."""
RESULTS_VARIABLE = "MULTIFIDUS_RESULTS"
"""Environment variable in which a run gives its results folder to its jobs."""
MARKER = ".snakemake_timestamp"
"""Empty file with which Snakemake marks the time of a folder."""
AUTHOR_FOLDER = "preview"
"""Folder beside a document in which its author and Quarto work: no product, and in no record."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one job made.

    Parameters
    ----------
    rule
        Name of its rule.
    inputs
        Files of the results folder that it read, relative to that folder, sorted.
    outputs
        Files that it made, each with its SHA-256.
    """

    rule: str
    inputs: tuple[str, ...]
    outputs: Mapping[str, str]


class Ledger:
    """The records of a results folder, looked up by file.

    Parameters
    ----------
    records
        One per job; no two name the same output.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_output = {path: record for record in records for path in record.outputs}

    @classmethod
    def read(cls, results: Path) -> Ledger:
        """Read the ledger of a results folder; empty where there is none.

        Raises
        ------
        PackageError
            ``PKG-033`` for a record that cannot be read.
        """
        return cls(record for _, record in _records(results / FOLDER))

    def __bool__(self) -> bool:
        return bool(self._by_output)

    def __contains__(self, path: str) -> bool:
        return path in self._by_output

    def sha256(self, path: str) -> str | None:
        """Return the hash with which a file was made; none for a file that no job made."""
        record = self._by_output.get(path)
        return record.outputs[path] if record else None

    def rule(self, path: str) -> str:
        """Return the rule that made a file of the ledger."""
        return self._by_output[path].rule

    def under(self, folder: str) -> set[str]:
        """Return the files that jobs made in a folder."""
        return {path for path in self._by_output if path.startswith(f"{folder}/")}

    def behind(self, paths: Iterable[str]) -> dict[str, Record]:
        """Return, with its record, every file of the jobs that some files rest on or come from."""
        found: dict[str, Record] = {}
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            record = self._by_output.get(path)
            if path not in found and record:
                found[path] = record
                waiting += [*record.inputs, *record.outputs]
        return found

    def check(self, results: Path, path: str) -> None:
        """Compare a file with its record.

        Raises
        ------
        PackageError
            ``PKG-030`` when no job made the file, ``PKG-031`` when it has other bytes.
        """
        record = self._by_output.get(path)
        if record is None:
            raise PackageError(
                "PKG-030",
                f"No job of this workflow made {results / path}: remove it and run `make report`,"
                f" or copy the results folder whole, {FOLDER} with it.",
            )
        if sha256_of(results / path) != record.outputs[path]:
            raise PackageError(
                "PKG-031",
                f"{results / path} was changed after rule {record.rule} had made it: restore it, or"
                f" make it again: `multifidus run --cores all --forcerun {record.rule}`.",
            )


def record_job(
    results: Path | str, rule: str, inputs: Iterable[Path | str], outputs: Iterable[Path | str]
) -> Record:
    """Leave the record of a job that has ended.

    Parameters
    ----------
    results
        The results folder.
    rule
        Name of the job's rule.
    inputs, outputs
        What it read and made; a folder means all files in it. What lies outside the results
        folder is left out.
    """
    results = Path(results)
    read = sorted(name for path in inputs for name in _names(results, Path(path)))
    made = sorted(name for path in outputs for name in _names(results, Path(path)))
    record = Record(rule, tuple(read), {name: sha256_of(results / name) for name in made})
    if made:
        target = results / FOLDER / f"{made[0].replace('/', '.')}.json"
        for path, other in _records(target.parent):
            if path != target and not other.outputs.keys().isdisjoint(made):
                path.unlink(missing_ok=True)
        write_json(target, asdict(record))
    return record


def check_inputs(results: Path | str, inputs: Iterable[Path | str]) -> None:
    """Compare what a job is about to read with what the jobs before it made.

    Files that no job made are passed over here; no manifest takes them.

    Raises
    ------
    PackageError
        ``PKG-031`` when a file was changed, ``PKG-032`` when a folder has lost or gained a file.
    """
    results = Path(results)
    ledger = Ledger.read(results)
    for path in map(Path, inputs):
        if not path.resolve().is_relative_to(results.resolve()):
            continue
        names = _names(results, path)
        for name in names:
            if name in ledger:
                ledger.check(results, name)
        if path.is_dir():
            made = ledger.under(path.resolve().relative_to(results.resolve()).as_posix())
            if made and made != set(names):
                raise PackageError(
                    "PKG-032",
                    f"{path} does not hold the files that were made in it: restore them, or make"
                    " them again:"
                    f" `multifidus run --cores all --forcerun {ledger.rule(min(made))}`.",
                )


def _names(results: Path, path: Path) -> list[str]:
    """Return a file's name, or those of a folder's files, relative to the results folder."""
    if not path.resolve().is_relative_to(results.resolve()):
        return []
    if path.name == AUTHOR_FOLDER:
        return []
    files = [path]
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file() and file.name != MARKER]
    return [file.resolve().relative_to(results.resolve()).as_posix() for file in files]


def _records(folder: Path) -> Iterator[tuple[Path, Record]]:
    """Yield the records of a folder with their files.

    Other jobs may be at work: what they are writing has a hidden name, and what they replace may be
    gone when it is read.
    """
    for path in sorted(folder.glob("*.json")):
        if not path.name.startswith("."):
            with contextlib.suppress(FileNotFoundError):
                yield path, _read(path)


def _read(path: Path) -> Record:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Record(content["rule"], tuple(content["inputs"]), dict(content["outputs"]))
    except (ValueError, KeyError, TypeError):
        raise PackageError(
            "PKG-033",
            f"The record {path} cannot be read: remove it with the files that it belongs to and"
            " run `make report`.",
        ) from None
