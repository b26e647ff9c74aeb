"""Two render engines for one document: Quarto where it is installed, the embedded one elsewhere.

The lint keeps a document within what both know, so that either makes the same text, numbers,
captions and references. See `render`, `lint_document` and `execute_notebook`.
"""

from multifidus.report.engines.api import ENGINE_VARIABLE, EngineName, RenderOutcome, render
from multifidus.report.engines.kernel import execute_notebook
from multifidus.report.engines.lint import Finding, lint_document
from multifidus.report.engines.subset import FORMATS, FormatName

__all__ = [
    "ENGINE_VARIABLE",
    "FORMATS",
    "EngineName",
    "Finding",
    "FormatName",
    "RenderOutcome",
    "execute_notebook",
    "lint_document",
    "render",
]
