"""Whether the assumptions that a study file states agree with the settings that they describe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from multifidus.config.base import Fault

if TYPE_CHECKING:
    from multifidus.config.base import Place
    from multifidus.config.study import StudyConfig

__all__ = ["PLACEHOLDER", "check_statements", "setting_at"]

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
"""A setting inside a statement: its keys joined by points, entries of lists by their ids."""


def setting_at(study: StudyConfig, path: str) -> tuple[Place, Any]:
    """Return the place and value of a setting.

    Parameters
    ----------
    study
        The study.
    path
        Keys joined by points; an entry of a list is named by its id: ``visits.y5.window``.

    Raises
    ------
    KeyError
        When there is no such setting.
    """
    value: Any = study.model_dump(mode="json")
    place: list[str | int] = []
    for key in path.split("."):
        if isinstance(value, list):
            ids = [entry.get("id") if isinstance(entry, dict) else None for entry in value]
            if key not in ids:
                raise KeyError(path)
            place.append(ids.index(key))
            value = value[ids.index(key)]
        elif isinstance(value, dict) and key in value:
            place.append(key)
            value = value[key]
        else:
            raise KeyError(path)
    return tuple(place), value


def check_statements(study: StudyConfig) -> None:
    """Refuse a statement that says otherwise than the settings do.

    Raises
    ------
    Fault
        With the place of the setting, when an assumption holds for another value of it; with the
        place of the assumption, when it names a setting that is not there.
    """
    for position, assumption in enumerate(study.assumptions):
        place = ("assumptions", position)
        for path in PLACEHOLDER.findall(assumption.statement):
            _setting(study, path, (*place, "statement"))
        for path, wanted in assumption.model_dump(mode="json")["when"].items():
            found, value = _setting(study, path, (*place, "when"))
            if value != wanted:
                raise Fault(
                    found,
                    f"assumption '{assumption.id}' is stated for {_shown(wanted)}, and this is "
                    f"{_shown(value)}: write statement and when of the assumption anew",
                    (*place, "when"),
                )


def _setting(study: StudyConfig, path: str, place: Place) -> tuple[Place, Any]:
    try:
        return setting_at(study, path)
    except KeyError:
        raise Fault(place, f"there is no setting '{path}'") from None


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
