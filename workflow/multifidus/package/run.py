"""What the workflow's scripts call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from multifidus.package.manifest import write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["write_run_manifest"]


def write_run_manifest(
    *,
    deliverables: Iterable[Path | str],
    record: Path | str | None,
    lock: Path | str,
    run: Mapping[str, Any],
    tier: str,
    sensitivity: str,
    manifest: Path | str,
) -> None:
    """Write the manifest of a run; see :func:`multifidus.package.manifest.write_manifest`.

    Parameters
    ----------
    deliverables, record, lock, run, sensitivity
        As there.
    tier
        Data tier of the run.
    manifest
        The file to write.

    Raises
    ------
    PackageError
        ``PKG-001`` to ``PKG-004``.
    """
    write_manifest(
        deliverables,
        manifest,
        run={**run, "tier": tier},
        sensitivity=sensitivity,
        lock=lock,
        record=record,
    )
