"""The clock in a PDF: Quarto lets Typst write the time of day into each file.

Dates, and the identifiers that Typst derives from them, are replaced by others of the same length,
so that no offset in the file moves.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

__all__ = ["without_time"]

# As Typst 0.14 and 0.15 write them: (D:20261127034826Z) and 2026-11-27T03:48:26+00:00.
_DATE: Final = re.compile(rb"(?<=\(D:)\d{14}[^)]*(?=\))")
_XMP_DATE: Final = re.compile(rb"(?<=Date>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^<]*(?=</xmp:)")
_IDENTIFIER: Final = re.compile(rb"(?<=ID>)[A-Za-z0-9+/=]+(?=</xmpMM:)")


def without_time(content: bytes) -> bytes:
    """Return a PDF with dates of 1970 and identifiers that follow from the rest of it.

    Parameters
    ----------
    content
        A PDF as Typst writes it: its document information and XMP metadata are not compressed,
        and the identifiers of the trailer are those of the XMP metadata.
    """
    content = _DATE.sub(lambda match: _like(match[0], b"19700101000000Z"), content)
    content = _XMP_DATE.sub(lambda match: _like(match[0], b"1970-01-01T00:00:00+00:00"), content)
    identifiers = sorted(set(_IDENTIFIER.findall(content)))
    rest = content
    for old in identifiers:
        rest = rest.replace(old, b"")
    digest = base64.b64encode(hashlib.sha256(rest).digest()[:16])
    for old in identifiers:
        content = content.replace(old, _like(old, digest))
    return content


def _like(old: bytes, new: bytes) -> bytes:
    """Cut or fill ``new`` to the length of ``old``."""
    return new[: len(old)].ljust(len(old), b"0")
