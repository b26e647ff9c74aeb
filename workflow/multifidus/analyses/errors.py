"""Errors of the analyses."""

from __future__ import annotations

from multifidus.base.errors import DataError

__all__ = ["AnalysisError"]


class AnalysisError(DataError):
    """The tables or scores cannot be analysed as the study file asks (``ANA-``)."""
