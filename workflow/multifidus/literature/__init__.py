"""Published claims as data: their arithmetic checks, the divergence register and the scorecard.

The tables live in the repository's ``literature`` folder: `models` and `value_sets` describe them,
`claims` reads them and holds them against each other. `checks` asks whether published figures can
stand together, `recompute` derives figures from other published ones, `scorecard` holds every
claim against what the pipeline gives, and `verdicts` makes sure that no verdict changes unnoticed.
"""
