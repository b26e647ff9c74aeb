"""From frames to parts: one part per download in a file, each with its own identity."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from multifidus.devicelogs.custody import damaged_header_line
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.layout import CHECKSUM_BYTES, FORMAT_MAJOR, FORMAT_MINOR, MAX_LINE_BYTES
from multifidus.devicelogs.model import Header
from multifidus.devicelogs.part_columns import BlockLines, DamagedLines, RecordRuns
from multifidus.devicelogs.text_frames import (
    Block,
    Frame,
    Gap,
    RecordRun,
    Scan,
    clean_text,
    scan_frames,
)
from multifidus.devicelogs.text_header import header_line_name, read_header_line
from multifidus.devicelogs.text_lines import is_plain

if TYPE_CHECKING:
    from multifidus.devicelogs.text_frames import CleanText, Item

__all__ = ["ByteAccount", "TextFile", "TextPart", "read_frames"]

_CLAIMED = re.compile(rb"R(\d{1,10}),")
_LOWER = re.compile(rb"[HRBE][^*\n]{1,190}\*([0-9A-Fa-f]{8})")
_TAIL = re.compile(rb"\*[0-9A-F]{8}\Z")
_ENDING = re.compile(rb"\*[^*]{6,10}\Z")
_NAMES = ("ipglog-text", "ipglog-bin")
_KINDS = (b"H", b"R", b"B", b"E")
_SMALL_GAP = 1 << 16


@dataclass
class ByteAccount:
    """Every byte of an input is exactly one of these (the first conservation law)."""

    size: int = 0
    accepted: int = 0
    framing: int = 0
    flagged: int = 0

    @property
    def balanced(self) -> bool:
        """Whether the three kinds add up to the size."""
        return self.accepted + self.framing + self.flagged == self.size


@dataclass
class TextPart:
    """One download: header, runs of verified record lines, block lines, end line, damage."""

    header: Header = field(default_factory=Header)
    runs: RecordRuns = field(default_factory=RecordRuns)
    blocks: BlockLines = field(default_factory=BlockLines)
    end: tuple[int, int] | None = None
    damaged: DamagedLines = field(default_factory=DamagedLines)
    faults: FaultLog = field(default_factory=FaultLog)
    header_names: list[str] = field(default_factory=list)
    header_texts: list[str] = field(default_factory=list)
    touched: bool = False
    closed: bool = False
    readable: bool = True

    @property
    def complete(self) -> bool:
        """Whether the part is as its writer left it: nothing lost, nothing slipped in.

        Every block verifies, the blocks rise within the declared ring, the end line counts the
        records and blocks that are there, and no header line is damaged or stands twice.
        """
        header, blocks = self.header, self.blocks
        if (
            not blocks
            or self.damaged
            or self.touched
            or any(name.startswith("!") for name in self.header_names)
            or self.end != (self.count, len(blocks))
            or blocks.unverified
            or not blocks.rise
            or blocks.first[0] < (header.first_seq or 0)
        ):
            return False
        filled = (blocks.first[0], blocks.last[-1]) == (header.first_seq, header.last_seq)
        # An excerpt is bound by its sync records. A device that was never synchronised has none:
        # its excerpt is taken as written, if what else its header must say is there.
        stated = header.download_start is not None and header.capacity is not None
        within = header.last_seq is None or blocks.last[-1] <= header.last_seq
        return filled or (within and stated and not header.syncs)

    @property
    def count(self) -> int:
        """Record lines that verified."""
        return self.runs.count


@dataclass
class TextFile:
    """A whole input after framing."""

    text: CleanText
    parts: list[TextPart]
    account: ByteAccount
    faults: FaultLog


def read_frames(data: bytes) -> TextFile:
    """Frame one ``ipglog-text`` input and account for each byte.

    Parameters
    ----------
    data
        The whole input.

    Returns
    -------
    TextFile
        At least one part; never raises on any input.
    """
    text = clean_text(data)
    scan = Scan()
    account = ByteAccount(size=len(data), framing=text.removed)
    file = TextFile(text, [TextPart()], account, FaultLog())
    if text.residues:
        detail = f"removed: {', '.join(text.residues)}"
        file.faults.add(35, detail, span=(0, len(data)), count=text.removed)
    for item in scan_frames(text.data, scan):
        _place(file, item)
    for position in scan.glued:
        offset = text.offset(position)
        file.faults.add(4, "a line end is missing; both sides were read", span=(offset, offset))
    _check_devices(file)
    for part in file.parts:
        _check_version(part)
        if part.runs or part.blocks:
            _check_end(part, len(data))
        if not part.readable:
            account.accepted -= part.runs.size
            account.flagged += part.runs.size
            part.runs, part.damaged = RecordRuns(), DamagedLines()
    return file


def _place(file: TextFile, item: Item) -> None:
    part = file.parts[-1]
    size = item.end - item.start
    if isinstance(item, Gap):
        file.account.flagged += size
        _describe_gap(file, part, item)
        return
    if isinstance(item, Frame) and item.kind == "H":
        _place_header(file, part, item)
        return
    if part.closed:
        # Nothing says whose lines these are: a new part without a header takes them.
        part = TextPart()
        file.parts.append(part)
    if isinstance(item, RecordRun):
        file.account.accepted += size
        part.runs.append(item.start, item.end, item.lines, len(part.blocks))
        return
    file.account.framing += size
    if isinstance(item, Block):
        part.blocks.append(item.first, item.last, item.lines, item.crc, verified=item.verified)
        return
    numbers = item.text.split(",")
    if item.kind == "E" and len(numbers) == 2 and all(number.isdigit() for number in numbers):  # noqa: PLR2004
        part.end = (int(numbers[0]), int(numbers[1]))
        part.closed = True
    else:
        part.faults.add(
            6, "a block or end line cannot be read", span=file.text.span(item.start, item.end)
        )


def _place_header(file: TextFile, part: TextPart, item: Frame) -> None:
    span = file.text.span(item.start, item.end)
    file.account.framing += item.end - item.start
    begun = bool(part.runs or part.closed or part.blocks)
    if not begun and _again(part, item.text):
        part.faults.add(8, "a header line is present twice; read once", span=span)
        part.touched = True
        return
    if begun or _opens(part.header, item.text):
        part = TextPart()
        file.parts.append(part)
    part.header_names.append(header_line_name(item.text))
    part.header_texts.append(item.text)
    read_header_line(part.header, item.text, part.faults, span)


def _again(part: TextPart, text: str) -> bool:
    """Whether a header line only repeats one of its header; a format line opens a new one."""
    if header_line_name(text) == "format":
        return part.header_texts == [text]
    return text in part.header_texts


def _opens(header: Header, text: str) -> bool:
    """Whether a header line says anew what one download says only once.

    A second device line does not: whose the lines on either side of it are, nobody can say.
    """
    given = {"format": header.name, "download": header.programmer, "ring": header.capacity}
    return given.get(header_line_name(text)) is not None


def _describe_gap(file: TextFile, part: TextPart, gap: Gap) -> None:
    """Report the lines in a gap; long gaps are reported as one."""
    data = file.text.data
    if gap.end - gap.start > _SMALL_GAP:
        lines = data.count(b"\n", gap.start, gap.end) + 1
        part.header_names += [] if part.runs else ["!?"]
        part.damaged.append(None, len(part.runs), len(part.blocks), seam=False)
        part.faults.add(1, "unreadable bytes", span=file.text.span(gap.start, gap.end), count=lines)
        return
    if gap.framed and part.runs:
        _describe_framed(file, part, gap)
        return
    begin = gap.start
    while begin < gap.end:
        newline = data.find(b"\n", begin, gap.end)
        end = gap.end if newline < 0 else newline + 1
        _describe_line(file, part, begin, end)
        begin = end


def _describe_framed(file: TextFile, part: TextPart, gap: Gap) -> None:
    """Report a line with the shape of a frame, behind the first record: only its checksum fails."""
    data = file.text.data
    claimed = _CLAIMED.match(data, gap.start)
    seq = int(claimed[1]) if claimed else None
    if data[gap.start] not in b"HBE":
        part.damaged.append(seq, len(part.runs), len(part.blocks), seam=False)
    seqs = None if seq is None else (seq, seq)
    detail = _checksum_fails(data[gap.start : gap.end - 1])
    span = file.text.span(gap.start, gap.end)
    part.faults.add(1, detail, span=span, seqs=seqs, outcome="reject")


def _describe_line(file: TextFile, part: TextPart, start: int, end: int) -> None:
    body = file.text.data[start:end]
    ended = body.endswith(b"\n")
    if ended:
        body = body[:-1]
    span = file.text.span(start, end)
    runs, blocks = len(part.runs), len(part.blocks)
    if not runs and not blocks:
        part.header_names.append("!" + damaged_header_line(body.decode("latin-1")))
    if not body:
        part.faults.add(35, "an empty line", span=span)
        return
    claimed = _CLAIMED.match(body)
    seam = not runs and _is_seam(part, body)
    seq = part.header.first_seq if seam else int(claimed[1]) if claimed else None
    if body[0] not in b"HBE":
        part.damaged.append(seq, runs, blocks, seam=seam)
    # Without a line end, but not the last: what follows it was glued to a line that was cut.
    number, detail = _kind_of_damage(body, complete=ended or end < len(file.text.data))
    if seam:
        number, detail = 15, "the oldest record is half overwritten"
    elif number == 5:  # noqa: PLR2004
        detail = "the last line is cut"
    seqs = None if seq is None else (seq, seq)
    part.faults.add(number, detail, span=span, seqs=seqs, outcome="reject")


def _is_seam(part: TextPart, body: bytes) -> bool:
    wrapped = bool(part.header.lost_before)
    return wrapped and not part.damaged and not body.startswith((b"H", b"B"))


def _checksum_fails(body: bytes) -> str:
    """Say why a line with the shape of a frame does not verify."""
    strange = not is_plain(body) and crc32(body[:-CHECKSUM_BYTES]) == int(body[-8:], 16)
    return "bytes that are no plain text" if strange else "checksum does not hold"


def _kind_of_damage(body: bytes, *, complete: bool) -> tuple[int, str]:
    """Name the damage of one rejected line; what cannot be told apart is not guessed."""
    if _is_framed(body):
        return 1, _checksum_fails(body)
    lower = _LOWER.fullmatch(body)
    if lower and crc32(body[:-CHECKSUM_BYTES]) == int(lower[1], 16):
        return 35, "checksum in lower-case digits is a format error"
    if not complete:
        return 5, "cut"
    if _ENDING.search(body) and body[:1] in _KINDS:
        return 2, "checksum is not eight upper-case hexadecimal digits"
    return 3, "a fragment of a line"


def _is_framed(body: bytes) -> bool:
    """Whether a line has the shape of a frame: a kind, one star, eight digits."""
    star = len(body) - CHECKSUM_BYTES
    kind = body[:1] in _KINDS and 1 < star <= MAX_LINE_BYTES - CHECKSUM_BYTES
    return kind and body.count(b"*") == 1 and _TAIL.match(body, star) is not None


def _check_devices(file: TextFile) -> None:
    names = {part.header.pseudonym for part in file.parts if part.header.pseudonym}
    if len(names) > 1:
        file.faults.add(
            12,
            "headers of more than one device; each part is read by its own header",
            span=(0, file.account.size),
            count=len(names),
        )


def _check_end(part: TextPart, size: int) -> None:
    """Compare the end line and the block lines with what was read."""
    if part.end is None:
        part.faults.add(5, "no end line; what followed is unknown", span=(size, size))
    elif part.end != (part.count, len(part.blocks)):
        part.faults.add(
            6,
            "the end line counts other records or blocks than were read",
            count=abs(part.end[0] - part.count),
        )
    unequal = part.blocks.unverified
    if unequal:
        part.faults.add(6, "blocks whose lines are not those the writer counted", count=unequal)


def _check_version(part: TextPart) -> None:
    header = part.header
    if header.name is None and part.runs:
        part.faults.add(34, "the format line is missing; version unknown", severity="severe")
    elif header.name is not None and (header.major or 0) != FORMAT_MAJOR:
        part.faults.add(
            34, "unknown major version; nothing read", severity="severe", outcome="reject"
        )
        part.readable = False
    elif header.name is not None and header.name not in _NAMES:
        part.faults.add(34, "the format line names another format; read as 1.0")
    elif header.minor is not None and header.minor > FORMAT_MINOR:
        part.faults.add(34, "newer minor version; read as 1.0")
    if not part.runs:
        part.faults.add(43, "no record verifies")
