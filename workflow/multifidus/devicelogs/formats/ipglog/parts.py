"""The downloads in a text, and the checks of each as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.ipglog.header import Header
from multifidus.devicelogs.formats.ipglog.layout import FORMAT_MAJOR, FORMAT_MINOR

if TYPE_CHECKING:
    from multifidus.devicelogs.formats.interface import ByteAccount
    from multifidus.devicelogs.formats.ipglog.lines import CleanText

__all__ = ["Part", "Piece", "TextFile", "check_devices", "check_part"]

_REQUIRED = ("format", "device", "download", "ring")
_NAMES = ("ipglog-text", "ipglog-bin")


class Piece(NamedTuple):
    """Record lines of a block that verifies: bytes, number of lines, bytes of the input, offset.

    The offset in the cleaned text is -1 where the lines were put in order first.
    """

    data: bytes
    lines: int
    size: int
    start: int


@dataclass
class Part:
    """One download: header, verified record lines, numbers of records that are not used.

    ``doubt`` says why its header cannot be relied on, empty when it can. ``end`` are the counts of
    its end line.
    """

    header: Header = field(default_factory=Header)
    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    faults: FaultLog = field(default_factory=FaultLog)
    blocks: int = 0
    begun: bool = False
    end: tuple[int, int] | None = None
    end_text: str = ""
    doubt: str = ""

    @property
    def records(self) -> int:
        """Record lines of blocks that verify."""
        return sum(piece.lines for piece in self.pieces)


@dataclass
class TextFile:
    """A whole input after framing."""

    text: CleanText
    parts: list[Part]
    account: ByteAccount
    faults: FaultLog
    plain: bool


def check_devices(file: TextFile) -> None:
    """Report headers of more than one device in one file."""
    names = {part.header.pseudonym for part in file.parts if part.header.pseudonym}
    if len(names) > 1:
        file.faults.add(
            12,
            "headers of more than one device; each part is read by its own header",
            span=(0, file.account.size),
            count=len(names),
        )


def check_part(part: Part, file: TextFile) -> None:
    """Compare a part with its end line, and leave it out where its header is damaged."""
    header = part.header
    if part.end is None and (part.begun or part.names):
        size = file.account.size
        part.faults.add(5, "no end line; what followed is unknown", span=(size, size))
    elif part.end is not None and part.end != (part.records, part.blocks):
        part.faults.add(
            6,
            "the end line counts other records or blocks than were read",
            count=abs(part.end[0] - part.records),
        )
    lacking = [name for name in _REQUIRED if name not in part.names]
    if header.name is not None and (header.major or 0) != FORMAT_MAJOR:
        part.faults.add(
            34, "unknown major version; nothing read", severity="severe", outcome="reject"
        )
        part.doubt = "the version is unknown"
    elif part.doubt or lacking or not header.pseudonym:
        part.doubt = part.doubt or f"the header lacks a readable line: {', '.join(lacking)}"
        if part.begun or part.names:
            detail = f"{part.doubt}; the download is not used"
            part.faults.add(45, detail, count=max(part.records, 1))
    elif header.name not in _NAMES:
        part.faults.add(34, "the format line names another format; read as 1.0")
    elif header.minor is not None and header.minor > FORMAT_MINOR:
        part.faults.add(34, "newer minor version; read as 1.0")
    if part.doubt:
        size = sum(piece.size for piece in part.pieces)
        file.account.accepted -= size
        file.account.flagged += size
        part.pieces = []
    if not part.records:
        part.faults.add(43, "no record verifies")
