r"""Participants grouped by visit pattern and compressed to sufficient statistics.

For one pattern of observed visits, flatten each participant's rows of :math:`[X_i \mid y_i]` into
one line, so the pattern is a matrix :math:`F` of ``N`` lines. All sums over participants that the
likelihood needs are quadratic in those lines, hence unchanged when :math:`F = QR` is replaced by
:math:`R`: ``rank(F)`` pseudo-participants stand for ``N``. Baseline-by-visit designs have few
distinct columns (intercept, arm, baseline, outcomes), so the cost of a fit depends on the number
of patterns and not on the number of participants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from multifidus.stats.mmrm.design import Design

__all__ = ["Compressed", "compress"]


@dataclass(frozen=True)
class Compressed:
    """Pseudo-participants, padded with zeros at visits their pattern lacks.

    Attributes
    ----------
    x, y
        Shapes ``(r, m, p)`` and ``(r, m)``, sorted by pattern.
    starts
        First pseudo-participant of each pattern, shape ``(k,)``.
    pattern
        Pattern of each pseudo-participant, shape ``(r,)``.
    counts
        Participants per pattern, shape ``(k,)``.
    masks
        Observed visits per pattern, shape ``(k, m)``.
    rows, subjects
        Number of observations and of participants they stand for.
    """

    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    pattern: np.ndarray
    counts: np.ndarray
    masks: np.ndarray
    rows: int
    subjects: int

    @property
    def seen_together(self) -> np.ndarray:
        """Participants in whom visits ``a`` and ``b`` are both seen, shape ``(m, m)``."""
        weighted = self.masks * self.counts[:, None]
        return np.asarray(weighted.T @ self.masks.astype(float))


def compress(design: Design) -> Compressed:
    """Compress ``design`` pattern by pattern (see the module's text)."""
    m = len(design.visit_levels)
    n = int(design.subject[-1]) + 1
    position = np.full((n, m), -1)
    position[design.subject, design.visit] = np.arange(len(design.y))
    masks, member = _patterns(position >= 0)
    rows = np.column_stack([design.x, design.y])
    blocks = [
        _compress_pattern(rows, position[member == k][:, mask]) for k, mask in enumerate(masks)
    ]
    sizes = np.array([len(block) for block in blocks])
    padded = np.zeros((int(sizes.sum()), m, rows.shape[1]))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for start, size, mask, block in zip(starts, sizes, masks, blocks, strict=True):
        padded[start : start + size, mask] = block
    return Compressed(
        x=np.ascontiguousarray(padded[:, :, :-1]),
        y=np.ascontiguousarray(padded[:, :, -1]),
        starts=starts,
        pattern=np.repeat(np.arange(len(masks)), sizes),
        counts=np.bincount(member, minlength=len(masks)).astype(float),
        masks=masks,
        rows=len(design.y),
        subjects=n,
    )


def _patterns(observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows of a boolean matrix and each row's number among them."""
    packed = np.packbits(observed, axis=1)
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, member = np.unique(keys, return_index=True, return_inverse=True)
    return observed[first], member.ravel()


def _compress_pattern(rows: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return pseudo-participants, shape ``(r, visits, p + 1)``, of one pattern."""
    n, visits = position.shape
    width = rows.shape[1]
    flat = rows[position].reshape(n, visits * width)
    distinct, source = _distinct_columns(flat)
    if n <= len(distinct):
        return np.asarray(flat.reshape(n, visits, width))
    triangle = np.asarray(np.linalg.qr(flat[:, distinct], mode="r"))
    wide = np.zeros((len(triangle), visits * width))
    filled = source >= 0
    wide[:, filled] = triangle[:, source[filled]]
    return wide.reshape(-1, visits, width)


def _distinct_columns(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the non-zero distinct columns, and for each column which of them it equals."""
    columns = np.ascontiguousarray(flat.T)
    source = np.full(len(columns), -1)
    seen: dict[bytes, int] = {}
    distinct: list[int] = []
    for index, column in enumerate(columns):
        if not column.any():
            continue
        key = column.tobytes()
        if key not in seen:
            seen[key] = len(distinct)
            distinct.append(index)
        source[index] = seen[key]
    return np.array(distinct, dtype=int), source
