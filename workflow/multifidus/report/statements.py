"""Sentences that are true or false: each is computed from the numbers that it is about.

A statement names the results that it reads and has a form for each outcome of its rule; no
conclusion is typed into a document. Which of them follow from a result is known from
:attr:`Statement.reads`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from multifidus.base.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    Values = Mapping[str, float]

__all__ = ["STATEMENTS", "Statement", "held_out_statement", "reproduction_statement", "state"]

_OUTCOMES = ("vas", "odi", "eq5d")
_LEVEL = 0.05
_FIT = ("reproduced", "within_rounding")
_EXPLAINED = ("other_data_cut", "unpublished_method", "record_contradiction")


@dataclass(frozen=True)
class Statement:
    """A conclusion about results.

    Parameters
    ----------
    reads
        Ids of the results that it is about.
    rule
        What must hold, in words, for the error of a number that cannot be judged.
    holds
        The rule, a function of the values by id.
    true, false, unknown
        Its form when the rule holds, when it does not, and when the data give one of the numbers
        not at all.
    """

    reads: tuple[str, ...]
    rule: str
    holds: Callable[[Values], bool]
    true: str
    false: str
    unknown: str


def _observed(outcome: str, statistic: str = "mean") -> str:
    return f"change.{outcome}.y5.observed.all.{statistic}"


def _modelled(outcome: str, statistic: str = "estimate") -> str:
    return f"mmrm.{outcome}.y5.itt.all.{statistic}"


def _model_is_weaker(values: Values) -> bool:
    pairs = [(values[_modelled(name)], values[_observed(name)]) for name in _OUTCOMES]
    return all(abs(model) < abs(seen) and model * seen > 0 for model, seen in pairs)


def _conclusions_agree(values: Values) -> bool:
    return all(
        (values[_modelled(name, "p_value")] < _LEVEL)
        == (values[_observed(name, "p_value")] < _LEVEL)
        for name in _OUTCOMES
    )


def _improved(values: Values) -> bool:
    better = {"vas": -1, "odi": -1, "eq5d": 1}
    return all(
        sign * values[_observed(name)] > 0 and values[_observed(name, "p_value")] < _LEVEL
        for name, sign in better.items()
    )


STATEMENTS: Mapping[str, Statement] = MappingProxyType(
    {
        "model_is_weaker": Statement(
            (*map(_modelled, _OUTCOMES), *map(_observed, _OUTCOMES)),
            "each modelled change is smaller than the observed one and of its sign",
            _model_is_weaker,
            "gave smaller changes in the same direction in all three outcomes",
            "did not give smaller changes in the same direction in all three outcomes",
            "could not be compared in all three outcomes",
        ),
        "model_conclusions": Statement(
            tuple(place(name, "p_value") for place in (_modelled, _observed) for name in _OUTCOMES),
            "each modelled p and its observed p are on the same side of 0.05",
            _conclusions_agree,
            "The two agree on which changes differ from none at the five-per-cent level.",
            "The two do not agree on which changes differ from none at the five-per-cent level.",
            "Whether the two agree on which changes differ from none is not shown by these data.",
        ),
        "improved": Statement(
            (
                *map(_observed, _OUTCOMES),
                *(_observed(name, "p_value") for name in _OUTCOMES),
            ),
            "pain and disability fell and the index rose, each p below 0.05",
            _improved,
            "Pain, disability and quality of life were each better at five years than at baseline "
            "in those seen, at the five-per-cent level.",
            "Pain, disability and quality of life were not all better at five years than at "
            "baseline in those seen, at the five-per-cent level.",
            "Whether pain, disability and quality of life were better at five years is not shown "
            "by these data.",
        ),
    }
)
"""Statements by name."""


def state(name: str, values: Mapping[str, float | None]) -> str:
    """Return the form of a statement that these results make true.

    Parameters
    ----------
    name
        Key of :data:`STATEMENTS`.
    values
        Values by result id; missing or none where the data do not give one, or hide it.

    Raises
    ------
    RenderError
        ``RND-903`` when there is no such statement.
    """
    if name not in STATEMENTS:
        known = ", ".join(STATEMENTS)
        raise RenderError("RND-903", f"There is no statement '{name}'; there are {known}.")
    statement = STATEMENTS[name]
    found = {result_id: values.get(result_id) for result_id in statement.reads}
    known_values = {
        key: float(value)
        for key, value in found.items()
        if value is not None and not math.isnan(value)
    }
    if len(known_values) < len(found):
        return statement.unknown
    return statement.true if statement.holds(known_values) else statement.false


def held_out_statement(scorecard: pd.DataFrame) -> str:
    """Return how many figures that the calibration did not aim at came out within rounding.

    Parameters
    ----------
    scorecard
        Columns ``evidence``, ``verdict``, ``difference`` and ``tolerance``.
    """
    held = scorecard[scorecard["evidence"] == "held_out"]
    if held.empty:
        return "No published figure was held out of the calibration."
    verdicts = held["verdict"]
    met = int(verdicts.isin(_FIT).sum())
    off = (held["difference"].astype(float) / held["tolerance"].astype(float)).abs()
    off = off[~verdicts.isin(_FIT)]
    rest = (
        f" The median distance of the others is {off.median():.1f} half units of the last printed "
        f"digit, the largest {off.max():.1f}."
        if len(off)
        else ""
    )
    return (
        f"{len(verdicts)} printed figures were held out of the calibration, by a rule that was "
        f"written down before the cohort was drawn, and it gives {met} of them within rounding."
        f"{rest} "
        "They alone are evidence on the cohort's assumptions; all others went into it."
    )


def reproduction_statement(scorecard: pd.DataFrame, family: str, tier: str) -> str:
    """Return what the scorecard of a family of figures shows, for the data tier of the run.

    Parameters
    ----------
    scorecard
        Columns ``family`` and ``verdict``.
    family
        Family of figures.
    tier
        Data tier.
    """
    verdicts = scorecard.loc[scorecard["family"] == family, "verdict"]
    total, failed = len(verdicts), int((verdicts == "not_reproduced").sum())
    explained = int(verdicts.isin(_EXPLAINED).sum())
    open_ = total - failed - explained - int(verdicts.isin(_FIT).sum())
    save = f", {explained} of them within a difference declared beforehand" if explained else ""
    save += f"; {open_} cannot be compared" if open_ else ""
    compared = f"{total - open_} printed figures of the five-year abstract"
    if tier == "synthetic" and failed:
        return (
            f"Of {compared}, the synthetic cohort does not give {failed}{save}. The cohort was "
            "made to print them, so this analysis is not the one that it was made for."
        )
    if tier == "synthetic":
        return (
            f"The workflow recovers all {compared} from raw data that carry them{save}. On a "
            "synthetic cohort this shows that the pipeline recovers what went in, not that the "
            "trial is confirmed."
        )
    if failed:
        return (
            f"Of {compared}, these data do not give {failed}{save}. Each difference is a finding."
        )
    return f"All {compared} follow from these data{save}."
