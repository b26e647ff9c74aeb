"""A small copy of the project whose configuration the tests may damage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TRIAL = "config/studies/reactiv8b/study.yaml"
PILOT_MAPPING = "config/studies/cdiscpilot01/mapping.yaml"
PILOT_RUN = "config/studies/cdiscpilot01/config.yaml"


def make_project(folder: Path) -> Path:
    """Copy what configuration is checked against: the configuration, and what it names."""
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "literature", folder / "literature")
    shutil.copytree(ROOT / "reports/manuscript", folder / "reports/manuscript")
    for name in ("workflow", "tests", ".git", "logs"):
        (folder / name).mkdir()
    return folder


def edit(path: Path, place: str, value: Any) -> None:
    """Set one value of a YAML file; ``None`` as the last key's value is written as null.

    Parameters
    ----------
    path
        The file.
    place
        Keys and positions joined by points; a plus sign as the last one appends to a list.
    value
        The value; ``...`` removes the key.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    *parents, last = place.split(".")
    inner = content
    for key in parents:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    if isinstance(inner, list):
        if last == "+":
            inner.append(value)
        else:
            inner[int(last)] = value
    elif value is ...:
        del inner[last]
    else:
        inner[last] = value
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
