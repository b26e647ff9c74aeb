"""Folders that a run may write to: inside the project, apart from its sources and its data."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from multifidus.base.errors import ConfigError
from multifidus.config.base import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.config.run import RunConfig

__all__ = ["SOURCES", "check_folder_name", "check_folders", "refuse_prefix"]

SOURCES = frozenset(
    {
        "benchmarks",
        "config",
        "docs",
        "literature",
        "notebooks",
        "reports",
        "tests",
        "tools",
        "wheelhouse",
        "workflow",
    }
)
"""Folders of the project that hold what people wrote, or what a command needs."""
_PART = re.compile(r"\w([\w .+=@,-]*[\w+=@])?")


def check_folder_name(key: str, value: str) -> None:
    """Check the name of a folder that a run writes to, without looking at the disk.

    Parameters
    ----------
    key
        Key of the section ``paths``.
    value
        The folder, relative to the project's.

    Raises
    ------
    Fault
        When it leaves the project, is the project, or may be one of the folders of the project.
    """
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or value.startswith("~"):
        raise Fault((key,), f"paths.{key} must stay inside the project's folder")
    if not path.parts:
        raise Fault((key,), f"paths.{key} must be a folder of its own, not the project's")
    for part in path.parts:
        if not _PART.fullmatch(part):
            raise Fault(
                (key,),
                f"paths.{key}: '{part}' is no name for a folder of results: use letters, digits,"
                " '_', '-' and '.', and begin with a letter or digit",
            )
    if path.parts[0].casefold() in SOURCES:
        raise Fault((key,), f"paths.{key}: '{path.parts[0]}' is a folder of the project itself")


def check_folders(run: RunConfig, project: Path) -> None:
    """Check the folders of a run as they are on the disk, links followed.

    Parameters
    ----------
    run
        The run's configuration.
    project
        Folder that the paths are relative to.

    Raises
    ------
    Fault
        When a folder leads to the project's sources, to the raw data or to the other folder, or
        when a file is in its place.
    """
    home = project.resolve()
    found = {key: (home / getattr(run.paths, key)).resolve() for key in ("results", "logs")}
    guarded = {name: (home / name).resolve() for name in SOURCES}
    guarded |= {"data.path": (home / run.data.path).resolve()} if run.data.path else {}
    for key, folder in found.items():
        place = ("paths", key)
        if folder.exists() and not folder.is_dir():
            raise Fault(place, f"there is a file at '{getattr(run.paths, key)}'; name a folder")
        if home.is_relative_to(folder):
            raise Fault(place, "it leads to the project's folder or one around it")
        if folder.is_relative_to(home) and folder.relative_to(home).parts[0].startswith("."):
            raise Fault(place, f"it leads to the hidden folder '{folder.relative_to(home)}'")
        for name, other in guarded.items():
            if folder.is_relative_to(other):
                why = f"it leads into '{name}', which a run must not write to"
                raise Fault(place, why, ("data", "path"))
    results, logs = found["results"], found["logs"]
    if results.is_relative_to(logs) or logs.is_relative_to(results):
        why = "paths.logs and paths.results lead to the same folder"
        raise Fault(("paths", "logs"), why, ("paths", "results"))


def refuse_prefix(run: RunConfig, place_of: Callable[[str], str]) -> None:
    """Refuse a prefix that another workflow gives to the paths of this one.

    Snakemake puts it before outputs and, as soon as the project lies inside the other workflow's
    folder, before sources too, while jobs look for both where the configuration says.

    Parameters
    ----------
    run
        The run's configuration.
    place_of
        Returns the path that Snakemake makes of one.

    Raises
    ------
    ConfigError
        ``CFG-010``.
    """
    files = (f"{folder}/a.log" for folder in (run.paths.results, run.paths.logs))
    if any(place_of(file) != file for file in files):
        raise ConfigError(
            "CFG-010",
            "The module statement gives 'prefix' or 'replace_prefix', which this workflow does not "
            "take: name the folders by paths.results and paths.logs in its config.",
        )
