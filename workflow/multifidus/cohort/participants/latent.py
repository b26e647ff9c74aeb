"""Latent trajectories: one standard normal per person, outcome and visit; higher is better.

The variance is split into a part of the person (all outcomes, all visits), of the person and
outcome, of the visit (all outcomes, fading from visit to visit) and noise. This gives correlations
within a person of about 0.6 to 0.75 between visits and 0.6 to 0.7 between outcomes at a visit,
before the answers are rounded and cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from multifidus.cohort.design import FOLLOW_UPS

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.cohort.design import CohortDesign

    FloatArray = npt.NDArray[np.float64]
    BoolArray = npt.NDArray[np.bool_]

_ROUNDS = 12
_WIDEST = 1.2  # SD over mean; wider gammas pile up at zero

__all__ = ["OUTCOMES", "Latent", "draw_latent", "rank_fractions", "residual_ratio"]

OUTCOMES = ("vas", "odi", "eq5d")


@dataclass(frozen=True)
class Latent:
    """Latent standing of every person.

    Parameters
    ----------
    response
        Shape (persons, outcomes, follow-up visits), about standard normal.
    severity
        Baseline severity of VAS, ODI and EQ-5D, shape (persons, outcomes); higher is worse.
    general
        The person's general response, shape (persons,).
    """

    response: FloatArray
    severity: FloatArray
    general: FloatArray

    def at(self, outcome: str, visit: str) -> FloatArray:
        """Return the latent response at a visit, shape (persons,)."""
        return self.response[:, OUTCOMES.index(outcome), FOLLOW_UPS.index(visit)]


def draw_latent(rng: np.random.Generator, control: BoolArray, design: CohortDesign) -> Latent:
    """Draw the latent trajectories of all participants.

    Parameters
    ----------
    rng
        Random source.
    control
        Who is in the sham arm, shape (persons,).
    design
        Shares of variance and the sham arm's dependence.
    """
    n, outcomes, visits = len(control), len(OUTCOMES), len(FOLLOW_UPS)
    general = rng.standard_normal(n)
    by_outcome = rng.standard_normal((n, outcomes, 1))
    by_visit = np.empty((n, 1, visits))
    innovation = rng.standard_normal((n, visits))
    by_visit[:, 0, 0] = innovation[:, 0]
    memory = design.visit_memory
    for visit in range(1, visits):
        by_visit[:, 0, visit] = (
            memory * by_visit[:, 0, visit - 1] + np.sqrt(1 - memory**2) * innovation[:, visit]
        )
    noise = rng.standard_normal((n, outcomes, visits))
    person = np.repeat(general[:, None], visits, axis=1)
    placebo = rng.standard_normal(n)
    # Sham response says little of response to therapy; half of that is still seen at six months,
    # two months after the switch.
    for visit, share in ((0, design.sham_dependence), (1, (1 + design.sham_dependence) / 2)):
        mixed = share * general + np.sqrt(1 - share**2) * placebo
        person[control, visit] = mixed[control]
    response = (
        np.sqrt(design.variance_person) * person[:, None, :]
        + np.sqrt(design.variance_outcome) * by_outcome
        + np.sqrt(design.variance_visit) * by_visit
        + np.sqrt(design.variance_noise) * noise
    )
    response[:, :, 0] += np.where(control, -0.5, 0.5)[:, None] * design.arm_shift_d120
    shared = rng.standard_normal((n, 1))
    own = rng.standard_normal((n, outcomes))
    severity = shared * np.array([0.5, 0.75, 0.75]) + own * np.sqrt(
        1 - np.array([0.5, 0.75, 0.75]) ** 2
    )
    return Latent(response, severity, general)


def rank_fractions(values: FloatArray) -> FloatArray:
    """Return (rank - 0.5) / n of each value, in (0, 1); shape as given."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    fractions: FloatArray = (ranks + 0.5) / len(values)
    return fractions


def residual_ratio(
    response: FloatArray,
    mean: float,
    sd: float,
    cuts: tuple[tuple[float, int], ...],
    ceiling: float,
) -> FloatArray:
    """Turn latent responses into residual ratios (follow-up over baseline), best response lowest.

    A gamma shape fits the published means, SDs and responder shares of per cent change well: many
    with little pain left, a long tail of people without benefit.

    Parameters
    ----------
    response
        Latent response, shape (n,); higher is better.
    mean, sd
        Mean and SD of the residual ratio.
    cuts
        Pairs of a residual ratio and the number of people at or below it. The distribution is
        stretched so that each cut falls between the right two people.
    ceiling
        Largest ratio.
    """
    fractions = rank_fractions(-response)
    want_mean, want_sd = mean, sd
    for _ in range(_ROUNDS):
        ratios = _stretched_gamma(fractions, mean, sd, cuts, ceiling)
        mean = float(np.clip(mean * want_mean / ratios.mean(), 0.02, 1.5))
        sd = float(np.clip(sd * want_sd / ratios.std(), 0.02, _WIDEST * mean))
    return _stretched_gamma(fractions, mean, sd, cuts, ceiling)


def _stretched_gamma(
    fractions: FloatArray,
    mean: float,
    sd: float,
    cuts: tuple[tuple[float, int], ...],
    ceiling: float,
) -> FloatArray:
    """Return gamma quantiles at fractions that were stretched so that the cuts fall right."""
    shape, scale = (mean / sd) ** 2, sd**2 / mean
    knots = [(0.0, 0.0)]
    knots += [
        (count / len(fractions), float(stats.gamma.cdf(cut, shape, scale=scale)))
        for cut, count in sorted(cuts)
    ]
    knots.append((1.0, float(stats.gamma.cdf(ceiling, shape, scale=scale))))
    at, to = zip(*knots, strict=True)
    ratios: FloatArray = stats.gamma.ppf(np.interp(fractions, at, to), shape, scale=scale)
    return ratios
