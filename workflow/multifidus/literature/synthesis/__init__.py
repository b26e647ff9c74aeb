"""Evidence synthesis: random-effects summaries of published figures.

Start with `run`. `estimators` pools effects, `studies` reads the table of studies, `pool` summarises
each outcome and `draw` draws forest and funnel plots.
"""
