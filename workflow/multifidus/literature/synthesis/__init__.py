"""Evidence synthesis: random-effects summaries of published figures.

Start with `run`. `effects` derives effects from the studies table, `estimators` pools them, `pool`
lists the analyses of each outcome.
"""
