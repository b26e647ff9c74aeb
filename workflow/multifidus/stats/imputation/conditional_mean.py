r"""Conditional-mean imputation with the jackknife (Wolbers and others 2022).

Missing outcomes are set to their means given the observed ones under the maximum (restricted)
likelihood estimates of a mixed model and the strategy of the participant; the standard error comes
from leaving out one participant after another, model and analysis included. Without random draws
the answer is the same every time, and its variance is that over repeated trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, t_estimate
from multifidus.stats.imputation.inputs import (
    arm_codes,
    checked_outcomes,
    covariate_table,
    level_of,
)
from multifidus.stats.imputation.profiles import (
    BORROWED,
    STRATEGIES,
    AfterEvent,
    Strategy,
    after_events,
    chosen_strategies,
    mean_profiles,
)
from multifidus.stats.inputs import check_alpha, check_choice
from multifidus.stats.mmrm.design import build_design
from multifidus.stats.mmrm.model import fit_design, grouped_design

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from multifidus.stats.mmrm.design import Design

__all__ = ["ConditionalMeans", "conditional_means", "jackknife_difference"]


@dataclass(frozen=True)
class ConditionalMeans:
    """Outcomes completed by conditional means.

    Attributes
    ----------
    completed
        Shape ``(n, m)``; observed values that are used are kept.
    imputed
        Which values were imputed, shape ``(n, m)``.
    """

    completed: np.ndarray
    imputed: np.ndarray
    method: str


@dataclass(frozen=True)
class _Trial:
    """Checked data of all participants, and the design of their model.

    ``who`` is the participant of each of the design's rows; ``own`` and ``other`` are its rows at
    every visit in the own and in the reference arm, shape ``(n, m, p)``.
    """

    table: np.ndarray
    covariates: np.ndarray
    arm: np.ndarray
    arms: int
    reference: int | None
    strategies: np.ndarray
    onset: np.ndarray
    level: float | None
    groups: tuple[str, ...]
    design: Design
    who: np.ndarray
    own: np.ndarray
    other: np.ndarray

    def without(self, row: int) -> _Trial:
        """Return the trial without one participant."""
        kept, design = np.arange(len(self.table)) != row, self.design
        used = self.who != row
        who = self.who[used] - (self.who[used] > row)
        fewer = replace(
            design, x=design.x[used], y=design.y[used], visit=design.visit[used],
            subject=np.unique(who, return_inverse=True)[1], source=design.source[used],
        )  # fmt: skip
        return replace(
            self, table=self.table[kept], covariates=self.covariates[kept], arm=self.arm[kept],
            strategies=self.strategies[kept], onset=self.onset[kept], design=fewer, who=who,
            own=self.own[kept], other=self.other[kept],
        )  # fmt: skip


def conditional_means(
    outcomes: npt.ArrayLike,
    covariates: npt.ArrayLike | None,
    arm: npt.ArrayLike,
    *,
    reference: object = None,
    strategy: Strategy | Sequence[Strategy] = "mar",
    level: float | None = None,
    event: npt.ArrayLike | None = None,
    after_event: AfterEvent = "drop",
    covariance: Literal["common", "by_arm"] = "common",
) -> ConditionalMeans:
    """Return outcomes with missing values at their conditional means.

    Parameters are those of :func:`multifidus.stats.imputation.multiple.impute`. The model is an
    MMRM by REML with arm and each covariate by visit and an unstructured covariance.

    Raises
    ------
    StatisticsError
        ``STA-251``, ``STA-254``, ``STA-257`` as there; ``STA-118`` when the model cannot be fitted;
        ``STA-115`` when an arm has no value at a visit.
    """
    trial = _trial(
        outcomes, covariates, arm, reference, strategy, level=level, event=event,
        after_event=after_event, covariance=covariance,
    )  # fmt: skip
    words = ", ".join(STRATEGIES[s] for s in sorted(set(trial.strategies)))
    method = f"conditional-mean imputation, MMRM by REML, {words}"
    method += ", covariance by arm" if trial.groups else ""
    return ConditionalMeans(_completed(trial), np.isnan(trial.table), method)


def jackknife_difference(
    outcomes: npt.ArrayLike,
    covariates: npt.ArrayLike | None,
    arm: npt.ArrayLike,
    *,
    reference: object,
    visit: int,
    strategy: Strategy | Sequence[Strategy] = "mar",
    level: float | None = None,
    event: npt.ArrayLike | None = None,
    after_event: AfterEvent = "drop",
    covariance: Literal["common", "by_arm"] = "common",
    alpha: float = 0.05,
) -> Estimate:
    """Return the difference of two arms at a visit by analysis of covariance of completed outcomes.

    The other arm minus the ``reference``, adjusted for the covariates; standard error by the
    jackknife over participants, normal test and limits (as R rbmi).

    Parameters
    ----------
    visit
        Number of the visit, from 1.

    Raises
    ------
    StatisticsError
        As :func:`conditional_means`; ``STA-255`` for arms that are not two or a visit that is none.
    """
    check_alpha(alpha)
    trial = _trial(
        outcomes, covariates, arm, reference, strategy, level=level, event=event,
        after_event=after_event, covariance=covariance,
    )  # fmt: skip
    n, m = trial.table.shape
    if trial.arms != 2 or trial.reference is None or visit not in range(1, m + 1):  # noqa: PLR2004
        raise StatisticsError(
            "STA-255", f"Give two arms, the reference one, and a visit from 1 to {m}."
        )
    value = _difference(trial, visit - 1)
    left_out = np.array([_difference(trial.without(row), visit - 1) for row in range(n)])
    se = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    words = ", ".join(STRATEGIES[s] for s in sorted(set(trial.strategies)))
    method = f"conditional-mean imputation, {words}, analysis of covariance, jackknife"
    return t_estimate("difference", value, se, np.inf, alpha=alpha, method=method)


def _trial(
    outcomes: npt.ArrayLike,
    covariates: npt.ArrayLike | None,
    arm: npt.ArrayLike,
    reference: object,
    strategy: Strategy | Sequence[Strategy],
    *,
    level: float | None,
    event: npt.ArrayLike | None,
    after_event: AfterEvent,
    covariance: Literal["common", "by_arm"],
) -> _Trial:
    """Check the data."""
    check_choice(covariance, ("common", "by_arm"), "covariance", "STA-257")
    table, onset = after_events(checked_outcomes(outcomes), event, after_event)
    z = covariate_table(table, covariates)
    codes, arms, place = arm_codes(table, arm, reference)
    strategies = chosen_strategies(strategy, len(table), has_reference=place is not None)
    level = level_of(level, strategies)
    design, groups, who = _design(table, z, codes, arms, by_arm=covariance == "by_arm")
    own = _rows(design, z, codes, table.shape[1])
    other = own if place is None else _rows(design, z, np.full_like(codes, place), table.shape[1])
    return _Trial(
        table, z, codes, arms, place, strategies, onset, level, groups, design, who, own,
        other,
    )  # fmt: skip


def _completed(trial: _Trial) -> np.ndarray:
    """Return the completed outcomes."""
    fit = fit_design(
        trial.design, covariance="unstructured", reml=True, df_method="satterthwaite", fallback=(),
        aliased="refuse", alpha=0.05, groups=trial.groups,
    )  # fmt: skip
    m = trial.table.shape[1]
    beta = np.array([each.estimate for each in fit.coefficients])
    own, other = trial.own @ beta, trial.other @ beta
    centre = mean_profiles(own[None], other[None], trial.strategies, trial.onset, trial.level)[0]
    sigma = fit.covariance
    blocks = [sigma[k * m : (k + 1) * m, k * m : (k + 1) * m] for k in range(len(sigma) // m)]
    completed = trial.table.copy()
    for row in np.flatnonzero(np.isnan(completed).any(axis=1)):
        spread = blocks[trial.arm[row]] if trial.groups else blocks[0]
        if trial.groups and trial.reference is not None and trial.strategies[row] in BORROWED:
            start = 0 if trial.strategies[row] == "cr" else int(trial.onset[row])
            spread = _joined(spread, blocks[trial.reference], start)
        gone = np.isnan(completed[row])
        seen = ~gone
        pull = np.zeros(int(gone.sum()))
        if seen.any():
            off = completed[row, seen] - centre[row, seen]
            pull = spread[np.ix_(gone, seen)] @ np.linalg.solve(spread[np.ix_(seen, seen)], off)
        completed[row, gone] = centre[row, gone] + pull
    return completed


def _joined(own: np.ndarray, other: np.ndarray, start: int) -> np.ndarray:
    """Return the own covariance before ``start`` with the other's regression from there on.

    Carpenter, Roger and Kenward (2013), Journal of Biopharmaceutical Statistics 23:1352-1371.
    """
    if start == 0:
        return other
    if start >= len(own):
        return own
    slope = np.linalg.solve(other[:start, :start], other[:start, start:]).T
    rest = other[start:, start:] - slope @ other[:start, start:]
    lower = slope @ own[:start, :start]
    return np.block([[own[:start, :start], lower.T], [lower, rest + lower @ slope.T]])


def _frame(
    covariates: np.ndarray, people: np.ndarray, visits: np.ndarray, arm: np.ndarray
) -> pd.DataFrame:
    """Return the columns of the model for some participants, visits and arms."""
    labels = np.array([f"{code:06d}" for code in arm], dtype=object)
    columns = {f"z{k}": column[people] for k, column in enumerate(covariates.T)}
    # participants are put in the order of their names as text
    who = np.array([f"{row:012d}" for row in people], dtype=object)
    return pd.DataFrame({"who": who, "visit": visits, "arm": labels, **columns})


def _design(
    table: np.ndarray, covariates: np.ndarray, arm: np.ndarray, arms: int, *, by_arm: bool
) -> tuple[Design, tuple[str, ...], np.ndarray]:
    """Return the design of the values that are used, its groups and its rows' participants."""
    m = table.shape[1]
    rows, visits = np.nonzero(~np.isnan(table))
    if len(np.unique(visits)) < m:
        raise StatisticsError("STA-252", "A visit has no value that is used; leave it out.")
    several = m > 1
    terms = ["arm * visit" if several else "arm"] if arms > 1 else ["visit"] * several
    terms += [f"z{k} * visit" if several else f"z{k}" for k in range(covariates.shape[1])]
    frame = _frame(covariates, rows, visits, arm[rows]).assign(y=table[rows, visits])
    formula = f"y ~ {' + '.join(terms) or '1'}"
    design = build_design(frame, formula, subject="who", visit="visit")
    groups: tuple[str, ...] = ()
    if by_arm:
        design, groups = grouped_design(design, frame, "arm")
    who = rows[design.source]
    people = np.unique(who, return_inverse=True)[1]
    return replace(design, subject=people), groups, who


def _rows(design: Design, covariates: np.ndarray, arm: np.ndarray, m: int) -> np.ndarray:
    """Return the design's rows of all participants in these arms, shape ``(n, m, p)``."""
    n = len(arm)
    people, visits = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
    return design.rows_for(_frame(covariates, people, visits, arm[people])).reshape(n, m, -1)


def _difference(trial: _Trial, visit: int) -> float:
    """Return the adjusted difference, other arm minus reference."""
    outcome = _completed(trial)[:, visit]
    other = (trial.arm != trial.reference).astype(float)
    x = np.column_stack([np.ones(len(outcome)), other, trial.covariates])
    return float(np.linalg.lstsq(x, outcome, rcond=None)[0][1])
