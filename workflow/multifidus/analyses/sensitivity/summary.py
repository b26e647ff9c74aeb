"""Sensitivity to missing visits: single and multiple imputation side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.sensitivity.multiple_imputation import (
    summarise_multiple_imputation,
)
from multifidus.analyses.sensitivity.single_imputation import summarise_single_imputation

if TYPE_CHECKING:
    from multifidus.analyses.inputs import AnalysisInputs
    from multifidus.results.table import ResultRow

__all__ = ["summarise_sensitivity"]


def summarise_sensitivity(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give the rows of both, in one job: they read the same data.

    Returns
    -------
    list of ResultRow
        As
        :func:`~multifidus.analyses.sensitivity.single_imputation.summarise_single_imputation` and
        :func:`~multifidus.analyses.sensitivity.multiple_imputation.summarise_multiple_imputation`.
    """
    return [*summarise_single_imputation(inputs), *summarise_multiple_imputation(inputs)]
