"""Use of the stimulator from its logs, with bounds for what the logs do not show.

Start with `summary`. `by_month` gives the course, `exposure_response` sets outcomes beside the
therapy delivered.
"""
