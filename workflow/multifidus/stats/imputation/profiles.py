"""What is assumed after a participant's intercurrent event: the strategies and their mean profiles.

An intercurrent event is what ICH E9(R1) calls one, for instance a stop of treatment; the visits
after it may be kept (treatment policy) or dropped and imputed under a strategy (hypothetical).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_choice, finite_vector, same_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = [
    "BORROWED",
    "NO_REFERENCE",
    "STRATEGIES",
    "AfterEvent",
    "Strategy",
    "after_events",
    "chosen_strategies",
    "mean_profiles",
]

Strategy = Literal["mar", "j2r", "cr", "cir", "j2b", "lmcf"]
AfterEvent = Literal["drop", "keep"]
STRATEGIES = MappingProxyType(
    {
        "mar": "missing at random",
        "j2r": "jump to reference",
        "cr": "copy reference",
        "cir": "copy increments from reference",
        "j2b": "jump to baseline",
        "lmcf": "last mean carried forward",
    }
)
NO_REFERENCE = frozenset({"mar", "j2b", "lmcf"})
BORROWED = ("j2r", "cr", "cir")
"""Strategies under which visits after the event have the covariance of the reference arm."""


def chosen_strategies(
    strategy: Strategy | Sequence[Strategy], n: int, *, has_reference: bool
) -> np.ndarray:
    """Return the strategy of each participant.

    Raises
    ------
    StatisticsError
        ``STA-254`` for an unknown one, a wrong number of them, or one that lacks its reference arm.
    """
    each = np.array([strategy] * n if isinstance(strategy, str) else strategy, dtype=object)
    if each.shape != (n,) or not all(isinstance(s, str) and s in STRATEGIES for s in each):
        raise StatisticsError(
            "STA-254", f"A strategy is one of {', '.join(STRATEGIES)}, for all or one each."
        )
    if not has_reference and not set(each) <= NO_REFERENCE:
        raise StatisticsError("STA-254", "Reference-based imputation needs the reference arm.")
    return each


def after_events(
    table: np.ndarray, event: npt.ArrayLike | None, after_event: AfterEvent
) -> tuple[np.ndarray, np.ndarray]:
    """Return the outcomes that are used, and where each participant's strategy begins.

    Parameters
    ----------
    table
        Outcomes, ``NaN`` for missing, shape ``(n, m)``.
    event
        Number of the first visit after the intercurrent event, from 1 to ``m``, ``NaN`` for none;
        ``None``: the strategy begins after the last observed visit.
    after_event
        ``"drop"``: values from that visit on become missing. ``"keep"``: they stay.

    Returns
    -------
    tuple
        Table, and index of the first visit under the strategy (``m`` for none), shape ``(n,)``.

    Raises
    ------
    StatisticsError
        ``STA-257`` for a visit that is none, or an unknown choice.
    """
    check_choice(after_event, ("drop", "keep"), "after_event", "STA-257")
    m = table.shape[1]
    if event is None:
        seen = ~np.isnan(table)
        return table, np.where(seen.any(axis=1), m - np.argmax(seen[:, ::-1], axis=1), 0)
    visit = finite_vector(event, "event", allow_missing=True)
    same_length(table, visit, "`outcomes` and `event`")
    given = visit[~np.isnan(visit)]
    if ((given < 1) | (given > m) | (given != np.floor(given))).any():
        raise StatisticsError(
            "STA-257", f"`event` holds numbers of visits from 1 to {m}, missing for no event."
        )
    onset = np.where(np.isnan(visit), m, np.nan_to_num(visit, nan=1.0) - 1).astype(int)
    if after_event == "drop":
        table = np.where(np.arange(m) >= onset[:, None], np.nan, table)
    return table, onset


def mean_profiles(
    own: np.ndarray,
    other: np.ndarray,
    strategies: np.ndarray,
    onset: np.ndarray,
    level: float | None,
) -> np.ndarray:
    """Return each participant's mean profile under its strategy.

    Parameters
    ----------
    own, other
        Means in the own and in the reference arm, in the outcome's unit, shape ``(c, n, m)``.
    strategies, onset
        Strategy of each participant and the first visit under it, shape ``(n,)``.
    level
        Mean over all participants that ``"j2b"`` jumps to.
    """
    if set(strategies) == {"mar"}:
        return own
    after = np.arange(own.shape[2]) >= onset[:, None]
    rows, anchor = np.arange(len(onset)), np.maximum(onset - 1, 0)
    before = onset > 0
    step = (own - other)[:, rows, anchor] * before
    last = own[:, rows, anchor][:, :, None]
    chosen = strategies[:, None]
    profile = np.where((chosen == "j2r") & after, other, own)
    profile = np.where(chosen == "cr", other, profile)
    profile = np.where((chosen == "lmcf") & after & before[:, None], last, profile)
    if level is not None:
        fall = own - own.mean(axis=1, keepdims=True) + level
        profile = np.where((chosen == "j2b") & after, fall, profile)
    return np.where((chosen == "cir") & after, other + step[:, :, None], profile)
