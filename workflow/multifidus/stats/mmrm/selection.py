"""Which covariance structure is fitted: the one asked for, or the first of a declared order.

A structure that cannot be fitted from the plain start is tried from others, with each visit on its
own scale, before the next structure is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.mmrm.optimise import NotFittedError, Optimum, maximise, search_cholesky
from multifidus.stats.mmrm.structures import Structure, by_group, structure_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multifidus.stats.mmrm.compression import Compressed
    from multifidus.stats.mmrm.preparation import Problem

__all__ = ["DEFAULT_FALLBACK", "fit_first"]

DEFAULT_FALLBACK: tuple[str, ...] = (
    "heterogeneous_toeplitz",
    "heterogeneous_ar1",
    "compound_symmetry",
)


def fit_first(
    plain: Problem,
    weighted: Callable[[], Problem],
    covariance: str,
    fallback: tuple[str, ...],
    *,
    reml: bool,
    groups: tuple[str, ...] = (),
) -> tuple[Problem, Optimum, Structure, tuple[tuple[str, str], ...]]:
    """Fit the first structure of the declared order that can be fitted.

    Parameters
    ----------
    plain
        The problem with one scale.
    weighted
        Gives the problem with a scale for each visit; called when a search fails.
    groups
        Groups with covariances of their own, whose visits follow each other.

    Raises
    ------
    StatisticsError
        ``STA-111`` for an unknown structure, ``STA-118`` when none can be fitted.
    """
    skipped: list[tuple[str, str]] = []
    for name in dict.fromkeys([covariance, *fallback]):
        m = len(plain.start) // max(len(groups), 1)
        structure = structure_for(name, m)
        structure = by_group(structure, groups) if groups else structure
        try:
            for k in range(max(len(groups), 1)):
                _identified(plain.data, name, slice(k * m, (k + 1) * m))
            problem, optimum = _fit(plain, weighted, structure, reml=reml)
        except NotFittedError as reason:
            skipped.append((name, str(reason)))
            continue
        return problem, optimum, structure, tuple(skipped)
    tried = "; ".join(f"{name}: {reason}" for name, reason in skipped)
    raise StatisticsError("STA-118", f"No covariance structure could be fitted ({tried}).")


def _fit(
    plain: Problem, weighted: Callable[[], Problem], structure: Structure, *, reml: bool
) -> tuple[Problem, Optimum]:
    """Fit one structure: from the plain start, else the best maximum from several others."""
    try:
        return plain, maximise(plain.data, structure, plain.start, reml=reml)
    except NotFittedError as reason:
        first = reason
    own_scales = structure.name == "unstructured" or structure.name.startswith("heterogeneous")
    problem = weighted() if own_scales else plain
    found: list[Optimum] = []
    for start in _starts(problem, structure, reml=reml):
        try:
            found.append(maximise(problem.data, structure, start, reml=reml))
        except NotFittedError:
            continue
    if not found:
        raise first
    return problem, min(found, key=lambda optimum: optimum.state.deviance)


def _starts(problem: Problem, structure: Structure, *, reml: bool) -> Iterator[np.ndarray]:
    """Give covariance matrices to start from, all on the problem's scale."""
    m = len(problem.start)
    spread = np.sqrt(np.diag(problem.start))
    corr = np.eye(m)
    alike = (np.eye(m) + 1.0) / 2
    starts = [problem.start, *(part * np.outer(spread, spread) for part in (corr, alike))]
    yield from starts
    if structure.name == "unstructured":
        for start in starts:
            yield search_cholesky(problem.data, start, reml=reml)


def _identified(data: Compressed, name: str, own: slice) -> None:
    """Refuse a structure whose parameters the visit patterns of a group cannot determine."""
    together = data.seen_together[own, own]
    subjects = float(data.counts[data.masks[:, own].any(axis=1)].sum())
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
        if subjects <= m:
            raise NotFittedError("there are not more participants than visits")
    if name.endswith("toeplitz"):
        lags = [np.diagonal(together, k).sum() for k in range(1, m)]
        if not all(lags):
            raise NotFittedError("some distance between visits is never seen in one participant")
