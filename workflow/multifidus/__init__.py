"""Multifidus: a reproducible literature-to-report workflow for neurostimulation trials."""

__version__ = "0.1.0"
