"""Analyses: tables, scores and sections of the study file in, rows of the results table out.

`inputs` holds what every analysis takes (:class:`~multifidus.analyses.inputs.AnalysisInputs`);
each analysis is a module with one pure function ``summarise_<module>``; `plans` says which
analyses a study has and what each reads; `run` is the workflow's step. This file imports nothing,
so that a change of one analysis reruns that analysis alone.
"""
