"""Multifidus: a reproducible literature-to-report workflow for long-term neurostimulation trials."""

__version__ = "0.1.0"
