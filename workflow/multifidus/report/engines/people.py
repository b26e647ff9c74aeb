"""Authors and affiliations in the shape that Quarto hands to its templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from multifidus.base.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["people"]

_ADDRESS = ("department", "name", "city", "region", "country")


def people(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``by-author``, ``by-affiliation`` and ``author`` for the templates.

    Parameters
    ----------
    metadata
        Front matter with ``author`` (text or mappings with ``name``, ``orcid``, ``email``,
        ``corresponding``, ``affiliations``) and, for references by id, ``affiliations``.

    Raises
    ------
    RenderError
        ``RND-024`` for an author without a name or an affiliation that is not declared.
    """
    declared = {
        str(item["id"]): item
        for item in _listed(metadata.get("affiliations"))
        if isinstance(item, dict) and "id" in item
    }
    affiliations: list[dict[str, Any]] = []
    # Quarto's order: those given with an author, then those declared, whether used or not.
    given = [item for item in _given(metadata) if not (isinstance(item, dict) and "ref" in item)]
    for item in [*given, *_listed(metadata.get("affiliations"))]:
        _numbered(item, affiliations)
    authors = [
        _author(entry, number, declared, affiliations)
        for number, entry in enumerate(_listed(metadata.get("author")), start=1)
    ]
    names = [author["name"]["literal"] for author in authors]
    return {
        "author": names,
        "author-meta": names,
        "by-author": authors,
        "by-affiliation": affiliations,
    }


def _given(metadata: Mapping[str, Any]) -> Iterator[object]:
    """Yield the affiliations of all authors as they are written."""
    for author in _listed(metadata.get("author")):
        if isinstance(author, dict):
            yield from _affiliations_of(author)


def _affiliations_of(author: Mapping[str, Any]) -> list[Any]:
    return [*_listed(author.get("affiliations")), *_listed(author.get("affiliation"))]


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _author(
    entry: object,
    number: int,
    declared: Mapping[str, Mapping[str, Any]],
    affiliations: list[dict[str, Any]],
) -> dict[str, Any]:
    author = dict(entry) if isinstance(entry, dict) else {"name": entry}
    name = author.get("name")
    if isinstance(name, dict):
        parts = (name.get("given"), name.get("family"))
        name = name.get("literal") or " ".join(str(part) for part in parts if part)
    if not name:
        raise RenderError("RND-024", f"author {number} of the front matter has no name.")
    own = [
        _affiliation(item, str(name), declared, affiliations) for item in _affiliations_of(author)
    ]
    marks = ["corresponding"] if author.get("corresponding") else []
    marks += [str(mark) for mark in _listed(author.get("attributes"))]
    shown: dict[str, Any] = {
        "id": str(number),
        "name": {"literal": str(name)},
        "affiliations": own,
        "attributes": dict.fromkeys(marks, True),
    }
    return shown | {key: str(author[key]) for key in ("orcid", "email", "url") if author.get(key)}


def _affiliation(
    item: object,
    author: str,
    declared: Mapping[str, Mapping[str, Any]],
    affiliations: list[dict[str, Any]],
) -> dict[str, Any]:
    if isinstance(item, dict) and "ref" in item:
        if str(item["ref"]) not in declared:
            raise RenderError(
                "RND-024",
                f"the affiliation {item['ref']!r} of {author} is not declared under affiliations "
                "in the front matter.",
            )
        item = declared[str(item["ref"])]
    return _numbered(item, affiliations)


def _numbered(item: object, affiliations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an affiliation with its number; a new one is added to the list."""
    fields = dict(item) if isinstance(item, dict) else {"name": item}
    if "state" in fields:
        fields["region"] = fields.pop("state")
    clean = {key: str(fields[key]) for key in _ADDRESS if fields.get(key)}
    for known in affiliations:
        if {key: known[key] for key in _ADDRESS if key in known} == clean:
            return known
    number = len(affiliations) + 1
    affiliations.append({"id": f"aff-{number}", "number": number, **clean})
    return affiliations[-1]
