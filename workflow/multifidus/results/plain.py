"""Methods of statistics that need no name of a variant, so that every row of results has one."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["PLAIN_METHODS"]

PLAIN_METHODS = MappingProxyType(
    {
        "count": "Count",
        "n": "Count of values",
        "participants": "Count of participants",
        "events": "Count of events",
        "percent": "Share of N",
        "mean": "Arithmetic mean",
        "sd": "Sample standard deviation, divisor n - 1",
        "se": "Sample standard deviation over the square root of n",
        "min": "Smallest value",
        "max": "Largest value",
    }
)
"""Statistic to its method, where a row names no other. Tables do not print these: they say nothing
that the reader does not know."""
