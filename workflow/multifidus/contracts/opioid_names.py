"""Names of opioids as prescriptions write them: the one opioid of a combination product."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set

__all__ = ["NON_OPIOID_PARTNERS", "opioid_in"]

NON_OPIOID_PARTNERS = frozenset(
    ("paracetamol", "acetaminophen", "ibuprofen", "aspirin", "naloxone", "naltrexone", "caffeine",
     "celecoxib", "dexketoprofen", "homatropine")
)  # fmt: skip
"""Partners in combination products; they carry no dose of an opioid."""
_JOINED = re.compile(r"\s*[/+-]\s*|\s+(?:and|with)\s+")


def opioid_in(name: str, drugs: Set[str]) -> str | None:
    """Return the one opioid of a drug name, or None when it cannot be determined.

    The parts of a combination product are joined by ``/``, ``+``, ``-``, "and" or "with"; its dose
    is the opioid's.

    Parameters
    ----------
    name
        Name of the product.
    drugs
        Generic names, lower case, of the opioids that have a conversion factor.
    """
    parts = [part.strip() for part in _JOINED.split(name.strip().lower())]
    known = [part for part in parts if part in drugs]
    rest = set(parts) - set(known) - NON_OPIOID_PARTNERS
    return known[0] if len(known) == 1 and not rest else None
