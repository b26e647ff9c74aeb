"""Sensitivity of the efficacy results to missing visits.

Start with `summary`, which runs both. `single_imputation` fills gaps by one declared rule,
`multiple_imputation` by a model.
"""
