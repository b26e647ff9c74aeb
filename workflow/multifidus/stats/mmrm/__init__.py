"""Mixed model for repeated measures: own code, because no kept Python package fits one."""

from multifidus.stats.mmrm.model import DEFAULT_FALLBACK, ConvergenceReport, MmrmFit, mmrm

__all__ = ["DEFAULT_FALLBACK", "ConvergenceReport", "MmrmFit", "mmrm"]
