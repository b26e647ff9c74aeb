"""The report's figures, drawn from the results table with seaborn on matplotlib.

Nothing is imported here: a notebook that takes one figure must not depend on all of them.
"""
