"""Two proportions compared over strata, and the exact conditional odds ratio.

Start with `tables`, the counts of all strata. `mantel_haenszel` has the test and the common ratio
and difference, `differences` score limits, `odds_ratio` the exact conditional inference.
"""
