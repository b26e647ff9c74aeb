"""Independent random streams: one for each domain of the cohort, derived from seed and name.

A domain never draws from another one's stream, so a setting or a draw that is added to one leaves
the others' numbers as they were. What a domain is conditional on all the same is in
:data:`DEPENDS_ON`: nobody answers at a visit that was missed, and a log holds the sessions of that
device.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEPENDS_ON", "DOMAINS", "FRAME", "Streams"]

FRAME = ("enrolment", "trajectories", "attendance")
"""Who took part, how each condition goes, and who was seen when: what all else depends on."""

DEPENDS_ON: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "enrolment": (),
        "trajectories": ("enrolment",),
        "attendance": ("enrolment", "trajectories"),
        "people": ("enrolment",),
        "vas": FRAME,
        "odi": FRAME,
        "eq5d": FRAME,
        "opioids": FRAME,
        "lead_faults": FRAME,
        "adverse_events": (*FRAME, "lead_faults"),
        "device_events": (*FRAME, "lead_faults"),
        "use": FRAME,
        "logs": (*FRAME, "use"),
    }
)
"""Domain to the domains whose outcome it is conditional on, all of them named."""

DOMAINS = tuple(DEPENDS_ON)


class Streams:
    """The random streams of one cohort.

    Parameters
    ----------
    seed
        Seed of the cohort.
    attempt
        Number of the draw of the whole cohort, 0 for the first.
    """

    def __init__(self, seed: int, attempt: int = 0) -> None:
        self._key = (seed, attempt)
        self._open: dict[str, np.random.Generator] = {}
        self._restarts: dict[str, int] = {}

    def of(self, domain: str) -> np.random.Generator:
        """Return the stream of a domain; the same object each time, so that draws go on.

        Raises
        ------
        KeyError
            When there is no such domain.
        """
        if domain not in self._open:
            DEPENDS_ON[domain]
            self._open[domain] = np.random.default_rng(self._sequence(domain))
        return self._open[domain]

    def restart(self, domain: str) -> None:
        """Begin a domain again with other numbers, after a search that did not end."""
        self._restarts[domain] = self._restarts.get(domain, 0) + 1
        self._open.pop(domain, None)

    def seed_of(self, domain: str, part: str) -> int:
        """Return a seed of its own for a part of a domain, one participant's for instance."""
        DEPENDS_ON[domain]
        return int(self._sequence(f"{domain}/{part}").generate_state(1)[0])

    def _sequence(self, name: str) -> np.random.SeedSequence:
        words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype="<u4")
        restart = self._restarts.get(name, 0)
        return np.random.SeedSequence([*self._key, restart, *(int(word) for word in words)])
