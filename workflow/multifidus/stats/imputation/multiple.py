"""Multiple imputation under missing at random and under reference-based assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.imputation.sequence import (
    Gaps,
    Parameters,
    draw_parameters,
    fill_gaps,
    fill_tails,
    find_gaps,
)
from multifidus.stats.inputs import check_number, finite_table, group_codes, same_length
from multifidus.stats.ties import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["ImputationSeed", "Imputations", "Strategy", "impute"]

Strategy = Literal["mar", "j2r", "cr", "cir", "j2b"]
_STRATEGIES = {
    "mar": "missing at random",
    "j2r": "jump to reference",
    "cr": "copy reference",
    "cir": "copy increments from reference",
    "j2b": "jump to baseline",
}
_NO_REFERENCE = {"mar", "j2b"}
_CHAINS = 50


@dataclass(frozen=True)
class ImputationSeed:
    """Where one imputation came from: generator ``SeedSequence(seed).spawn`` number and draw."""

    seed: int
    chain: int
    draw: int


@dataclass(frozen=True)
class Imputations:
    """Completed outcomes.

    Attributes
    ----------
    completed
        Shape ``(imputations, n, m)``; observed values are kept as they were.
    imputed
        Which values were imputed, shape ``(n, m)``.
    seeds
        One per imputation.
    """

    completed: np.ndarray
    imputed: np.ndarray
    seeds: tuple[ImputationSeed, ...]
    method: str


@dataclass(frozen=True)
class _Problem:
    """Sorted and standardised data: participants by last observed visit, latest first."""

    z: np.ndarray
    z_reference: np.ndarray
    outcomes: np.ndarray
    last: np.ndarray
    rows_at: np.ndarray
    gaps: tuple[Gaps, ...]
    strategies: np.ndarray
    level: np.ndarray | None
    tail: int
    coefficients: int

    @property
    def gap_values(self) -> int:
        return sum(len(gap.rows) * len(gap.missing) for gap in self.gaps)


def impute(
    outcomes: npt.ArrayLike,
    covariates: npt.ArrayLike | None = None,
    *,
    imputations: int,
    seed: int,
    arm: npt.ArrayLike | None = None,
    reference: object = None,
    strategy: Strategy | Sequence[Strategy] = "mar",
    level: float | None = None,
    burn_in: int = 100,
    thin: int = 10,
) -> Imputations:
    """Impute missing outcomes from a proper posterior draw of a joint normal model.

    Parameters
    ----------
    outcomes
        Participants by visits in time order, ``NaN`` for missing, shape ``(n, m)``.
    covariates
        Complete numbers, for instance the baseline, shape ``(n, q)`` or ``(n,)``.
    imputations
        How many.
    seed
        Root of the random numbers; imputation ``k`` does not depend on how many are asked for as
        long as the pattern is monotone or ``imputations`` is at least 50.
    arm
        Randomised arm per participant; enters the model with its own mean at each visit and a
        common covariance matrix.
    reference
        The reference arm, needed by every strategy but ``"mar"`` and ``"j2b"``.
    strategy
        What is assumed after a participant's last observed visit, one for all or one each:
        ``"mar"``; ``"j2r"`` the reference arm's means from then on; ``"cr"`` the reference
        arm's means throughout; ``"cir"`` own mean at the last visit, reference's increments after
        (Carpenter, Roger and Kenward 2013, Journal of Biopharmaceutical Statistics 23:1352-1371);
        ``"j2b"`` own means moved so that their mean over the participants is ``level``, the mean at
        baseline (return to baseline; Qu and Dai 2021, arXiv:2111.09423).
        Gaps before the last observed visit are always imputed under missing at random.
    level
        Mean over all participants that ``"j2b"`` jumps to at every later visit.
    burn_in, thin
        Iterations before the first and between used draws of each chain (only with gaps).

    Raises
    ------
    StatisticsError
        ``STA-251`` to ``STA-254``; ``STA-002`` a participant without an arm.
    """
    table = _checked_outcomes(outcomes)
    own, other = _designs(table, covariates, arm, reference)
    strategies = _strategies(strategy, len(table), has_reference=reference is not None)
    if "j2b" in strategies and level is None:
        raise StatisticsError("STA-254", "A jump to baseline needs the finite mean at baseline.")
    level = None if level is None else _finite_level(level)
    _check_run(imputations=imputations, seed=seed, burn_in=burn_in, thin=thin)
    name = ", ".join(_STRATEGIES[s] for s in sorted(set(strategies)))
    method = f"multiple imputation, joint normal, {name}, {imputations} imputations, seed {seed}"
    missing = np.isnan(table)
    problem, order, centre, scale = _prepare(table, own, other, strategies, level)
    drawn, seeds = _run(problem, imputations, seed, burn_in, thin)
    completed = np.empty_like(drawn)
    completed[:, order] = drawn * scale + centre
    completed[:, ~missing] = table[~missing]
    return Imputations(completed, missing, seeds, method)


def _check_run(**numbers: int) -> None:
    """Refuse numbers of draws, or a seed, that are not whole or are too small (``STA-253``)."""
    least = {"imputations": 1, "seed": 0, "burn_in": 0, "thin": 1}
    for name, value in numbers.items():
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least[name]:
            raise StatisticsError(
                "STA-253", f"`{name}` must be a whole number of at least {least[name]}."
            )


def _finite_level(level: float) -> float:
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


def _checked_outcomes(outcomes: npt.ArrayLike) -> np.ndarray:
    table = _finite_numbers(outcomes, "outcomes", allow_missing=True)
    if np.ndim(outcomes) != 2 or table.size == 0:  # noqa: PLR2004
        raise StatisticsError("STA-251", "Outcomes are a finite table, participants by visits.")
    return table.copy()


def _designs(
    table: np.ndarray,
    covariates: npt.ArrayLike | None,
    arm: npt.ArrayLike | None,
    reference: object,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariate rows of each participant, and the same as if in the reference arm."""
    n = len(table)
    z = np.zeros((n, 0))
    if covariates is not None:
        z = _finite_numbers(covariates, "covariates", allow_missing=False)
    same_length(table, z, "`outcomes` and `covariates`")
    if any(np.ptp(settle(column)) == 0 for column in z.T):
        raise StatisticsError("STA-252", "A covariate of the imputation is constant; leave it out.")
    z = (z - z.mean(axis=0)) / z.std(axis=0) if z.size else z
    head = np.ones((n, 1))
    if arm is None:
        if reference is not None:
            raise StatisticsError("STA-254", "A reference arm needs the arm of each participant.")
        own = np.concatenate([head, z], axis=1)
        return own, own
    levels, codes = group_codes(arm, "arm")
    same_length(table, codes, "`outcomes` and `arm`")
    if reference is not None and reference not in levels:
        raise StatisticsError("STA-254", "The reference arm does not occur among the participants.")
    first = levels[0] if reference is None else reference
    others = [number for number, level in enumerate(levels) if level != first]
    dummies = (codes[:, None] == np.array(others, dtype=int)).astype(float)
    own = np.concatenate([head, dummies, z], axis=1)
    return own, np.concatenate([head, np.zeros_like(dummies), z], axis=1)


def _strategies(
    strategy: Strategy | Sequence[Strategy], n: int, *, has_reference: bool
) -> np.ndarray:
    each = np.array([strategy] * n if isinstance(strategy, str) else strategy, dtype=object)
    if each.shape != (n,) or not all(isinstance(s, str) and s in _STRATEGIES for s in each):
        raise StatisticsError(
            "STA-254", f"A strategy is one of {', '.join(_STRATEGIES)}, for all or one each."
        )
    if not has_reference and not set(each) <= _NO_REFERENCE:
        raise StatisticsError("STA-254", "Reference-based imputation needs the reference arm.")
    return each


def _prepare(
    table: np.ndarray,
    own: np.ndarray,
    other: np.ndarray,
    strategies: np.ndarray,
    level: float | None,
) -> tuple[_Problem, np.ndarray, np.ndarray, np.ndarray]:
    """Sort and standardise; refuse visits with too few observations."""
    n, m = table.shape
    seen = ~np.isnan(table)
    last = np.where(seen.any(axis=1), m - 1 - np.argmax(seen[:, ::-1], axis=1), -1)
    order = np.argsort(-last, kind="stable")
    rows_at = np.array([int((last >= t).sum()) for t in range(m)])
    sizes = own.shape[1] + np.arange(m)
    short = np.flatnonzero(rows_at <= sizes + 1)
    if len(short) or not seen.any(axis=0).all():
        raise StatisticsError(
            "STA-252",
            f"Visit {int(short[0]) + 1 if len(short) else 'without any value'} has too few "
            "participants for the imputation model; leave it or some covariates out.",
        )
    centre, spread = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    problem = _Problem(
        z=own[order],
        z_reference=other[order],
        outcomes=((table - centre) / scale)[order],
        last=last[order],
        rows_at=rows_at,
        gaps=find_gaps(table[order], last[order]),
        strategies=strategies[order],
        level=None if level is None else (level - centre) / scale,
        tail=int((n - rows_at).sum()),
        coefficients=int(sizes.sum()),
    )
    return problem, order, centre, scale


def _run(
    problem: _Problem, imputations: int, seed: int, burn_in: int, thin: int
) -> tuple[np.ndarray, tuple[ImputationSeed, ...]]:
    """Run the chains and return completed tables, imputation by imputation."""
    monotone = not problem.gaps
    chains = imputations if monotone else min(imputations, _CHAINS)
    draws = -(-imputations // chains)
    spawned = np.random.SeedSequence(seed).spawn(chains)
    streams = [np.random.default_rng(each) for each in spawned]
    filled = np.repeat(problem.outcomes[None], 1 if monotone else chains, axis=0)
    for gap in problem.gaps:
        # the visit mean (0 after standardising) starts the chain; the burn-in forgets it
        filled[:, gap.rows[:, None], gap.missing] = 0.0
    blocks = []
    for draw in range(draws):
        sweeps = 1 if monotone else (burn_in if draw == 0 else 0) + thin
        for _ in range(sweeps):
            parameters = _sweep(problem, filled, streams)
        blocks.append(_complete(problem, parameters, filled, streams))
    stacked = np.concatenate(blocks)[:imputations]
    seeds = tuple(ImputationSeed(seed, k % chains, k // chains) for k in range(imputations))
    return stacked, seeds


def _sweep(
    problem: _Problem, filled: np.ndarray, streams: Sequence[np.random.Generator]
) -> Parameters:
    """Draw the parameters, then the gaps (in place), in every chain."""
    df = problem.rows_at - problem.z.shape[1] - np.arange(len(problem.rows_at))
    size = problem.coefficients + problem.gap_values
    normals = np.stack([stream.standard_normal(size) for stream in streams])
    chi = np.stack([stream.chisquare(df) for stream in streams])
    head, tail = np.split(normals, [problem.coefficients], axis=1)
    parameters = draw_parameters(problem.z, filled, problem.rows_at, head, chi)
    fill_gaps(parameters, problem.z, filled, problem.gaps, tail)
    return parameters


def _complete(
    problem: _Problem,
    parameters: Parameters,
    filled: np.ndarray,
    streams: Sequence[np.random.Generator],
) -> np.ndarray:
    """Return every chain's table with the visits after the last observed one drawn."""
    normals = np.stack([stream.standard_normal(problem.tail) for stream in streams])
    table = np.array(np.broadcast_to(filled, (len(streams), *filled.shape[1:])))
    centre = _profiles(problem, parameters)
    fill_tails(parameters, centre, table, problem.last, normals)
    return table


def _profiles(problem: _Problem, parameters: Parameters) -> np.ndarray:
    """Return each participant's mean profile under its strategy, shape ``(c, n, m)``."""
    own = parameters.means(problem.z)
    if set(problem.strategies) == {"mar"}:
        return own
    other = parameters.means(problem.z_reference)
    after = np.arange(own.shape[2]) > problem.last[:, None]
    jump = np.where(after, other, own)
    anchor = np.maximum(problem.last, 0)
    rows = np.arange(len(anchor))
    step = (own - other)[:, rows, anchor] * (problem.last >= 0)
    increments = np.where(after, other + step[:, :, None], own)
    chosen = problem.strategies[:, None]
    profile = np.where(chosen == "j2r", jump, own)
    profile = np.where(chosen == "cr", other, profile)
    if problem.level is not None:
        fall = own - own.mean(axis=1, keepdims=True) + problem.level
        profile = np.where((chosen == "j2b") & after, fall, profile)
    return np.where(chosen == "cir", increments, profile)
