"""Least squares means, their contrasts, and Type 3 hypotheses as rows on the coefficients."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import pandas as pd

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, as_frame
from multifidus.stats.inputs import check_alpha, check_choice, check_number, finite_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from multifidus.stats.mmrm.design import Design

__all__ = ["Fit", "MarginalMeans", "least_squares_means", "type3_rows"]


class Fit(Protocol):
    """A fitted model that can estimate combinations of its coefficients."""

    @property
    def alpha(self) -> float:
        """One minus the confidence level."""
        ...

    @property
    def design(self) -> Design:
        """The design of the model."""
        ...

    @property
    def coefficient_covariance(self) -> np.ndarray:
        """Covariance of the coefficients, shape ``(p, p)``."""
        ...

    def contrast(
        self, weights: npt.ArrayLike, label: str = ..., *, alpha: float | None = ...
    ) -> Estimate:
        """Return one combination, ``weights`` of shape ``(p,)``."""
        ...


@dataclass(frozen=True)
class MarginalMeans:
    """Least squares means over the levels of some factors.

    Attributes
    ----------
    factors
        The factors, in the order of the labels.
    levels
        One tuple of levels per mean.
    rows
        Weights on the design columns, shape ``(means, p)``.
    estimates
        One estimate per mean.
    """

    factors: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    rows: np.ndarray
    estimates: tuple[Estimate, ...]
    alpha: float
    fit: Fit = field(repr=False)

    def table(self) -> pd.DataFrame:
        """Return one row per mean, factors first.

        Raises
        ------
        StatisticsError
            ``STA-119`` for a factor with the name of another column of the table.
        """
        shared = sorted(set(self.factors) & {field.name for field in fields(Estimate)} - {"label"})
        if shared:
            raise StatisticsError(
                "STA-119", f"Factor `{shared[0]}` has the name of a column of results; rename it."
            )
        head = pd.DataFrame(list(self.levels), columns=list(self.factors))
        return pd.concat([head, as_frame(self.estimates).drop(columns="label")], axis=1)

    def contrast(self, weights: npt.ArrayLike, label: str = "contrast") -> Estimate:
        """Return a linear combination of the means, ``weights`` of shape ``(means,)``.

        Raises
        ------
        StatisticsError
            ``STA-113`` for a wrong number of weights, ``STA-001`` or ``STA-002`` for weights that
            are no finite numbers.
        """
        row = finite_vector(weights, "weights")
        if len(row) != len(self.rows):
            raise StatisticsError(
                "STA-113", f"A contrast of these means needs {len(self.rows)} weights, one each."
            )
        combined = row @ self.rows
        return self.fit.contrast(combined, label, alpha=self.alpha)

    def differences(
        self, factor: str, reference: str, *, average: bool = False
    ) -> tuple[Estimate, ...]:
        """Return differences from the ``reference`` level of ``factor`` at each other level.

        Parameters
        ----------
        average
            Average the differences over the other factors with equal weights, instead of one
            difference per combination of their levels.

        Raises
        ------
        StatisticsError
            ``STA-119`` for an unknown factor or level.
        """
        rows, labels = self._difference_rows(factor, reference, average=average)
        return tuple(
            self.fit.contrast(row, label, alpha=self.alpha)
            for row, label in zip(rows, labels, strict=True)
        )

    def difference_covariance(
        self, factor: str, reference: str, *, average: bool = False
    ) -> np.ndarray:
        """Return the covariance of :meth:`differences`, shape ``(k, k)``, for Dunnett's test."""
        rows, _ = self._difference_rows(factor, reference, average=average)
        # coefficients that were not estimated have no part in differences that can be
        spread = np.nan_to_num(self.fit.coefficient_covariance)
        return np.asarray(rows @ spread @ rows.T)

    def _difference_rows(
        self, factor: str, reference: str, *, average: bool
    ) -> tuple[np.ndarray, list[str]]:
        """Return the weights of differences on the design columns, ``(k, p)``, and labels."""
        if factor not in self.factors:
            raise StatisticsError("STA-119", f"These LS means have no factor `{factor}`.")
        place = self.factors.index(factor)
        index = {level: number for number, level in enumerate(self.levels)}
        others = sorted(
            {level[place] for level in self.levels}, key=[x[place] for x in self.levels].index
        )
        if reference not in others:
            raise StatisticsError("STA-119", f"The reference level of `{factor}` is unknown.")
        found, labels = [], []
        for other in (level for level in others if level != reference):
            pairs = [
                (level, (*level[:place], reference, *level[place + 1 :]))
                for level in self.levels
                if level[place] == other
            ]
            rows = [self.rows[index[a]] - self.rows[index[b]] for a, b in pairs]
            if average:
                found.append(np.mean(rows, axis=0))
                labels.append(f"{other} - {reference}")
                continue
            found += rows
            labels += [_pair_label(level, place, reference) for level, _ in pairs]
        return np.array(found), labels


def _pair_label(level: tuple[str, ...], place: int, reference: str) -> str:
    rest = ", ".join(part for index, part in enumerate(level) if index != place)
    return f"{level[place]} - {reference}" + (f" at {rest}" if rest else "")


def least_squares_means(
    fit: Fit,
    factors: str | Sequence[str],
    *,
    weights: Literal["equal", "proportional"],
    at: Mapping[str, Any] | None,
    alpha: float | None,
    estimate: Callable[[np.ndarray, str, float], Estimate],
) -> MarginalMeans:
    """Return the LS means of ``fit``; ``estimate`` takes weights, label and alpha.

    Raises
    ------
    StatisticsError
        ``STA-114`` not estimable, ``STA-119`` unknown factor, covariate, level or weighting.
    """
    names = (factors,) if isinstance(factors, str) else tuple(factors)
    if not all(isinstance(name, str) for name in names):
        raise StatisticsError("STA-119", "LS means run over factors; give their names.")
    rows, labels = _lsmean_rows(fit.design, names, weights, at or {})
    level = fit.alpha if alpha is None else check_alpha(alpha)
    estimates = tuple(
        estimate(row, ", ".join(label), level) for row, label in zip(rows, labels, strict=True)
    )
    return MarginalMeans(names, labels, rows, estimates, level, fit)


def _lsmean_rows(
    design: Design,
    factors: tuple[str, ...],
    weights: Literal["equal", "proportional"],
    at: Mapping[str, Any],
) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Return the design weights of the LS means and their labels.

    Raises
    ------
    StatisticsError
        ``STA-119`` for an unknown factor, covariate, level or weighting.
    """
    _check_names(design, factors, weights, at)
    levels = {name: (at[name],) if name in at else values for name, values in design.levels.items()}
    grid = pd.DataFrame(list(product(*levels.values())), columns=list(levels))
    for name, mean in design.covariate_means.items():
        grid[name] = float(at.get(name, mean))
    if not levels:
        grid = pd.DataFrame(
            {name: [value] for name, value in {**design.covariate_means, **at}.items()}
        )
    rows = design.rows_for(grid)
    share = _shares(design, grid, factors, weights)
    labels = list(product(*(levels[name] for name in factors)))
    member = np.array([labels.index(key) for key in _keys(grid, factors)])
    averaged = np.zeros((len(labels), rows.shape[1]))
    total = np.zeros(len(labels))
    np.add.at(averaged, member, rows * share[:, None])
    np.add.at(total, member, share)
    if (total == 0).any():
        raise StatisticsError(
            "STA-114", "Proportional weights need data at every level asked for; use equal weights."
        )
    names = tuple(tuple(str(part) for part in label) for label in labels)
    return averaged / total[:, None], names


def _keys(frame: pd.DataFrame, factors: Sequence[str]) -> list[tuple[Any, ...]]:
    if not factors:
        return [()] * len(frame)
    return list(zip(*(frame[name] for name in factors), strict=True))


def _check_names(
    design: Design, factors: tuple[str, ...], weights: str, at: Mapping[str, Any]
) -> None:
    if len(set(factors)) < len(factors):
        raise StatisticsError("STA-119", "LS means take each factor once.")
    absent = [str(name) for name in factors if name not in design.levels]
    known = {*design.levels, *design.covariate_means}
    absent += [str(name) for name in at if name not in known]
    if absent:
        raise StatisticsError(
            "STA-119",
            f"{', '.join(absent)} is not among the model's {', '.join(sorted(known)) or 'terms'}; "
            "LS means run over its factors.",
        )
    for name, value in at.items():
        if name in design.covariate_means:
            check_number(value, f"at[{name}]")
        elif not np.isscalar(value) or value not in design.levels[name]:
            raise StatisticsError("STA-119", "A factor is held at a level that does not occur.")
    check_choice(weights, ("equal", "proportional"), "weights", "STA-119")


def _shares(design: Design, grid: pd.DataFrame, factors: Sequence[str], weights: str) -> np.ndarray:
    """Return the weight of each grid row: one, or the rows used at its averaged-over factors."""
    averaged = [name for name in design.levels if name not in factors]
    if weights == "equal" or not averaged:
        return np.ones(len(grid))
    counts = design.frame.groupby(averaged, observed=True).size()
    table = {key if isinstance(key, tuple) else (key,): n for key, n in counts.items()}
    return np.array([float(table.get(key, 0)) for key in _keys(grid, averaged)])


def type3_rows(design: Design) -> list[tuple[str, np.ndarray]]:
    """Return each term's Type 3 hypothesis as rows on the coefficients (intercept left out).

    The rows are those of reference coding: each holds one column of the term once, and of the terms
    that contain it the average over the other factors' levels. The hypothesis, and so F, does not
    depend on the choice of rows; the Satterthwaite df of several rows does, and SAS PROC MIXED and
    R mmrm take these.
    """
    coded, terms = design.sum_coded()
    change = np.linalg.lstsq(coded, design.x, rcond=None)[0]
    own = dict(design.terms)
    return [
        (name, np.linalg.solve(change[part][:, own[name]], change[part]))
        for name, part in terms
        if name != "1"
    ]
