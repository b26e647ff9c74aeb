"""What the lint finds: a rule, a place and one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multifidus.base.errors import RenderError

if TYPE_CHECKING:
    from multifidus.report.engines.source import Document

__all__ = ["Finding", "finding_of", "placed"]

_PLACED = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): (?P<message>.*)$")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that keeps a document from rendering the same with both engines.

    Attributes
    ----------
    file
        Name of the file it is in.
    line
        Line number, from 1.
    rule
        Error id, ``RND-`` and three digits.
    message
        What is wrong and how to fix it, without the place.
    """

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"

    def as_error(self, others: int = 0) -> RenderError:
        """Return the finding as an error; ``others`` more are counted, not shown."""
        more = f" ({others} more findings in the document)" if others else ""
        return RenderError(self.rule, f"{self}{more}")


def finding_of(error: RenderError) -> Finding | None:
    """Return an error whose sentence begins with ``file:line:`` as a finding, else None."""
    placed = _PLACED.match(error.message)
    if placed is None:
        return None
    return Finding(placed["file"], int(placed["line"]), error.error_id, placed["message"])


def placed(error: RenderError, document: Document) -> RenderError:
    """Put the line in front of an error about a name in the document's text."""
    named = re.search(r"(@[\w:.-]+|(?<=the file )\S+|(?<=named ')[^']+)", error.message)
    if named is None or finding_of(error) is not None:
        return error
    line = next((line for line in document.lines if named[1] in line.text), None)
    if line is None:
        return error
    return RenderError(error.error_id, f"{line.place}: {error.message}")
