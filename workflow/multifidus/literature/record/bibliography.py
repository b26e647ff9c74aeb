"""The bibliography: its keys, and short citations for tables."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from multifidus.base.errors import LiteratureError
from multifidus.literature.record.tables import where

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bibliography_keys", "short_citations"]

_ENTRY = re.compile(r"^@\w+\{\s*([^,\s]+)\s*,(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"\b(author|title|shorttitle|year)\s*=\s*\{(.*?)\}(?=\s*,?\s*(?:\n|\w+\s*=))")


def bibliography_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of a BibTeX file, sorted.

    Raises
    ------
    LiteratureError
        ``LIT-001`` when the file is absent, ``LIT-006`` when a key is there twice, ``LIT-012``
        when it is not text in UTF-8.
    """
    keys = sorted(key for key, _ in _entries(path))
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise LiteratureError(
            "LIT-006",
            f"{where(path)} holds the key '{twice[0]}' more than once; keep one of the entries.",
        )
    return tuple(keys)


def short_citations(path: Path) -> dict[str, str]:
    """Return a short citation per key: first author and year, or the title where none is named.

    Parameters
    ----------
    path
        A BibTeX file.

    Returns
    -------
    dict of str to str
        Such as ``Gilligan et al. 2024``.

    Raises
    ------
    LiteratureError
        ``LIT-001`` when the file is absent.
    """
    names = {key: _short(key, body) for key, body in _entries(path)}
    times = Counter(names.values())
    letters: Counter[str] = Counter()
    citations = {}
    for key, name in names.items():
        if times[name] > 1 and name[-1].isdigit():
            citations[key] = name + chr(ord("a") + letters[name])
            letters[name] += 1
        else:
            citations[key] = name
    return citations


def _short(key: str, body: str) -> str:
    """Name an entry by its first author, else its short or full title, and its year."""
    fields = dict(_FIELD.findall(body))
    author = fields.get("author", "")
    if author.startswith("{"):
        name = author
    elif author:
        name = author.split(",")[0] + (" et al." if " and " in author else "")
    else:
        name = fields.get("shorttitle") or fields.get("title", key)
    name = re.sub(r"[{}\[\]]", "", name)
    return " ".join(part for part in (name, fields.get("year", "")) if part)


def _entries(path: Path) -> list[tuple[str, str]]:
    if not path.is_file():
        raise LiteratureError(
            "LIT-001", f"{where(path)} does not exist; restore it from the repository."
        )
    try:
        return _ENTRY.findall(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise LiteratureError(
            "LIT-012", f"{where(path)} cannot be read as UTF-8 text; save it as UTF-8."
        ) from None
