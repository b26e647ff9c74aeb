"""Words that both study files and tables use: each list has one place, and it is here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEVICE_EVENT_TYPES",
    "INSTRUMENTS",
    "RELATION_WORDS",
    "DeviceEventType",
    "InstrumentName",
    "Relation",
    "Scale",
]

DeviceEventType = Literal[
    "lead_migration",
    "lead_fracture",
    "lead_revision",
    "ipg_revision",
    "explant",
    "infection_removal",
    "device_deficiency",
]
"""Kind of an event of the implanted device."""
Relation = Literal[
    "none", "remote", "unlikely", "not related", "possible", "probable", "definite", "related"
]
"""Relation of an adverse event to the device, the procedure or the stimulation."""
InstrumentName = Literal["vas", "odi", "eq5d"]
"""Instrument whose raw answers are scored."""

DEVICE_EVENT_TYPES: tuple[str, ...] = get_args(DeviceEventType)
RELATION_WORDS: tuple[str, ...] = get_args(Relation)


class Scale(NamedTuple):
    """What the score of an instrument is.

    Parameters
    ----------
    unit
        Unit of the score.
    better
        Direction of improvement.
    lowest, highest
        Limits of the score, in its unit.
    """

    unit: str
    better: Literal["lower", "higher"]
    lowest: float
    highest: float


INSTRUMENTS: Mapping[str, Scale] = MappingProxyType(
    {
        "vas": Scale("cm", "lower", 0.0, 10.0),
        "odi": Scale("points", "lower", 0.0, 100.0),
        # The lowest value of the worst state among published value sets is above -1.
        "eq5d": Scale("index", "higher", -1.0, 1.0),
    }
)
"""Scale of each instrument."""
