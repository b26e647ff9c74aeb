"""The instruments: the answers a participant gives, and where they are scored.

An instrument is declared once, here. Its table of raw answers, its checks, the words that a study
file may use and its scorer follow from the declaration; the scorer lives in
:mod:`multifidus.instruments`. `docs/extending.md` shows how to add one.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INSTRUMENTS", "Instrument", "Item"]


@dataclass(frozen=True, slots=True)
class Item:
    """One answer: its column in the table of raw answers, and what it holds with its unit."""

    column: str
    description: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument.

    Parameters
    ----------
    id
        Name of its table of raw answers, and its name in a study file.
    record
        What one record is, in words: ``VAS assessment``.
    items
        The answers in order.
    lowest, highest
        Limits of an answer, included.
    whole
        Whether answers are whole numbers.
    check
        Rule of :mod:`multifidus.contracts.rules` that an answer outside the limits breaks.
    scorer
        Importable name of a function ``(answers, outcome, value_sets) -> (scores, method)``: raw
        answers of shape (n, items) to n scores and the method in words.
    unit, better
        Unit of the score and direction of improvement.
    score_range
        Limits of the score, in its unit.
    span
        Largest shift of a score that makes sense in a sensitivity analysis.
    axis_top
        Upper end of the score's axis in figures.
    value_set
        Whether an outcome names a value set.
    missing_items
        Whether a form with missing items can be scored.
    citation
        Key of the bibliography.
    """

    id: str
    record: str
    items: tuple[Item, ...]
    lowest: float
    highest: float
    scorer: str
    unit: str
    better: Literal["lower", "higher"]
    score_range: tuple[float, float]
    span: float
    axis_top: float
    citation: str
    whole: bool = True
    check: str = "answer_in_range"
    value_set: bool = False
    missing_items: bool = False

    @property
    def score_length(self) -> float:
        """Length of the score's scale."""
        return self.score_range[1] - self.score_range[0]


_DIMENSIONS = {
    "mo": "mobility",
    "sc": "self-care",
    "ua": "usual activities",
    "pd": "pain/discomfort",
    "ad": "anxiety/depression",
}

_ALL = (
    Instrument(
        "vas",
        "VAS assessment",
        (Item("vas_mm", "Low back pain, visual analogue scale, mm"),),
        lowest=0,
        highest=100,
        whole=False,
        check="vas_in_range",
        scorer="multifidus.instruments.vas.score_outcome",
        unit="cm",
        better="lower",
        score_range=(0.0, 10.0),
        span=10.0,
        axis_top=10.0,
        citation="huskisson1974",
    ),
    Instrument(
        "odi",
        "Oswestry questionnaire",
        tuple(Item(f"odi_{n:02d}", f"Oswestry section {n}, 0 to 5") for n in range(1, 11)),
        lowest=0,
        highest=5,
        check="odi_level",
        scorer="multifidus.instruments.odi.score_outcome",
        unit="points",
        better="lower",
        score_range=(0.0, 100.0),
        missing_items=True,
        span=100.0,
        axis_top=60.0,
        citation="fairbank2000",
    ),
    Instrument(
        "eq5d",
        "EQ-5D-5L questionnaire",
        tuple(
            Item(f"eq5d_{short}", f"EQ-5D-5L {words}, level 1 to 5")
            for short, words in _DIMENSIONS.items()
        ),
        lowest=1,
        highest=5,
        check="eq5d_level",
        scorer="multifidus.instruments.eq5d.score_outcome",
        unit="index",
        better="higher",
        score_range=(-1.0, 1.0),  # the worst state of published value sets is above -1
        span=1.5,
        axis_top=1.0,
        value_set=True,
        citation="herdman2011",
    ),
)
INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType({item.id: item for item in _ALL})
"""Every instrument by id, in the order of the data dictionary."""
