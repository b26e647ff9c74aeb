"""The report's figures, drawn from the results table with seaborn on matplotlib."""

from multifidus.report.figures.draw import draw_figures

__all__ = ["draw_figures"]
