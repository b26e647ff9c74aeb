"""Words that both study files and tables use: each list has one place, and it is here."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = [
    "DEVICE_EVENT_TYPES",
    "RELATION_WORDS",
    "DeviceEventType",
    "Relation",
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

DEVICE_EVENT_TYPES: tuple[str, ...] = get_args(DeviceEventType)
RELATION_WORDS: tuple[str, ...] = get_args(Relation)
