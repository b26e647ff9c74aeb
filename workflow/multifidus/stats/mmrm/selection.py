"""Which covariance structure is fitted: the one asked for, or the first of a declared order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.mmrm.optimise import NotFittedError, Optimum, maximise
from multifidus.stats.mmrm.structures import Structure, structure_for

if TYPE_CHECKING:
    from multifidus.stats.mmrm.compression import Compressed

__all__ = ["DEFAULT_FALLBACK", "fit_first"]

DEFAULT_FALLBACK: tuple[str, ...] = (
    "heterogeneous_toeplitz",
    "heterogeneous_ar1",
    "compound_symmetry",
)


def fit_first(
    data: Compressed, start: np.ndarray, covariance: str, fallback: tuple[str, ...], *, reml: bool
) -> tuple[Optimum, Structure, tuple[tuple[str, str], ...]]:
    """Fit the first structure of the declared order that can be fitted."""
    skipped: list[tuple[str, str]] = []
    for name in dict.fromkeys([covariance, *fallback]):
        structure = structure_for(name, len(start))
        try:
            _identified(data, name)
            optimum = maximise(data, structure, start, reml=reml)
        except NotFittedError as reason:
            skipped.append((name, str(reason)))
            continue
        return optimum, structure, tuple(skipped)
    tried = "; ".join(f"{name}: {reason}" for name, reason in skipped)
    raise StatisticsError("STA-118", f"No covariance structure could be fitted ({tried}).")


def _identified(data: Compressed, name: str) -> None:
    """Refuse a structure whose parameters the visit patterns cannot determine."""
    together = data.seen_together
    if name == "unstructured" or name.startswith("heterogeneous"):
        alone = int((np.diag(together) < 2).sum())  # noqa: PLR2004 - a variance needs two
        if alone:
            raise NotFittedError(f"visits seen in fewer than two participants: {alone}")
    m = len(together)
    if m > 1 and not np.triu(together, 1).any():
        raise NotFittedError("no participant is seen at two visits")
    if name == "unstructured":
        pairs = int((together[np.triu_indices(m, 1)] == 0).sum())
        if pairs:
            raise NotFittedError(f"pairs of visits never seen in one participant: {pairs}")
        if data.subjects <= m:
            raise NotFittedError("there are not more participants than visits")
    if name.endswith("toeplitz"):
        lags = [np.diagonal(together, k).sum() for k in range(1, m)]
        if not all(lags):
            raise NotFittedError("some distance between visits is never seen in one participant")
