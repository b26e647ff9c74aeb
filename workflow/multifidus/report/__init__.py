"""The report: results to figures, tables and the manuscript in three formats."""
