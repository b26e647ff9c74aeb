"""Read YAML and JSON files so that what was written is what is used.

YAML lets much pass that a reader of the file would not expect: of a key that is given twice the
last one wins, ``no`` is a truth value, ``0120`` is eighty, ``12:30`` is 750 and a tag may run
Python. All of these are refused here, with the line. The place of every key is kept, so that a
fault found later can name its line too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from multifidus.base.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from multifidus.config.base import Place

__all__ = ["ConfigFile", "read_config_file", "read_text", "read_value"]

_LARGEST_BYTES = 2_000_000
_MOST_VALUES = 100_000
_DEEPEST = 50
_STANDARD = "tag:yaml.org,2002:"
_TAGS = {_STANDARD + name for name in ("map", "seq", "str", "int", "float", "bool", "null")}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_SPECIAL = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What a configuration file holds.

    Parameters
    ----------
    name
        The file as the user named it.
    values
        Its content: mappings with text keys, lists, texts, numbers, truth values, None.
    lines
        Line of every key and list entry, counted from 1; empty for JSON.
    """

    name: str
    values: Any
    lines: Mapping[Place, int] = field(default_factory=dict)

    def where(self, place: Iterable[str | int], *_: Place) -> str:
        """Return the file and the line of a value, or of the nearest section that is written."""
        keys = tuple(place)
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.name}, line {self.lines[keys]}" if keys else self.name


def read_config_file(path: Path | str) -> ConfigFile:
    """Read one YAML or JSON file with the line of each of its keys.

    Raises
    ------
    ConfigError
        ``CFG-001`` when there is no such file, ``CFG-002`` when it is not YAML, ``CFG-007`` when it
        cannot be read as text, ``CFG-008`` when a key is given twice, ``CFG-009`` when YAML would
        read something else than what is written.
    """
    text = read_text(path)
    if (values := _as_json(text)) is not None:
        return ConfigFile(str(path), values)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else "an unknown line"
        problem = getattr(error, "problem", None) or getattr(error, "reason", None)
        found = f" ({problem})" if problem else ""
        raise ConfigError(
            "CFG-002",
            f"{path} is not valid YAML at {where}{found}: correct its indentation or quoting, with "
            "blanks instead of tabs.",
        ) from None
    except RecursionError:
        raise _too_deep(str(path), _DEEPEST) from None
    if root is None:
        return ConfigFile(str(path), None)
    reader = _Reader(str(path))
    values = reader.value(root, ())
    return ConfigFile(str(path), values, reader.lines)


def read_value(text: str, name: str) -> Any:
    """Read a value given on the command line as a file would give it.

    Parameters
    ----------
    text
        The value as typed, YAML.
    name
        What to call it in an error.

    Raises
    ------
    ConfigError
        As :func:`read_config_file`.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        raise ConfigError(
            "CFG-002", f"{name}: '{text[:60]}' is not valid YAML: check quotes and brackets."
        ) from None
    except RecursionError:
        raise _too_deep(name, _DEEPEST) from None
    return None if root is None else _Reader(name).value(root, ())


def read_text(path: Path | str) -> str:
    """Return the text of a file in UTF-8.

    Raises
    ------
    ConfigError
        ``CFG-001`` when there is no such file, ``CFG-007`` when it is a folder, not readable, too
        large, in another encoding, or holds control characters.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError("CFG-001", f"The file {path} is missing: {_hint(path)}") from None
    except IsADirectoryError:
        raise _unreadable(path, "it is a folder; name the file in it") from None
    except PermissionError:
        raise _unreadable(path, "permission denied; change its permissions") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, f"{type(error).__name__}; check the name of the file") from None
    if len(content) > _LARGEST_BYTES:
        raise _unreadable(path, f"it is larger than {_LARGEST_BYTES:,} bytes; is it the right file")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(path, "it is written in UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unreadable(path, f"line {line} is not UTF-8; save the file as UTF-8") from None
    if (found := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)) is not None:
        line = text.count("\n", 0, found.start()) + 1
        code = f"U+{ord(found.group()):04X}"
        raise _unreadable(path, f"line {line} holds the control character {code}; remove it")
    return text


def _hint(path: Path) -> str:
    import difflib  # noqa: PLC0415 - only for an error

    # The file's own name may be misspelt, or that of its folder.
    wrong, tail = (path, "") if path.parent.is_dir() else (path.parent, path.name)
    folder = wrong.parent
    names = sorted(item.name for item in folder.iterdir()) if folder.is_dir() else []
    known = [name for name in names if (folder / name / tail).is_file()]
    near = [
        folder / name / tail for name in difflib.get_close_matches(wrong.name, known, 1, cutoff=0.7)
    ]
    return f"did you mean '{near[0]}'?" if near else "correct the path that names it."


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError("CFG-007", f"The file {path} cannot be read: {why}.")


def _too_deep(name: str, depth: int) -> ConfigError:
    return ConfigError(
        "CFG-009", f"{name} nests more than {depth} levels deep: a configuration needs four."
    )


def _as_json(text: str) -> Any:
    """Return the content of a JSON file without repeated keys; None leaves the text to YAML."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        values = json.loads(text, object_pairs_hook=_unique_pairs, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    return values if _depth(values) <= _DEEPEST else None


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _whole(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def _depth(values: Any) -> int:
    """Return how deep lists and mappings nest; the JSON reader bounds the recursion."""
    inner = values.values() if isinstance(values, dict) else values
    return 1 + max(map(_depth, inner), default=0) if isinstance(values, dict | list) else 0


class _Reader:
    """Build values from the nodes of one file, and note the line of each key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self._count = 0

    def value(self, node: yaml.Node, place: Place) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES:  # aliases of aliases grow without end
            raise self._misread(node, f"the file holds more than {_MOST_VALUES:,} values")
        if len(place) > _DEEPEST:
            raise _too_deep(self.name, _DEEPEST)
        if node.tag not in _TAGS and not self._is_plain(node):
            tag = node.tag.removeprefix(_STANDARD)
            raise self._misread(node, f"the tag '{tag[:40]}' is not allowed; write a plain value")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._entry(item, (*place, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _entry(self, node: yaml.Node, place: Place) -> Any:
        self.lines[place] = node.start_mark.line + 1
        return self.value(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            line = key_node.start_mark.line + 1
            if key in first:
                raise ConfigError(
                    "CFG-008",
                    f"{self.name}: '{'.'.join(map(str, (*place, key)))}' is given twice, in lines "
                    f"{first[key]} and {line}: remove one of the two.",
                )
            first[key] = line
            self.lines[*place, key] = line
            found[key] = self.value(value_node, (*place, key))
        return found

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._misread(node, "a key must be a text")
        if node.tag == f"{_STANDARD}merge":
            raise self._misread(node, "the merge key '<<' is not allowed; write the keys out")
        if node.tag != f"{_STANDARD}str":
            raise self._misread(
                node, f"the key {node.value[:40]} is not read as text; put it in quotes"
            )
        if node.value.startswith("__"):  # Snakemake's reader runs a file with such a key as code
            raise self._misread(node, f"the key '{node.value[:40]}' is not allowed; remove it")
        return str(node.value)

    def _is_plain(self, node: yaml.Node) -> bool:
        """Whether YAML guessed the kind of a bare word: a date then stays the text it is."""
        return (
            isinstance(node, yaml.ScalarNode)
            and node.style is None
            and node.tag in (f"{_STANDARD}timestamp", f"{_STANDARD}value")
        )

    def _scalar(self, node: yaml.Node) -> Any:
        text, tag = str(node.value), node.tag.removeprefix(_STANDARD)
        if tag == "null":
            return None
        if tag == "bool":
            if text.lower() in ("true", "false"):
                return text.lower() == "true"
            why = f"'{text}' is read as a truth value; write true or false, or put it in quotes"
            raise self._misread(node, why)
        if tag == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if tag == "float" and (_DECIMAL.fullmatch(text) or _SPECIAL.fullmatch(text)):
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if tag in ("int", "float"):
            why = (
                f"'{text[:40]}' is not read as the number it looks like; write a plain number of at"
                " most 18 digits, without leading zeros, or put it in quotes"
            )
            raise self._misread(node, why)
        return text

    def _misread(self, node: yaml.Node, why: str) -> ConfigError:
        line = node.start_mark.line + 1
        return ConfigError(
            "CFG-009", f"{self.name}, line {line}: YAML would misread what is written: {why}."
        )
