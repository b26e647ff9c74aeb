"""Checks on what an imputation is given, and the covariate rows of its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_number, finite_table, group_codes, same_length
from multifidus.stats.ties import settle

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "arm_codes",
    "arm_designs",
    "check_run",
    "checked_outcomes",
    "covariate_table",
    "level_of",
    "rows_of_arms",
]


def rows_of_arms(arm: npt.ArrayLike | None, reference: object) -> tuple[list[np.ndarray], int]:
    """Return the rows of each arm, and which of them is the reference arm."""
    if arm is None:
        raise StatisticsError("STA-254", "A covariance by arm needs the arm of each participant.")
    levels, codes = group_codes(arm, "arm")
    place = levels.index(reference) if reference in levels else 0
    return [np.flatnonzero(codes == k) for k in range(len(levels))], place


def check_run(**numbers: int) -> None:
    """Refuse numbers of draws, or a seed, that are not whole or are too small (``STA-253``)."""
    least = {"imputations": 1, "seed": 0, "burn_in": 0, "thin": 1}
    for name, value in numbers.items():
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least[name]:
            raise StatisticsError(
                "STA-253", f"`{name}` must be a whole number of at least {least[name]}."
            )


def level_of(level: float | None, strategies: npt.NDArray[np.str_]) -> float | None:
    """Return the mean at baseline, or refuse one that ``"j2b"`` lacks (``STA-254``)."""
    if level is None and "j2b" not in strategies:
        return None
    try:
        return check_number(level, "level")
    except StatisticsError:
        raise StatisticsError(
            "STA-254", "A jump to baseline needs the finite mean at baseline."
        ) from None


def _finite_numbers(values: npt.ArrayLike, name: str, *, allow_missing: bool) -> np.ndarray:
    """Return a table of finite numbers, or refuse it (``STA-251``)."""
    try:
        return finite_table(values, name, allow_missing=allow_missing)
    except StatisticsError as error:
        raise StatisticsError("STA-251", error.message) from None


def checked_outcomes(outcomes: npt.ArrayLike) -> np.ndarray:
    """Return a copy of the outcomes, participants by visits, or refuse them (``STA-251``)."""
    table = _finite_numbers(outcomes, "outcomes", allow_missing=True)
    if np.ndim(outcomes) != 2 or table.size == 0:  # noqa: PLR2004
        raise StatisticsError("STA-251", "Outcomes are a finite table, participants by visits.")
    return table.copy()


def covariate_table(table: np.ndarray, covariates: npt.ArrayLike | None) -> np.ndarray:
    """Return the covariates, shape ``(n, q)``, or refuse them (``STA-251``)."""
    if covariates is None:
        return np.zeros((len(table), 0))
    z = _finite_numbers(covariates, "covariates", allow_missing=False)
    same_length(table, z, "`outcomes` and `covariates`")
    return z


def arm_codes(
    table: np.ndarray, arm: npt.ArrayLike, reference: object
) -> tuple[np.ndarray, int, int | None]:
    """Return each participant's number of arm, how many arms there are, and the reference's.

    Raises
    ------
    StatisticsError
        ``STA-254`` for a reference arm that nobody is in; ``STA-002`` for a participant without
        an arm.
    """
    levels, codes = group_codes(arm, "arm")
    same_length(table, codes, "`outcomes` and `arm`")
    if reference is None:
        return codes, len(levels), None
    if reference not in levels:
        raise StatisticsError("STA-254", "The reference arm does not occur among the participants.")
    return codes, len(levels), levels.index(reference)


def arm_designs(
    table: np.ndarray,
    covariates: npt.ArrayLike | None,
    arm: npt.ArrayLike | None,
    reference: object,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariate rows of each participant, and the same as if in the reference arm."""
    z = covariate_table(table, covariates)
    if any(np.ptp(settle(column)) == 0 for column in z.T):
        raise StatisticsError("STA-252", "A covariate of the imputation is constant; leave it out.")
    z = (z - z.mean(axis=0)) / z.std(axis=0) if z.size else z
    head = np.ones((len(table), 1))
    if arm is None:
        if reference is not None:
            raise StatisticsError("STA-254", "A reference arm needs the arm of each participant.")
        own = np.concatenate([head, z], axis=1)
        return own, own
    codes, arms, place = arm_codes(table, arm, reference)
    others = [number for number in range(arms) if number != (place or 0)]
    dummies = (codes[:, None] == np.array(others, dtype=int)).astype(float)
    own = np.concatenate([head, dummies, z], axis=1)
    return own, np.concatenate([head, np.zeros_like(dummies), z], axis=1)
