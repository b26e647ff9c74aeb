"""Settings of the study in words, with the sources that they carry."""

from __future__ import annotations

import csv
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from multifidus.config.checks.statements import PLACEHOLDER, setting_at

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig

__all__ = ["Words", "citation_of", "fill", "read_words", "setting_in_words"]

Words = dict[str, dict[str, dict[str, str]]]
"""Key of a setting to its values, each with ``words`` and ``citation`` (Markdown)."""

_KINDS = MappingProxyType({"vt": "value set", "crosswalk": "crosswalk"})
_VISITS = ("visits", "visit", "attended_visit")


def read_words(literature: Path | str) -> Words:
    """Read how value sets and conversions are called and which sources they have.

    Standard library only: the workflow calls this each time it starts.

    Parameters
    ----------
    literature
        Folder with ``value_sets/value_sets.csv`` and ``mme/factors.csv``.
    """
    folder = Path(literature)
    editions: dict[str, list[str]] = {}
    for row in _rows(folder / "mme/factors.csv"):
        sources = editions.setdefault(row["edition"], [])
        if row["citation"] not in sources:
            sources.append(row["citation"])
    return {
        "value_set": {
            row["id"]: {
                "words": f"{row['country']} {_KINDS[row['kind']]} of {row['year']}",
                "citation": f"[@{row['citation']}]",
            }
            for row in _rows(folder / "value_sets/value_sets.csv")
        },
        "conversion": {
            edition: {
                "words": edition.upper().replace("_", " "),
                "citation": "[" + "; ".join(f"@{source}" for source in sources) + "]",
            }
            for edition, sources in editions.items()
        },
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def setting_in_words(study: StudyConfig, path: str, words: Words) -> str:
    """Return a setting of the study as a sentence names it.

    Raises
    ------
    KeyError
        When there is no such setting, or its value has no name.
    """
    _, value = setting_at(study, path)
    key = path.rpartition(".")[2]
    if key in words:
        return words[key][value]["words"]
    if key in _VISITS:
        labels = {visit.id: visit.label.lower() for visit in study.visits}
        value = [labels[visit] for visit in ([value] if isinstance(value, str) else value)]
    return _plain(value)


def fill(text: str, study: StudyConfig, words: Words) -> str:
    """Return a text with its settings, ``{opioids.conversion}`` for instance, in words."""
    return PLACEHOLDER.sub(lambda found: setting_in_words(study, found[1], words), text)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def citation_of(study: StudyConfig, path: str, words: Words) -> str:
    """Return the source of a value set or conversion, as pandoc cites it."""
    _, value = setting_at(study, path)
    return words[path.rpartition(".")[2]][value]["citation"]
