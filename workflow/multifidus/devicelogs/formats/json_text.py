"""JSON as it comes: duplicate keys, NaN, invalid UTF-8 and truncation are reported."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multifidus.devicelogs.findings import FaultLog

__all__ = ["JsonObject", "load_json", "load_list"]

_BLANK = " \t\r\n"
_PADDING = "\x00" + _BLANK
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class JsonObject:
    """One JSON object as far as it is whole.

    ``sizes`` are the bytes of each member of the outermost object, name and value; ``used`` are
    the bytes up to the end of what was read.
    """

    content: dict[str, Any]
    sizes: dict[str, int]
    used: int


def load_json(data: bytes, faults: FaultLog) -> JsonObject:
    """Parse one JSON object as far as it is whole.

    Parameters
    ----------
    data
        The whole input.
    faults
        Receives fault 42 for duplicate keys (the last one is used), NaN or infinity (taken
        out), invalid UTF-8 and text after the object (not used), fault 41 when the text ends
        early, 40 for an object in a list of one, 43 for a list of several (none is used), 35 for a
        byte order mark or NUL padding.

    Returns
    -------
    JsonObject
        Of truncated text only the leading members that are complete are in the object; no
        bracket is ever added.
    """
    text = _decode(data, faults)
    odd: Counter[str] = Counter()
    decoder = _decoder(odd)
    begin = len(text) - len(text.lstrip(_BLANK + "\x00"))
    listed = text.startswith("[", begin)
    begin = _skip(text, begin + 1) if listed else begin
    members, end, whole = _members(text, begin, decoder)
    content = _unique([(name, value) for name, value, _, _ in members], odd)
    if whole and listed:
        end = _skip(text, end)
        if text.startswith(",", end):
            faults.add(43, "a list of several reports; none is read", outcome="reject")
            return JsonObject({}, {}, 0)
        whole = text.startswith("]", end)
        end += whole
        if whole:
            faults.add(40, "the report is in a list of one")
    if whole:
        used = _tail(text, end, data, faults)
    else:
        used = _bytes_before(text, end, data)
        faults.add(
            41,
            "the JSON text ends early; complete leading members are used",
            span=(used, len(data)),
            count=len(content),
        )
    _report(odd, data, faults)
    sizes: Counter[str] = Counter()
    for name, _, start, stop in members:
        sizes[name] += stop - start if data.isascii() else len(text[start:stop].encode())
    return JsonObject(content, dict(sizes), used)


def load_list(data: bytes, faults: FaultLog) -> tuple[list[Any], int]:
    """Parse a list of objects as far as it is whole.

    Parameters
    ----------
    data
        The whole input.
    faults
        Receives faults 40, 41 and 42 as :func:`load_json` gives them.

    Returns
    -------
    entries, used
        The entries that are whole up to the first that is not, and the bytes up to their end.
    """
    text = _decode(data, faults)
    odd: Counter[str] = Counter()
    decoder = _decoder(odd)
    used = len(data)
    try:
        content = decoder.decode(text.strip(_PADDING))
    except (ValueError, RecursionError):
        content, end = _leading(text, decoder)
        used = _bytes_before(text, end, data) if content else 0
        detail = "the JSON text ends early; complete leading entries are used"
        faults.add(41, detail, span=(used, len(data)), count=len(content))
    _report(odd, data, faults)
    if not isinstance(content, list):
        faults.add(40, "the file is one object in place of a list of one")
        content = [content]
    return content, used


def _leading(text: str, decoder: json.JSONDecoder) -> tuple[list[Any], int]:
    """Return the entries of a list that are whole, up to the first that is not, and their end."""
    entries: list[Any] = []
    end = at = text.find("[") + 1
    try:
        while at < len(text):
            value, end = decoder.raw_decode(text, _skip(text, at))
            entries.append(value)
            at = _skip(text, end)
            if not text.startswith(",", at):
                break
            at += 1
    except (ValueError, RecursionError):
        pass
    return entries, end


def _decoder(odd: Counter[str]) -> json.JSONDecoder:
    """Return a decoder that counts duplicate keys and numbers that JSON has not."""

    def constant(_: str) -> None:
        odd["NaN or infinity taken out"] += 1

    return json.JSONDecoder(
        object_pairs_hook=lambda members: _unique(members, odd), parse_constant=constant
    )


def _unique(members: list[tuple[str, Any]], odd: Counter[str]) -> dict[str, Any]:
    content = dict(members)
    if len(content) < len(members):
        odd["duplicate keys; the last one is used"] += len(members) - len(content)
    return content


def _report(odd: Counter[str], data: bytes, faults: FaultLog) -> None:
    for detail, count in sorted(odd.items()):
        faults.add(42, detail, span=(0, len(data)), count=count)


def _decode(data: bytes, faults: FaultLog) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        genuine = data.count("\ufffd".encode())
        faults.add(
            42,
            "invalid UTF-8; the texts that hold it are taken out",
            span=(error.start, error.end),
            count=max(1, text.count("\ufffd") - genuine),
        )
    if text.startswith("\ufeff"):
        faults.add(35, "a byte order mark before the text", span=(0, len(_BOM)))
        return text[1:]
    return text


def _tail(text: str, end: int, data: bytes, faults: FaultLog) -> int:
    """Report what follows the object; return the bytes that it and the object take."""
    rest = text[end:].strip(_BLANK)
    if not rest:
        return len(data)
    used = _bytes_before(text, end, data)
    if rest.strip("\x00" + _BLANK):
        faults.add(42, "text after the report is not used", span=(used, len(data)))
        return used
    faults.add(35, "NUL padding after the text", span=(used, len(data)))
    return len(data)


def _bytes_before(text: str, end: int, data: bytes) -> int:
    """Bytes of the input before a character; a replaced byte may have become three."""
    mark = len(_BOM) if data.startswith(_BOM) else 0
    return min(mark + len(text[:end].encode()), len(data)) if end else 0


def _members(
    text: str, begin: int, decoder: json.JSONDecoder
) -> tuple[list[tuple[str, Any, int, int]], int, bool]:
    """Read the members of the outermost object one by one until one is not whole.

    Returns
    -------
    members, end, whole
        Name, value, first character and end of each member; where the reading stopped; whether
        the object ended there.
    """
    members: list[tuple[str, Any, int, int]] = []
    if not text.startswith("{", begin):
        return members, begin, False
    position = used = _skip(text, begin + 1)
    if text.startswith("}", position):
        return members, position + 1, True
    while True:
        start = position = _skip(text, position)
        try:
            name, position = decoder.raw_decode(text, position)
            colon = _skip(text, position)
            if text[colon : colon + 1] != ":" or not isinstance(name, str):
                break
            value, position = decoder.raw_decode(text, _skip(text, colon + 1))
        except (ValueError, RecursionError):
            break
        following = _skip(text, position)
        if text[following : following + 1] not in {",", "}"}:
            break  # a number at the very end may itself be cut
        members.append((name, value, start, position))
        used = position
        if text[following] == "}":
            return members, following + 1, True
        position = following + 1
    return members, used, False


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANK:
        position += 1
    return position
