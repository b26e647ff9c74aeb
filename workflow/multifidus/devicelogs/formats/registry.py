"""The formats that logs are read by: those of this package, and those of installed packages.

A sub-package of this one is a format: its module ``reader`` holds it as ``FORMAT``. Another package
adds one by an entry point of the group ``multifidus.log_formats`` that names an instance.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from multifidus.base.errors import DataError
from multifidus.devicelogs import formats

if TYPE_CHECKING:
    from multifidus.devicelogs.formats.interface import LogFormat

__all__ = ["GROUP", "built_in_modules", "detect_format", "find_formats"]

GROUP = "multifidus.log_formats"


def built_in_modules() -> list[str]:
    """Return the dotted names of the built-in readers; nothing is imported."""
    found = pkgutil.iter_modules(formats.__path__)
    return [f"{formats.__name__}.{info.name}.reader" for info in found if info.ispkg]


@cache
def find_formats() -> tuple[LogFormat, ...]:
    """Return all formats: the built-in ones, then those of entry points, each sorted by name.

    Raises
    ------
    DataError
        ``LOG-009`` when an entry point cannot be loaded or two formats have one name.
    """
    found: list[LogFormat] = [import_module(name).FORMAT for name in built_in_modules()]
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            found.append(point.load())
        except Exception as error:
            raise DataError(
                "LOG-009",
                f"The log format {point.name} of another package cannot be loaded "
                f"({type(error).__name__}); update or remove that package.",
            ) from error
    names = [item.name for item in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            "LOG-009",
            f"Two installed packages give a log format called {twice[0]}; remove one of them.",
        )
    return tuple(found)


def detect_format(data: bytes) -> LogFormat | None:
    """Return the format that recognises a log by its content, ``None`` when none does.

    Where several do, none is taken: a guess is never made.
    """
    if not data.strip(b"\x00"):
        return None
    found = [item for item in find_formats() if item.detect(data)]
    return found[0] if len(found) == 1 else None
