"""Check the files of a run against its manifest, its ledger and each other."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from multifidus.base.errors import ExitCode
from multifidus.base.files import sha256_of
from multifidus.config.run import Tier
from multifidus.package.agreement import compare_products
from multifidus.package.errors import PackageError
from multifidus.package.labels import SELF_LABELLING, sensitivity_of, stated_tiers, table_shape
from multifidus.package.ledger import AUTHOR_FOLDER, FOLDER, MARKER, Ledger
from multifidus.package.manifest import canonical_sha256, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.package.manifest import Manifest, Output, WorkingFile

__all__ = ["Finding", "is_document", "verify_command", "verify_manifest"]

Problem = Literal["missing", "changed", "unlabelled", "unlisted", "contradicted"]
_NOT_PRODUCTS = frozenset({MARKER, ".DS_Store"})


class Finding(NamedTuple):
    """One file that is not as the manifest says.

    Parameters
    ----------
    path
        Relative to the results folder.
    problem
        ``missing``; ``changed`` (other bytes than the manifest or the ledger says, or a fact of the
        manifest that its files do not bear out); ``unlabelled`` (no tier, another one than the
        run's, or the wrong sensitivity for it); ``unlisted`` (a file that the run did not make);
        ``contradicted`` (a product that no longer says what the product beside it says).
    detail
        What differs, where the problem alone does not say it.
    """

    path: str
    problem: Problem
    detail: str = ""


def verify_manifest(
    manifest: Manifest,
    root: Path | str,
    *,
    name: str = "manifest.json",
    inputs_only: bool = False,
) -> list[Finding]:
    """Compare the files under ``root`` with a manifest.

    Parameters
    ----------
    manifest
        What the run wrote.
    root
        Its results folder.
    name
        The manifest's own file name, which it does not list.
    inputs_only
        Leave out the rendered documents, which are about to be made again.

    Returns
    -------
    list of Finding
        Sorted by path; empty when every file is as it was made, none is without a label, and what
        can be compared agrees.

    Notes
    -----
    A folder below ``root`` with a manifest of its own is another run's, and left out, but for the
    files in it that this manifest lists.
    """
    root = Path(root)
    outputs = [file for file in manifest.outputs if not (inputs_only and is_document(file.path))]
    working = [file for file in manifest.working if not (inputs_only and is_document(file.path))]
    ledger = Ledger.read(root)
    found = [item for file in outputs for item in _check(file, manifest, root)]
    found += [item for file in working for item in _bytes(file, root)]
    hashes = {file.path: file.sha256 for file in outputs}
    hashes |= {file.path: file.sha256 for file in working}
    found += [
        Finding(path, "changed", "the ledger has another hash for it")
        for path, digest in hashes.items()
        if ledger.sha256(path) not in (None, digest)
    ]
    found += _unlisted(manifest, root, name)
    if not inputs_only:
        found += _facts(manifest, root, name)
    agreements = compare_products(root)
    found += [
        Finding(path, "contradicted", "it differs from the product that prints the same numbers")
        for path in manifest.agreements
        if not agreements.get(path, False) and not (inputs_only and is_document(path))
    ]
    return sorted(found)


def is_document(path: str) -> bool:
    """Whether a path is of a rendered document or lies beside one: ``NAME/NAME.html`` and so on."""
    parts = Path(path).parts
    kinds = ("html", "pdf", "docx")
    named = {f"{parts[0]}.{kind}" for kind in kinds} | {"render.json"}
    return len(parts) == 2 and parts[1] in named  # noqa: PLR2004 - folder and file


def _check(output: Output, manifest: Manifest, root: Path) -> Iterator[Finding]:
    path = root / output.path
    if others := _bytes(output, root):
        yield from others
        return
    try:
        shape, stated = table_shape(path), stated_tiers(path)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile):
        yield Finding(output.path, "changed", "it cannot be read")
        return
    if (output.rows, output.columns) != (shape or (None, None)):
        yield Finding(output.path, "changed", "its rows and columns are not those listed")
    tier = manifest.run.get("tier")
    labelled = (
        output.tier == tier
        and tier in list(Tier)
        and output.sensitivity == sensitivity_of(output.path, Tier(tier).sensitivity)
        and stated <= {tier}
        and (stated or path.suffix not in SELF_LABELLING)
    )
    if not labelled:
        yield Finding(output.path, "unlabelled")


def _bytes(file: Output | WorkingFile, root: Path) -> list[Finding]:
    path = root / file.path
    if not path.is_file():
        return [Finding(file.path, "missing")]
    if path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
        return [Finding(file.path, "changed")]
    return []


def _unlisted(manifest: Manifest, root: Path, name: str) -> Iterator[Finding]:
    listed = {file.path for file in manifest.outputs} | {name}
    listed |= {file.path for file in manifest.working}
    others = {path.parent for path in root.rglob(name) if path.parent != root}
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        if (
            path.is_file()
            and relative.as_posix() not in listed
            and relative.parts[0] != FOLDER
            and AUTHOR_FOLDER not in relative.parts[1:2]
            and path.name not in _NOT_PRODUCTS
            and not others.intersection(path.parents)
        ):
            yield Finding(relative.as_posix(), "unlisted")


def _facts(manifest: Manifest, root: Path, name: str) -> Iterator[Finding]:
    """Check the facts of a manifest against each other and against the files that bear them."""
    run = manifest.run
    configuration: Any = run.get("configuration")
    wrong = []
    if not isinstance(configuration, dict) or canonical_sha256(configuration) != run.get(
        "config_sha256"
    ):
        wrong += ["config_sha256"]
    else:
        wrong += [key for key in ("study", "tier", "seed") if run.get(key) != configuration[key]]
    if run.get("tier") not in list(Tier) or run["sensitivity"] != Tier(run["tier"]).sensitivity:
        wrong += ["sensitivity"]
    if run.get("engine") not in _engines(root):
        wrong += ["engine"]
    yield from (Finding(name, "changed", f"its fact {fact} is not borne out") for fact in wrong)
    made = Ledger.read(root).sha256(name)
    if made is not None and made != sha256_of(root / name):
        yield Finding(name, "changed", "the ledger has another hash for it")


def _engines(root: Path) -> list[dict[str, str] | None]:
    """Return the engines that the records of documents name; none where there is no document."""
    records = [json.loads(path.read_text("utf-8")) for path in sorted(root.glob("*/render.json"))]
    return [
        {
            "name": record.get("engine_name", record.get("engine")),
            "version": record.get("engine_version", record.get("version")),
        }
        for record in records
    ] or [None]


def verify_command(
    manifest: Path | str, *, sha256: str | None = None, inputs_only: bool = False
) -> int:
    """Verify a results folder, print what differs, and return the exit code.

    Parameters
    ----------
    manifest
        The manifest, or the results folder that holds it.
    sha256
        The manifest's own hash, as the run printed it; none to go without.
    inputs_only
        Leave out the rendered documents.

    Raises
    ------
    PackageError
        ``PKG-010`` to ``PKG-012`` when the manifest cannot be read; ``PKG-020`` when files differ,
        ``PKG-021`` when the manifest is not the one whose hash is given.
    """
    path = Path(manifest)
    path = path / "manifest.json" if path.is_dir() else path
    content = read_manifest(path)
    own = sha256_of(path)
    if sha256 is not None and sha256.strip().lower() != own:
        raise PackageError(
            "PKG-021",
            f"{path} is not the manifest whose hash is given: take the hash from the end of the"
            " run's output; if it is right, do not trust this folder.",
        )
    findings = verify_manifest(content, path.parent, name=path.name, inputs_only=inputs_only)
    for finding in findings:
        detail = f"  ({finding.detail})" if finding.detail else ""
        print(f"{finding.problem:<12} {path.parent / finding.path}{detail}")
    if findings:
        counts = Counter(finding.problem for finding in findings)
        words = ", ".join(f"{counts[problem]} {problem}" for problem in sorted(counts))
        raise PackageError(
            "PKG-020",
            f"Files under {path.parent} are not as the manifest says ({words}): restore them, or"
            " remove the folder and run `make report`.",
        )
    print(
        f"{len(content.outputs)} outputs and {len(content.working)} files that they rest on, under"
        f" {path.parent}, are as the manifest says; tier {content.run['tier']}, sensitivity"
        f" {content.run['sensitivity']}.\nManifest SHA-256: {own}"
        + ("" if sha256 else " (compare it with the one that the run printed)")
    )
    return ExitCode.OK
