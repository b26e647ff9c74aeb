"""Regression models of one outcome per participant, from a formula and a frame.

`linear` is analysis of covariance, `cox` proportional hazards, `logistic` and `counts` models of
binary outcomes and of numbers of events. `design` checks what they share.
"""
