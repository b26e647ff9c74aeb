"""The divergence register as the scorecard asks it: what may differ, why, and how far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Expected", "Register", "register_of"]


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a figure of ours lies when a declared divergence explains its difference.

    Parameters
    ----------
    verdict
        Verdict of a figure inside the range.
    lower, upper
        The range, in the unit of the print.
    basis
        Where the range comes from.
    """

    verdict: str
    lower: float
    upper: float
    basis: str

    @property
    def words(self) -> str:
        """The range in one sentence."""
        if self.lower == self.upper:
            return f"Expected: {self.lower:g}. {self.basis}"
        return f"Expected: {self.lower:g} to {self.upper:g}. {self.basis}"


@dataclass(frozen=True, slots=True)
class Register:
    """The divergence register.

    Parameters
    ----------
    reasons
        Divergence to its reason.
    ranges
        Claim and part to where ours is expected.
    """

    reasons: Mapping[str, str]
    ranges: Mapping[tuple[str, str], Expected]

    def expected(self, claim_id: str, part: str) -> Expected | None:
        """Return where ours is expected, or nothing when no divergence explains a difference."""
        return self.ranges.get((claim_id, part))


def register_of(divergences: pd.DataFrame, figures: pd.DataFrame) -> Register:
    """Return the register of ``divergences.csv`` and ``divergent_figures.csv``."""
    return Register(
        dict(zip(divergences["divergence_id"], divergences["reason"], strict=True)),
        {
            (row["claim_id"], row["part"]): Expected(
                row["verdict"], float(row["lower"]), float(row["upper"]), row["basis"]
            )
            for row in figures.to_dict("records")
        },
    )
