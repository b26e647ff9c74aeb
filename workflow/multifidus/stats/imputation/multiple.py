"""Multiple imputation under missing at random and under reference-based assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.imputation.inputs import (
    arm_designs,
    check_run,
    checked_outcomes,
    level_of,
    rows_of_arms,
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
from multifidus.stats.imputation.sequence import (
    Gaps,
    Parameters,
    draw_parameters,
    fill_gaps,
    fill_tails,
    find_gaps,
)
from multifidus.stats.inputs import check_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["ImputationSeed", "Imputations", "impute"]

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
    """Sorted and standardised data: participants by last observed visit, latest first.

    ``order`` holds their places in the table given, ``units`` the mean and SD of each visit.
    """

    order: np.ndarray
    z: np.ndarray
    z_reference: np.ndarray
    outcomes: np.ndarray
    last: np.ndarray
    rows_at: np.ndarray
    gaps: tuple[Gaps, ...]
    strategies: np.ndarray
    onset: np.ndarray
    level: float | None
    units: tuple[np.ndarray, np.ndarray]
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
    event: npt.ArrayLike | None = None,
    after_event: AfterEvent = "drop",
    covariance: Literal["common", "by_arm"] = "common",
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
        Randomised arm per participant; enters the model with its own mean at each visit.
    reference
        The reference arm, needed by every strategy but ``"mar"`` and ``"j2b"``.
    strategy
        What is assumed after a participant's intercurrent event, one for all or one each:
        ``"mar"``; ``"j2r"`` the reference arm's means from then on; ``"cr"`` the reference
        arm's means throughout; ``"cir"`` own mean at the last visit, reference's increments after
        (Carpenter, Roger and Kenward 2013, Journal of Biopharmaceutical Statistics 23:1352-1371);
        ``"j2b"`` own means moved so that their mean over the participants is ``level``, the mean at
        baseline (return to baseline; Qu and Dai 2021, arXiv:2111.09423); ``"lmcf"`` own mean of the
        last visit before (last mean carried forward).
        Gaps before the last observed visit are always imputed under missing at random.
    level
        Mean over all participants that ``"j2b"`` jumps to at every later visit.
    event
        Number of the first visit after the intercurrent event, from 1, ``NaN`` for none: whoever
        has none is imputed under missing at random. ``None``: the strategy begins after the last
        observed visit of each participant.
    after_event
        ``"drop"`` values after the event and impute them (hypothetical strategy of ICH E9(R1)), or
        ``"keep"`` them and impute what is missing (treatment policy). Kept values inform the model
        as any other; R rbmi leaves those of participants with a reference-based strategy out.
    covariance
        ``"common"``, or ``"by_arm"``: each arm has its own coefficients and covariance, and visits
        under ``"j2r"``, ``"cr"`` and ``"cir"`` follow those of the reference arm (Carpenter, Roger
        and Kenward 2013, section 4).
    burn_in, thin
        Iterations before the first and between used draws of each chain (only with gaps).

    Raises
    ------
    StatisticsError
        ``STA-251`` to ``STA-254``; ``STA-257`` events and choices; ``STA-002`` a participant
        without an arm.
    """
    check_choice(covariance, ("common", "by_arm"), "covariance", "STA-257")
    table, onset = after_events(checked_outcomes(outcomes), event, after_event)
    own, other = arm_designs(table, covariates, arm, reference)
    strategies = chosen_strategies(strategy, len(table), has_reference=reference is not None)
    level = level_of(level, strategies)
    check_run(imputations=imputations, seed=seed, burn_in=burn_in, thin=thin)
    name = ", ".join(STRATEGIES[s] for s in sorted(set(strategies)))
    method = f"multiple imputation, joint normal, {name}, {imputations} imputations, seed {seed}"
    groups, from_reference = [np.arange(len(table))], 0
    if covariance == "by_arm":
        groups, from_reference = rows_of_arms(arm, reference)
        own = other = own[:, [0, *range(len(groups), own.shape[1])]]
        method += ", covariance by arm"
        if "j2b" in strategies:
            raise StatisticsError("STA-257", "A jump to baseline needs a common covariance.")
    missing = np.isnan(table)
    problems, centre, scale = _problems(
        table, groups, (own, other), strategies=strategies, onset=onset, level=level
    )
    drawn, seeds = _run(problems, from_reference, imputations, seed, (burn_in, thin))
    completed = np.empty((imputations, *table.shape))
    for problem, part in zip(problems, drawn, strict=True):
        completed[:, problem.order] = part * scale + centre
    completed[:, ~missing] = table[~missing]
    return Imputations(completed, missing, seeds, method)


def _problems(
    table: np.ndarray,
    groups: Sequence[np.ndarray],
    designs: tuple[np.ndarray, np.ndarray],
    *,
    strategies: np.ndarray,
    onset: np.ndarray,
    level: float | None,
) -> tuple[list[_Problem], np.ndarray, np.ndarray]:
    """Return the model of each group in a common unit, and mean and SD of each visit."""
    if np.isnan(table).all(axis=0).any():
        raise StatisticsError("STA-252", "A visit has no value that is used; leave it out.")
    centre, spread = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    shared = {"strategies": strategies, "onset": onset}
    standard, units = (table - centre) / scale, (centre, scale)
    problems = [
        _prepare(standard, rows, designs, level=level, units=units, **shared) for rows in groups
    ]
    return problems, centre, scale


def _prepare(
    standard: np.ndarray,
    members: np.ndarray,
    designs: tuple[np.ndarray, np.ndarray],
    *,
    strategies: np.ndarray,
    onset: np.ndarray,
    level: float | None,
    units: tuple[np.ndarray, np.ndarray],
) -> _Problem:
    """Sort the participants of one model; refuse visits with too few observations."""
    table, own = standard[members], designs[0][members]
    n, m = table.shape
    seen = ~np.isnan(table)
    last = np.where(seen.any(axis=1), m - 1 - np.argmax(seen[:, ::-1], axis=1), -1)
    place = np.argsort(-last, kind="stable")
    order = members[place]
    rows_at = np.array([int((last >= t).sum()) for t in range(m)])
    sizes = own.shape[1] + np.arange(m)
    short = np.flatnonzero(rows_at <= sizes + 1)
    if len(short) or not seen.any(axis=0).all():
        raise StatisticsError(
            "STA-252",
            f"Visit {int(short[0]) + 1 if len(short) else 'without any value'} has too few "
            "participants for the imputation model; leave it or some covariates out.",
        )
    return _Problem(
        order=order,
        z=designs[0][order],
        z_reference=designs[1][order],
        outcomes=standard[order],
        last=last[place],
        rows_at=rows_at,
        gaps=find_gaps(standard[order], last[place]),
        strategies=strategies[order],
        onset=onset[order],
        level=level,
        units=units,
        tail=int((n - rows_at).sum()),
        coefficients=int(sizes.sum()),
    )


def _run(
    problems: Sequence[_Problem],
    from_reference: int,
    imputations: int,
    seed: int,
    sweeps: tuple[int, int],
) -> tuple[list[np.ndarray], tuple[ImputationSeed, ...]]:
    """Run the chains of every model and return completed tables, imputation by imputation."""
    monotone = not any(problem.gaps for problem in problems)
    chains = imputations if monotone else min(imputations, _CHAINS)
    draws = -(-imputations // chains)
    spawned = np.random.SeedSequence(seed).spawn(chains * len(problems))
    generators = [np.random.default_rng(each) for each in spawned]
    streams = [generators[k * chains : (k + 1) * chains] for k in range(len(problems))]
    filled = [_started(problem, 1 if monotone else chains) for problem in problems]
    blocks: list[list[np.ndarray]] = [[] for _ in problems]
    for draw in range(draws):
        rounds = 1 if monotone else (sweeps[0] if draw == 0 else 0) + sweeps[1]
        for _ in range(rounds):
            drawn = [_sweep(*each) for each in zip(problems, filled, streams, strict=True)]
        for k, problem in enumerate(problems):
            other = drawn[from_reference]
            blocks[k].append(_complete(problem, (drawn[k], other), filled[k], streams[k]))
    stacked = [np.concatenate(each)[:imputations] for each in blocks]
    seeds = tuple(ImputationSeed(seed, k % chains, k // chains) for k in range(imputations))
    return stacked, seeds


def _started(problem: _Problem, chains: int) -> np.ndarray:
    """Return the tables of all chains with gaps at the visit mean, which the burn-in forgets."""
    filled = np.repeat(problem.outcomes[None], chains, axis=0)
    for gap in problem.gaps:
        filled[:, gap.rows[:, None], gap.missing] = 0.0
    return filled


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
    parameters: tuple[Parameters, Parameters],
    filled: np.ndarray,
    streams: Sequence[np.random.Generator],
) -> np.ndarray:
    """Return every chain's table with the visits after the last observed one drawn."""
    own, other = parameters
    normals = np.stack([stream.standard_normal(problem.tail) for stream in streams])
    table = np.array(np.broadcast_to(filled, (len(streams), *filled.shape[1:])))
    means, after = own.means(problem.z), np.arange(filled.shape[2]) >= problem.onset[:, None]
    reference = other.means(problem.z_reference)
    # a mean that is carried forward, and an increment, are so in the unit of the outcome
    middle, unit = problem.units
    profile = mean_profiles(
        means * unit + middle, reference * unit + middle, problem.strategies, problem.onset,
        problem.level,
    )  # fmt: skip
    centre = (profile - middle) / unit
    borrowed = None
    if other is not own:
        borrowed = (other, after & np.isin(problem.strategies, BORROWED)[:, None])
    fill_tails(own, centre, table, problem.last, normals, borrowed=borrowed)
    return table
