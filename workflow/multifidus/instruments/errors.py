"""Errors of the instruments: what cannot be scored is refused, never guessed."""

from __future__ import annotations

from multifidus.base.errors import DataError

__all__ = ["InstrumentError"]


class InstrumentError(DataError):
    """Raw answers, value sets, prescriptions or visits cannot be scored (``INS-``)."""
