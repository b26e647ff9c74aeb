"""Hold the files of a run against its manifest."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from multifidus.base.errors import ExitCode
from multifidus.base.files import sha256_of
from multifidus.config.run import Tier
from multifidus.package.errors import PackageError
from multifidus.package.labels import sensitivity_of, stated_tiers
from multifidus.package.manifest import read_manifest

if TYPE_CHECKING:
    from multifidus.package.manifest import Manifest, Output

__all__ = ["Finding", "verify_command", "verify_manifest"]

Problem = Literal["missing", "changed", "unlabelled", "unlisted"]


class Finding(NamedTuple):
    """One file that is not as the manifest says.

    Parameters
    ----------
    path
        Relative to the results folder.
    problem
        ``missing``; ``changed`` (other bytes); ``unlabelled`` (no tier, another one than the run's,
        or the wrong sensitivity for it); ``unlisted`` (a file that the run did not declare).
    """

    path: str
    problem: Problem


def verify_manifest(
    manifest: Manifest, root: Path | str, *, name: str = "manifest.json"
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

    Returns
    -------
    list of Finding
        Sorted by path; empty when every file is as it was written and none is without a label.

    Notes
    -----
    A folder below ``root`` with a manifest of its own is another run's, and left out.
    """
    root = Path(root)
    found = [item for output in manifest.outputs for item in _check(output, manifest, root)]
    listed = {output.path for output in manifest.outputs} | {name}
    others = {path.parent for path in root.rglob(name) if path.parent != root}
    for path in root.rglob("*"):
        relative = path.relative_to(root).as_posix()
        if not path.is_file() or relative in listed or others.intersection(path.parents):
            continue
        if not any(fnmatchcase(relative, pattern) for pattern in manifest.working):
            found.append(Finding(relative, "unlisted"))
    return sorted(found)


def _check(output: Output, manifest: Manifest, root: Path) -> list[Finding]:
    path = root / output.path
    if not path.is_file():
        return [Finding(output.path, "missing")]
    if path.stat().st_size != output.bytes or sha256_of(path) != output.sha256:
        return [Finding(output.path, "changed")]
    tier = manifest.run.get("tier")
    labelled = (
        output.tier == tier
        and tier in list(Tier)
        and output.sensitivity == sensitivity_of(output.path, Tier(tier).sensitivity)
        and stated_tiers(path) <= {tier}
    )
    return [] if labelled else [Finding(output.path, "unlabelled")]


def verify_command(manifest: Path | str) -> int:
    """Verify a results folder, print what differs, and return the exit code.

    Parameters
    ----------
    manifest
        The manifest, or the results folder that holds it.

    Raises
    ------
    PackageError
        ``PKG-010`` to ``PKG-012`` when the manifest cannot be read; ``PKG-020`` when files differ.
    """
    path = Path(manifest)
    path = path / "manifest.json" if path.is_dir() else path
    content = read_manifest(path)
    findings = verify_manifest(content, path.parent, name=path.name)
    for finding in findings:
        print(f"{finding.problem:<10} {path.parent / finding.path}")
    if findings:
        counts = Counter(finding.problem for finding in findings)
        words = ", ".join(f"{counts[problem]} {problem}" for problem in sorted(counts))
        raise PackageError(
            "PKG-020",
            f"Files under {path.parent} are not as the manifest says ({words}): run `make report`"
            " to make them again.",
        )
    print(
        f"{len(content.outputs)} files under {path.parent} are as the manifest says;"
        f" tier {content.run['tier']}, sensitivity {content.run['sensitivity']}."
    )
    return ExitCode.OK
