"""The manifest: every file of a run with its size and hash; of outputs shape, tier, sensitivity.

It holds no time, no host and no absolute path, so that two runs of one configuration write the
same manifest to the byte. Paths are relative to the manifest's own folder: a results folder can be
copied and still be verified. Hashes come from the ledger, in which each job records what it made
when it ends: a file that has changed since then stops the manifest.
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from multifidus import __version__
from multifidus.base.files import sha256_of, sha256_of_bytes, write_json
from multifidus.config.tier import Tier
from multifidus.package.agreement import PRODUCTS_OF_TABLES, compare_products
from multifidus.package.errors import PackageError
from multifidus.package.labels import (
    SELF_LABELLING,
    sensitivity_of,
    stated_tiers,
    table_shape,
)
from multifidus.package.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "FORMAT",
    "Manifest",
    "Output",
    "WorkingFile",
    "build_manifest",
    "canonical_sha256",
    "read_manifest",
    "write_manifest",
]

FORMAT = "multifidus-manifest/2"
"""Name and version of the manifest's form."""


@dataclass(frozen=True, slots=True)
class Output:
    """One deliverable.

    Parameters
    ----------
    path
        Relative to the manifest's folder, with forward slashes.
    bytes
        Size.
    sha256
        Hash of the content, 64 hexadecimal digits.
    tier, sensitivity
        Data tier and who may see it: ``open``, ``restricted`` or, for restricted outputs whose rows
        describe single participants, ``participant_level``.
    rows, columns
        Shape of a table; none for anything else.
    """

    path: str
    bytes: int
    sha256: str
    tier: str
    sensitivity: str
    rows: int | None = None
    columns: int | None = None


@dataclass(frozen=True, slots=True)
class WorkingFile:
    """One file between the steps that outputs rest on.

    Parameters
    ----------
    path, bytes, sha256
        As of :class:`Output`.
    rule
        Name of the rule that made it.
    """

    path: str
    bytes: int
    sha256: str
    rule: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run's manifest.

    Parameters
    ----------
    run
        Facts of the run: study, tier, sensitivity, seed, version, Python, the configuration and its
        hash, the hash of the lock, the render engine.
    outputs
        The deliverables, sorted by path.
    working
        The files that they rest on, sorted by path.
    agreements
        Outputs that were compared with another one and print the same
        (:func:`multifidus.package.agreement.compare_products`).
    """

    run: Mapping[str, Any]
    outputs: tuple[Output, ...]
    working: tuple[WorkingFile, ...] = ()
    agreements: tuple[str, ...] = ()


def write_manifest(
    outputs: Iterable[Path | str],
    target: Path | str,
    *,
    run: Mapping[str, Any],
    sensitivity: str,
    lock: Path | str,
    record: Path | str | None = None,
    from_ledger: bool = False,
) -> Manifest:
    """Write the manifest of a run.

    Parameters
    ----------
    outputs
        Deliverables; a folder means all files in it.
    target
        The manifest to write, in the run's results folder.
    run
        The run's validated configuration as plain values (``RunConfig.model_dump(mode="json")``).
    sensitivity
        ``open`` or ``restricted``; participant-level outputs are marked as such where it is not
        ``open`` (:func:`multifidus.package.labels.sensitivity_of`).
    lock
        The locked requirements of the environment.
    record
        What the render engine wrote of itself; none for a run without documents.
    from_ledger
        Whether a results folder without a ledger is refused, as a run does.

    Returns
    -------
    Manifest
        What was written.

    Raises
    ------
    PackageError
        ``PKG-001`` when an output is missing or lies outside the results folder, ``PKG-002`` when
        an output states another tier than the run's, ``PKG-003`` for a render record without an
        engine, ``PKG-004`` when an output that can state its tier does not, ``PKG-005`` when two
        tables of results differ, ``PKG-030`` and ``PKG-031`` when a file is not as its job made it.
    """
    manifest = build_manifest(
        outputs,
        Path(target).parent,
        run=run,
        sensitivity=sensitivity,
        facts={"lock_sha256": sha256_of(lock), "engine": _engine(record)},
        from_ledger=from_ledger,
    )
    write_json(target, {"format": FORMAT, **asdict(manifest)})
    return manifest


def build_manifest(
    outputs: Iterable[Path | str],
    folder: Path,
    *,
    run: Mapping[str, Any],
    sensitivity: str,
    facts: Mapping[str, Any],
    from_ledger: bool = False,
) -> Manifest:
    """Describe outputs under ``folder``; parameters and errors as in :func:`write_manifest`."""
    tier = Tier(run["tier"]).value
    files = sorted({file for path in outputs for file in _files(Path(path))})
    names = [_relative(file, folder) for file in files]
    working = _working(folder, names, required=from_ledger)
    listed = tuple(_describe(file, folder, tier, sensitivity) for file in files)
    configuration = _without_paths(run)
    return Manifest(
        run={
            "study": run["study"],
            "tier": tier,
            "sensitivity": sensitivity,
            "seed": run["seed"],
            "multifidus": __version__,
            "python": ".".join(platform.python_version_tuple()[:2]),
            "configuration": configuration,
            "config_sha256": canonical_sha256(configuration),
            **facts,
        },
        outputs=listed,
        working=working,
        agreements=_agreements(folder),
    )


def _working(folder: Path, outputs: Sequence[str], *, required: bool) -> tuple[WorkingFile, ...]:
    """Compare outputs and what they rest on with the ledger; return the latter."""
    ledger = Ledger.read(folder)
    if not ledger and not required:
        return ()
    behind = {path: record for path, record in ledger.behind(outputs).items() if path in ledger}
    here = sorted(path for path in behind if (folder / path).is_file())  # some are temporary
    for path in sorted({*outputs, *here}):
        ledger.check(folder, path)
    return tuple(
        WorkingFile(
            path, (folder / path).stat().st_size, behind[path].outputs[path], behind[path].rule
        )
        for path in here
        if path not in outputs
    )


def _agreements(folder: Path) -> tuple[str, ...]:
    compared = compare_products(folder)
    for path in PRODUCTS_OF_TABLES:
        if not compared.get(path, True):
            raise PackageError(
                "PKG-005",
                f"{folder / path} does not say what the table that it was made from says: remove"
                " both and run `make report`.",
            )
    return tuple(sorted(path for path, agrees in compared.items() if agrees))


def _without_paths(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in which the data folder, which may be private, is a hash."""
    data = dict(run.get("data") or {})
    if data.get("path"):
        data["path"] = f"sha256:{sha256_of_bytes(str(data['path']).encode())}"
    return {**run, "data": data} if data else dict(run)


def canonical_sha256(values: Mapping[str, Any]) -> str:
    """Return one hash of plain values that does not depend on the order of keys."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256_of_bytes(text.encode())


def read_manifest(path: Path | str) -> Manifest:
    """Read a manifest and check its form.

    Raises
    ------
    PackageError
        ``PKG-010`` when it is missing, ``PKG-011`` when it is no manifest of this form,
        ``PKG-012`` when it names a path outside its folder.
    """
    path = Path(path)
    if not path.is_file():
        raise PackageError(
            "PKG-010", f"The manifest {path} is missing: run `make report` or give its path."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = content["format"] == FORMAT
        outputs = tuple(Output(**entry) for entry in content["outputs"])
        working = tuple(WorkingFile(**entry) for entry in content["working"])
        agreements = tuple(map(str, content["agreements"]))
        manifest = Manifest(dict(content["run"]), outputs, working, agreements)
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise PackageError(
            "PKG-011", f"{path} is not a manifest of the form {FORMAT}: run `make report` again."
        )
    names = [file.path for file in manifest.outputs] + [file.path for file in manifest.working]
    _refuse_outside_paths(path, names)
    return manifest


def _refuse_outside_paths(path: Path, names: Sequence[str]) -> None:
    for name in names:
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise PackageError(
                "PKG-012", f"{path} names a file outside its own folder: do not trust it."
            )


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [inner for inner in path.rglob("*") if inner.is_file()]
    if not path.is_file():
        raise PackageError(
            "PKG-001", f"The output {path} is missing: run the workflow again to make it."
        )
    return [path]


def _relative(file: Path, folder: Path) -> str:
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        raise PackageError(
            "PKG-001", f"The output {file} lies outside the results folder {folder}: move its rule."
        ) from None


def _describe(file: Path, folder: Path, tier: str, sensitivity: str) -> Output:
    relative, stated = _relative(file, folder), stated_tiers(file)
    if others := sorted(stated - {tier}):
        raise PackageError(
            "PKG-002",
            f"The output {file} states the tier '{others[0]}' in a run of tier '{tier}': remove"
            " the results folder and run the workflow again.",
        )
    if not stated and file.suffix in SELF_LABELLING:
        raise PackageError(
            "PKG-004",
            f"The output {file} does not state its data tier: let its rule write the tier's banner,"
            " or a column or key `tier`.",
        )
    rows, columns = table_shape(file) or (None, None)
    return Output(
        path=relative,
        bytes=file.stat().st_size,
        sha256=sha256_of(file),
        tier=tier,
        sensitivity=sensitivity_of(relative, sensitivity),
        rows=rows,
        columns=columns,
    )


def _engine(record: Path | str | None) -> dict[str, str] | None:
    if record is None:
        return None
    content = json.loads(Path(record).read_text(encoding="utf-8"))
    name = content.get("engine_name", content.get("engine"))
    version = content.get("engine_version", content.get("version"))
    if not isinstance(name, str) or not isinstance(version, str):
        raise PackageError(
            "PKG-003", f"{record} does not name the render engine: render the document again."
        )
    return {"name": name, "version": version}
