"""Members of a Percept report whatever another tool made of their shape.

Tools on the way turn a list of one into its element, take the punctuation out of map keys and
write whole numbers as floats. All of that is read and counted (fault 40); what cannot be read
is taken out and counted (faults 23, 28, 29, 42). Nothing raises.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from multifidus.devicelogs.clock.times import NO_TIME, IntArray, iso_seconds, parse_iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multifidus.devicelogs.findings import FaultLog

__all__ = ["Shapes", "is_number", "parse_times", "side_of", "word_of"]

Members = dict[str, Any]

_TEMPLATE = np.frombuffer(b"0000-00-00T00:00:00Z", dtype=np.uint8)
_LENGTH = len(_TEMPLATE)
_DIGITS = np.flatnonzero(np.isin(_TEMPLATE, ord("0")))
_DATE_KEY = re.compile(r"x?(\d{4})\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?")
_MINIMUM_DATE = "0001-01-01T00:00:00"
_SIDES = ("left", "right")
_LARGEST = 2**63
_REPLACED = "\ufffd"


def parse_times(texts: Sequence[object]) -> IntArray:
    """Read many times at once, each as ``parse_iso`` does.

    Parameters
    ----------
    texts
        RFC 3339; a fraction of a second is cut off. Anything else is no time.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Seconds since 1970, ``NO_TIME`` where there is none.
    """
    seconds = np.full(len(texts), NO_TIME, dtype=np.int64)
    if set(map(type, texts)) != {str}:
        texts = [text if isinstance(text, str) else "" for text in texts]
    try:
        raw = np.asarray(texts, dtype=f"S{_LENGTH}")
    except UnicodeEncodeError:
        plain = np.zeros(len(texts), dtype=np.bool_)
    else:
        octets = raw.view(np.uint8).reshape(len(texts), _LENGTH)
        plain = _shaped(octets) & (np.asarray([len(str(text)) for text in texts]) == _LENGTH)
        seconds[plain] = _civil_seconds(octets[plain])
    for row in np.flatnonzero(~plain).tolist():
        seconds[row] = _one_time(texts[row])
    return seconds


def _shaped(octets: np.ndarray) -> np.ndarray:
    """Whether each row is a calendar time of the template's shape (seconds from 2000 to 2099)."""
    digits = octets[:, _DIGITS]
    marks = np.delete(octets, _DIGITS, axis=1) == np.delete(_TEMPLATE, _DIGITS)
    numeric = (digits >= ord("0")) & (digits <= ord("9"))
    whole = numeric.all(axis=1) & marks.all(axis=1)
    year, month, day, hour, minute, second = _parts(octets)
    real = (year // 100 == 20) & (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004
    return np.asarray(
        whole & real & (day <= _month_length(year, month)) & (hour < 24) & (minute < 60)  # noqa: PLR2004
        & (second < 60)  # noqa: PLR2004
    )  # fmt: skip


def _parts(octets: np.ndarray) -> tuple[IntArray, ...]:
    digits = octets[:, _DIGITS].astype(np.int64) - ord("0")
    pairs = digits[:, ::2] * 10 + digits[:, 1::2]
    year, month, day, hour, minute, second = (pairs[:, 0] * 100 + pairs[:, 1], *pairs[:, 2:].T)
    return year, month, day, hour, minute, second


def _month_start(year: IntArray, month: IntArray) -> np.ndarray:
    months = (year - 1970) * 12 + month - 1
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _month_length(year: IntArray, month: IntArray) -> np.ndarray:
    return np.asarray(_month_start(year, month + 1) - _month_start(year, month))


def _civil_seconds(octets: np.ndarray) -> IntArray:
    year, month, day, hour, minute, second = _parts(octets)
    days = _month_start(year, month) + day - 1
    return np.asarray(((days * 24 + hour) * 60 + minute) * 60 + second, dtype=np.int64)


def _one_time(value: object) -> int:
    if not isinstance(value, str):
        return NO_TIME
    seconds = parse_iso(value)
    return NO_TIME if seconds is None else seconds


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is a finite number that 64 bits hold exactly or nearly."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) < _LARGEST  # type: ignore[arg-type]  # just tested


def word_of(value: object) -> str:
    """Return the last word of a coded value, in lower case: ``StimStatusDef.ON`` is ``on``."""
    return str(value).rpartition(".")[2].lower() if value else ""


def side_of(value: object) -> str:
    """Return ``left``, ``right`` or the last word of a hemisphere, punctuation lost or not."""
    lower = str(value).lower() if value else ""
    return next((side for side in _SIDES if lower.endswith(side)), word_of(value))


class Shapes:
    """Reads members of a report and keeps count of what was not as it should be."""

    def __init__(self) -> None:
        self._wrapped: dict[str, str] = {}
        self._counts: Counter[tuple[int, str]] = Counter()

    def count(self, fault: int, detail: str, number: int = 1) -> None:
        """Count something wrong; one fault each is added at the end."""
        if number:
            self._counts[fault, detail] += number

    def member(self, parent: Members, name: str, label: str = "") -> Members:
        """Return a member that must be an object; a list of one is unpacked.

        ``label`` is named in place of a name that is itself a datum, such as a date.
        """
        value = parent.get(name)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            self._wrapped[label or name] = "is in a list of one"
            return value[0]
        if isinstance(value, dict):
            return value
        if value not in (None, []):
            self.count(28, f"value taken out: {label or name} is no object")
        return {}

    def members(self, parent: Members, name: str, label: str = "") -> list[Members]:
        """Return a member that must be a list of objects; one object is read as a list of one."""
        value = parent.get(name)
        if isinstance(value, dict):
            self._wrapped[label or name] = "is one object in place of a list of one"
            return [value]
        if not isinstance(value, list):
            if value is not None:
                self.count(28, f"value taken out: {label or name} is no list")
            return []
        if set(map(type, value)) <= {dict}:
            return value
        whole = [item for item in value if isinstance(item, dict)]
        odd = len(value) - len(whole)
        self.count(28, f"value taken out: entries of {label or name} are no objects", odd)
        return whole

    def number(self, value: object, name: str, low: float = 0.0, high: float = math.inf) -> float:
        """Return a number within its limits, else NaN; an absent one is no fault."""
        if value is None:
            return math.nan
        if isinstance(value, float) and not math.isfinite(value):
            self.count(42, "NaN or infinity taken out")
            return math.nan
        if not is_number(value) or not low <= value <= high:
            self.count(28, f"value taken out: {name}")
            return math.nan
        return float(value)

    def whole(self, value: object) -> int | None:
        """Return a whole number, also when another tool wrote it as a float."""
        return int(value) if is_number(value) and value == int(value) else None

    def text(self, value: object) -> str:
        """Return a text as it is; one with bytes that are not UTF-8 is taken out."""
        if not isinstance(value, str):
            return "" if value is None else str(value)
        if value.isascii():
            return value
        if _REPLACED in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            self.count(42, "text that is not UTF-8 is taken out")
            return ""
        return value

    def times(self, values: Sequence[object]) -> IntArray:
        """Read times; count the impossible and absent ones, and the minimum date as unknown."""
        seconds = parse_times(values)
        lost = [values[row] for row in np.flatnonzero(seconds == NO_TIME).tolist()]
        unknown = sum(isinstance(v, str) and v.startswith(_MINIMUM_DATE) for v in lost)
        self.count(29, "the minimum date means an unknown time", unknown)
        self.count(23, "a time is impossible or absent; the record is kept", len(lost) - unknown)
        return seconds

    def date_key(self, key: str) -> str:
        """Return a map key as a time again when it lost its punctuation."""
        match = None if parse_iso(key) is not None else _DATE_KEY.fullmatch(key)
        if match is None:
            return self.text(key)
        self.count(40, "map keys lost their punctuation")
        text = "{}-{}-{}T{}:{}:{}Z".format(*match.groups())
        seconds = parse_iso(text)
        return text if seconds is None else iso_seconds(seconds)

    def side_keys(self, keys: Iterable[str]) -> None:
        """Count map keys of sides that lost the dot between type and side."""
        lost = sum("." not in key and key.lower() not in _SIDES for key in keys)
        self.count(40, "map keys lost their punctuation", lost)

    def report(self, faults: FaultLog) -> None:
        """Add one fault for each thing that was counted."""
        for name, what in sorted(self._wrapped.items()):
            faults.add(40, f"{name} {what}")
        for (fault, detail), number in sorted(self._counts.items()):
            faults.add(fault, detail, count=number)
