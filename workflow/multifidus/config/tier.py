"""The data tier: what kind of data a run rests on."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Tier"]


class Tier(StrEnum):
    """What kind of data a run rests on. Every output carries it."""

    PUBLISHED = "published"
    SYNTHETIC = "synthetic"
    PUBLIC = "public"
    RESTRICTED = "restricted"

    @property
    def banner(self) -> str:
        """One sentence for every page of an output of this tier."""
        return {
            Tier.PUBLISHED: "Published figures only: no participant data",
            Tier.SYNTHETIC: "Synthetic cohort, calibrated to published figures: not trial data",
            Tier.PUBLIC: "Public, de-identified participant data",
            Tier.RESTRICTED: "Restricted participant data: not for distribution",
        }[self]

    @property
    def sensitivity(self) -> str:
        """Who may see an output of this tier: ``open`` or ``restricted``."""
        return "restricted" if self is Tier.RESTRICTED else "open"
