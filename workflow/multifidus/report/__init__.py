"""Presentation: numbers, tables and figures as views of the results, documents and their engines.

Nothing here computes a statistic: every number comes from the results table by its id.
"""
