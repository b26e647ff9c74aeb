"""Efficacy: change from baseline and what it depends on.

`effectiveness` gives levels and changes of every outcome at every visit and is where to start;
`randomised` compares the arms, `mixed_model` fits the supporting model, and the others describe
baseline, distribution, profiles and subgroups.
"""
