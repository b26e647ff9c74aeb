"""Analyses: tables, scores and sections of the study file in, rows of the results table out.

Every analysis is a pure function of :class:`multifidus.analyses.inputs.AnalysisInputs`. `ANALYSES`
names each with the tables and sections that it reads, so that a workflow rule can declare exactly
these as its inputs.
"""
