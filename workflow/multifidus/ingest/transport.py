"""SAS transport files (XPT) as frames of text: one file per SDTM domain, read through pyreadstat.

Rows are numbered as observations, the first being 1. Dates and times stay as they are in the
ISO 8601 text of SDTM (SDTMIG, section 4.4).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pyreadstat

from multifidus.contracts.check import ROW, Finding
from multifidus.contracts.rules import rule_named

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Domain", "find_domain", "read_domain", "sdtm_date"]

_HEADER = b"HEADER RECORD*******LIB"
_HEADER_LENGTH = len(_HEADER)
_RECORD_LENGTH = 80


class Domain(NamedTuple):
    """One domain: its records as text (missing is NA), and the file."""

    name: str
    frame: pd.DataFrame
    path: Path


def find_domain(folder: Path, domain: str) -> Path | None:
    """Return the transport file of a domain, whichever way its name is capitalised."""
    wanted = f"{domain}.xpt".lower()
    found = [path for path in sorted(folder.iterdir()) if path.name.lower() == wanted]
    return found[0] if found else None


def read_domain(path: Path, name: str, encoding: str | None) -> tuple[Domain | None, list[Finding]]:
    """Read one transport file.

    Parameters
    ----------
    path
        The file.
    name
        Name of the domain, for messages.
    encoding
        Character encoding; ``None`` means UTF-8.

    Returns
    -------
    tuple
        The domain with variables in capital letters, or ``None`` and the finding that says why.
    """
    with path.open("rb") as stream:
        if not stream.read(_HEADER_LENGTH).startswith(_HEADER):
            detail = "it does not begin as a transport file does"
            return None, [Finding(rule_named("transport_file"), name, detail=detail)]
    if path.stat().st_size % _RECORD_LENGTH:
        # The reader takes a file that was cut short for a shorter one.
        detail = f"its length is no multiple of {_RECORD_LENGTH} bytes, so it was cut or changed"
        return None, [Finding(rule_named("transport_file"), name, detail=detail)]
    try:
        frame, _ = pyreadstat.read_xport(str(path), encoding=encoding)
    except UnicodeDecodeError:
        detail = f"it is not {encoding or 'UTF-8'}; name its encoding in mapping.yaml"
        return None, [Finding(rule_named("encoding"), name, detail=detail)]
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, MemoryError):
        # The reader's own words may quote the data; the finding has the file's name and no more.
        return None, [Finding(rule_named("transport_file"), name)]
    frame.columns = pd.Index([str(column).upper() for column in frame.columns])
    frame.index = pd.RangeIndex(1, len(frame) + 1, name=ROW)
    return Domain(name, frame.apply(_as_text), path), []


def sdtm_date(text: pd.Series) -> pd.Series:
    """Cut ISO 8601 text of SDTM to the part of the date that is known from the left.

    A time is cut, and so is whatever is right of the first unknown part: ``2003-12-15T13:14``
    gives ``2003-12-15``, ``2003---15`` (month unknown) gives ``2003``, ``--12-15`` gives nothing.
    Text of any other form is returned as it is, for the date check to refuse.
    """
    return text.map(_known_date, na_action="ignore")


_DATE = re.compile(
    r"^(?P<year>\d{4}|-)"
    r"(-(?P<month>\d{2}|-)(-(?P<day>\d{2}|-))?)?"
    r"(T[-0-9:.,+Z]*)?$"
)


def _known_date(text: str) -> str | None:
    found = _DATE.match(text.strip())
    if found is None:
        return text
    known: list[str] = []
    for part in (found["year"], found["month"], found["day"]):
        if part is None or part == "-":
            break
        known.append(part)
    return "-".join(known) or None


def _as_text(values: pd.Series) -> pd.Series:
    """Write numbers without a trailing ``.0``, dates as ISO 8601, text without padding."""
    if pd.api.types.is_numeric_dtype(values):
        text = values.map(lambda value: f"{value:.15g}", na_action="ignore")
    else:
        text = values.map(_one_text, na_action="ignore")
    return text.astype("str")


def _one_text(value: object) -> str | None:
    # Variables with a SAS date format come as dates, all others as text.
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value).strip() or None
