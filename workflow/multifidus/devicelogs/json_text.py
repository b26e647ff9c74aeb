"""JSON as it comes: duplicate keys, NaN, invalid UTF-8 and truncation are reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multifidus.devicelogs.findings import FaultLog

__all__ = ["load_json"]


def load_json(data: bytes, faults: FaultLog) -> tuple[dict[str, Any], int]:
    """Parse one JSON object as far as it is whole.

    Parameters
    ----------
    data
        The whole input.
    faults
        Receives fault 42 for duplicate keys (the last one is used), NaN or infinity (taken
        out) and invalid UTF-8, and fault 41 when the text ends early.

    Returns
    -------
    content, used
        The object, and the bytes it stands on. Of truncated text only the leading members
        that are complete are in the object; no bracket is ever added.
    """
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if "\ufffd" in text and b"\xef\xbf\xbd" not in data:
        faults.add(42, "invalid UTF-8 was replaced", span=(0, len(data)))
    notes = {"duplicate": 0, "constant": 0}

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(members)
        notes["duplicate"] += len(members) - len(content)
        return content

    def constant(_: str) -> None:
        notes["constant"] += 1

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant)
    try:
        content, used = decoder.raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        content, used = _leading_members(text, decoder)
        kept = len(text[:used].encode())
        faults.add(
            41,
            "the JSON text ends early; complete leading members are used",
            span=(kept, len(data)),
            count=len(content),
        )
        used = kept
    else:
        used = len(data)
    if notes["duplicate"]:
        detail = "duplicate keys; the last one is used"
        faults.add(42, detail, span=(0, len(data)), count=notes["duplicate"])
    if notes["constant"]:
        detail = "NaN or infinity taken out"
        faults.add(42, detail, span=(0, len(data)), count=notes["constant"])
    return (content if isinstance(content, dict) else {}), used


def _leading_members(text: str, decoder: json.JSONDecoder) -> tuple[dict[str, Any], int]:
    """Read the members of the outermost object one by one until one is not whole."""
    content: dict[str, Any] = {}
    position = text.find("{") + 1
    used = 0
    while position > 0:
        position = _skip(text, position)
        try:
            name, position = decoder.raw_decode(text, position)
            colon = _skip(text, position)
            if text[colon : colon + 1] != ":" or not isinstance(name, str):
                break
            value, position = decoder.raw_decode(text, _skip(text, colon + 1))
        except (ValueError, RecursionError):
            break
        following = _skip(text, position)
        if text[following : following + 1] != ",":
            break  # a number at the very end may itself be cut
        content[name] = value
        used = position
        position = following + 1
    return content, used


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
