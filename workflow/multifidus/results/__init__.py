"""The results: one long table, one row per statistic, before any layout.

In the spirit of CDISC's Analysis Results Data. Text, tables, figures and the scorecard take
numbers from here by id and by nothing else.
"""
