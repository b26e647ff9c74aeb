"""What Quarto prints: the fault that helps a user, and nothing of the data.

Quarto delivers documents whose references, citations, pictures or variables were not found, with a
warning alone; here these are the errors that the embedded renderer makes of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from multifidus.base.errors import RenderError
from multifidus.report.engines.kernel import reason
from multifidus.report.engines.lint.findings import placed
from multifidus.report.engines.pandoc import fault_in_pandoc
from multifidus.report.engines.source import cell_options, split_blocks

if TYPE_CHECKING:
    from multifidus.report.engines.source import Document

__all__ = ["fault_in", "plain"]

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_CELL: Final = re.compile(
    r"^An error occurred while executing the following cell:\n-+\n(.*?)\n-+\n", re.M | re.S
)
_HEADER: Final = re.compile(r"^(\w+) +Traceback \(most recent call last\)$", re.M)
_END: Final = r"\n+WARN: Error encountered when rendering files"
_ANY_RAISED: Final = re.compile(rf"\n\n([A-Z]\w*)(?:: (.*?))?(?={_END})", re.S)
_REFERENCE: Final = re.compile(r"Unable to resolve crossref @(\S+)")
_VARIABLE: Final = re.compile(r"Unknown variable (\S+) specified in an? (\w+) Shortcode", re.I)


def plain(text: str) -> str:
    """Return what Quarto printed without colours and without the values in an error's message.

    The message of an exception may hold a participant's data; its name does not.
    """
    text = _COLOUR.sub("", text)
    raised = _raised(text)
    if raised is None:
        return text
    start, end, name, value = raised
    return text[:start] + reason(name, value) + text[end:]


def fault_in(text: str, document: Document) -> RenderError | None:
    """Find the first fault of the document in what Quarto printed, whether it failed or not.

    Parameters
    ----------
    text
        What :func:`plain` returned.
    document
        The document, for the places of faults.

    Returns
    -------
    RenderError or None
        ``RND-040`` (a cell fails), ``RND-041`` (an inline expression fails), ``RND-009`` (a
        cross-reference), ``RND-010`` (a citation), ``RND-011`` (a variable), ``RND-025`` (a file),
        or the id that one of our filters prints.
    """
    failed = _execution_fault(text, document)
    if failed is not None:
        return failed
    fault = fault_in_pandoc(text) or _filter_fault(text)
    return None if fault is None else placed(fault, document)


def _filter_fault(text: str) -> RenderError | None:
    """Return what Quarto's own filters only warn of."""
    reference = _REFERENCE.search(text)
    if reference:
        return RenderError("RND-009", f"the cross-reference @{reference[1]} has no target.")
    variable = _VARIABLE.search(text)
    if variable:
        return RenderError("RND-011", f"{variable[2].lower()} has no value named {variable[1]!r}.")
    return None


def _raised(text: str) -> tuple[int, int, str, str] | None:
    """Find the message of the exception that ended the execution: its span, name and value."""
    headers = list(_HEADER.finditer(text))
    if headers:
        name, start = headers[-1][1], headers[-1].end()
        found = re.compile(rf"^({name})(?:: (.*?))?(?={_END})", re.M | re.S).search(text, start)
    else:
        found = _ANY_RAISED.search(text)
    if found is None:
        return None
    return found.start(1), found.end(), found[1], found[2] or ""


def _execution_fault(text: str, document: Document) -> RenderError | None:
    raised = _raised(text)
    if raised is None:
        return None
    why = reason(*raised[2:])
    cell = _CELL.search(text)
    if cell is None:
        message = f"an inline expression of {document.path.name} fails with {why}; correct it there"
        return RenderError("RND-041", f"{message}.")
    place = _place_of(cell[1], document)
    return RenderError("RND-040", f"{place}: the cell fails with {why}; correct the code there.")


def _place_of(code: str, document: Document) -> str:
    """Return ``file:line`` of the cell with this code; the document's name where none has it."""
    for block in split_blocks(document.lines):
        if block.kind == "cell":
            _, own = cell_options(block.text, block.place)
            if own.strip() == code.strip():
                return block.place
    return document.path.name
