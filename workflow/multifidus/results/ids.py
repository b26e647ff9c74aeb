"""Ids of results: ``analysis.outcome.visit.population.group.statistic``, each part a slug."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = ["IdParts", "make_id", "quantity_of", "slug", "split_id"]

_SLUG = re.compile(r"^[a-z0-9_]+$")


class IdParts(NamedTuple):
    """The six parts of a result's id."""

    analysis: str
    outcome: str
    visit: str
    population: str
    group: str
    statistic: str


def slug(text: str) -> str:
    """Turn any label into a slug: ASCII, lower case, words joined by underscores.

    Examples
    --------
    >>> slug("Skin and subcutaneous tissue disorders")
    'skin_and_subcutaneous_tissue_disorders'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def make_id(parts: IdParts) -> str:
    """Join the parts of an id.

    Raises
    ------
    ValueError
        When a part is not a slug.
    """
    for name, part in parts._asdict().items():
        if not _SLUG.match(part):
            raise ValueError(f"the {name} of a result's id is not a slug: {part!r}")
    return ".".join(parts)


def quantity_of(result_id: str) -> str:
    """Return what a result is of: count and share of one group are one quantity.

    Examples
    --------
    >>> quantity_of("responder_wald.vas_ge50.y2.observed.all.percent")
    'responder.vas_ge50.y2.observed.all.share'
    >>> quantity_of("change.vas.y5.observed.all.sd")
    'change.vas.y5.observed.all.sd'
    """
    stem, _, statistic = result_id.replace("responder_wald.", "responder.").rpartition(".")
    return f"{stem}.{'share' if statistic in ('count', 'percent') else statistic}"


def split_id(result_id: str) -> IdParts:
    """Split an id into its parts.

    Raises
    ------
    ValueError
        When there are not six parts.
    """
    parts = result_id.split(".")
    if len(parts) != len(IdParts._fields):
        raise ValueError(f"a result's id has six parts joined by points: {result_id!r}")
    return IdParts(*parts)
