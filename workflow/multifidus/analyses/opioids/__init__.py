"""Opioid use: categories of change, transitions between visits, and a model of the dose.

Start with `categories`, which reproduces the published shares. `transitions` and `model` are
supplementary.
"""
