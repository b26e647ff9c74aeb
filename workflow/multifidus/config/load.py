"""Validate configuration files and say each fault in one sentence, with a suggestion for typos."""

from __future__ import annotations

import difflib
import re
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from multifidus.base.errors import ConfigError
from multifidus.config.base import TEXT_PATTERN, Fault, model_inside
from multifidus.config.checks.plausibility import check_plausibility
from multifidus.config.checks.references import check_consistency
from multifidus.config.checks.resources import check_study_resources
from multifidus.config.checks.statements import check_statements
from multifidus.config.reading import ConfigFile, read_config_file
from multifidus.config.study import StudyConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from multifidus.config.base import Place

__all__ = [
    "Source",
    "error_of",
    "load_study",
    "read_model",
    "validate_model",
]

Model = TypeVar("Model", bound=BaseModel)
_FOLDER_DEPTH = 3  # config/studies/<study>/study.yaml lies three folders below the project's
_SPELLED = re.compile(r"'([^']*)'")


class Source(Protocol):
    """Where values come from, for the sentence on a fault."""

    def where(self, place: Place, *others: Place) -> str:
        """Return the file, and the line where it is known, of the value last changed of these."""


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def where(self, *_: Place) -> str:
        return self.name


def load_study(path: Path | str, project: Path | None = None) -> StudyConfig:
    """Read and validate a study file.

    A file at ``config/studies/<study>/study.yaml`` is also checked against the project around it:
    its id is the folder's name, and the value sets, conversions, published events and documents
    that it names are there. ``project`` names another folder for these.

    Raises
    ------
    ConfigError
        ``CFG-001`` to ``CFG-004`` and ``CFG-007`` to ``CFG-009``.
    """
    path = Path(path)
    file = read_config_file(path)
    study = _validate_file(StudyConfig, file)
    folders = path.resolve().parents
    try:
        check_consistency(study)
        check_plausibility(study)
        if len(folders) > _FOLDER_DEPTH and folders[1].name == "studies":
            check_study_resources(study, folders[0].name, project or folders[_FOLDER_DEPTH])
        check_statements(study)
    except Fault as fault:
        raise error_of(fault, file) from None
    return study


def read_model(model: type[Model], path: Path | str) -> Model:
    """Read a file and validate it; errors as :func:`load_study`."""
    return _validate_file(model, read_config_file(path))


def _validate_file(model: type[Model], file: ConfigFile) -> Model:
    return validate_model(model, {} if file.values is None else file.values, file)


def validate_model(model: type[Model], values: Any, source: str | Source) -> Model:
    """Validate ``values`` and turn the first fault into one sentence.

    Parameters
    ----------
    model
        The pydantic model.
    values
        The mapping read from a file.
    source
        Name of the file, or what knows the file and line of each value.

    Raises
    ------
    ConfigError
        ``CFG-003`` for an unknown key, ``CFG-004`` for anything else.
    """
    source = _Named(source) if isinstance(source, str) else source
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors()
        unknown = [item for item in details if item["type"] == "extra_forbidden"]
        first = (unknown or details)[0]
        more = f" ({len(details) - 1} more after it)" if len(details) > 1 else ""
        if unknown:
            raise _unknown_key(model, first, source, more) from None
        raise _bad_value(first, source, more) from None


def _unknown_key(
    model: type[BaseModel], item: ErrorDetails, source: Source, more: str
) -> ConfigError:
    *parents, key = item["loc"]
    known = _known_keys(model, parents)
    near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
    path = ".".join(map(str, item["loc"]))
    hint = f"did you mean '{near[0]}'?" if near else f"known keys there: {', '.join(known)}."
    where = source.where(tuple(item["loc"]))
    return ConfigError("CFG-003", f"{where}: '{path[:200]}' is not a known key; {hint}{more}")


def _bad_value(item: ErrorDetails, source: Source, more: str) -> ConfigError:
    # pydantic marks a faulty key of a mapping with a part of its own after the key.
    place = tuple(part for part in item["loc"] if part != "[key]")
    fault = item.get("ctx", {}).get("error")
    others: tuple[Place, ...] = ()
    if isinstance(fault, Fault):
        others = tuple((*place, *other) for other in fault.others)
        place += fault.place
    return error_of(Fault(place, _in_words(item, place), *others), source, more)


def error_of(fault: Fault, source: Source, more: str = "") -> ConfigError:
    """Return the error of a fault: file and line, keys, what is wrong, how many more there are."""
    where = source.where(fault.place, *fault.others)
    path = ".".join(map(str, fault.place)) or "the file as a whole"
    message = str(fault)
    what = f"{message[0].lower()}{message[1:]}"
    return ConfigError("CFG-004", f"{where}: {path}: {what} (see config/README.md).{more}")


def _in_words(item: ErrorDetails, place: Place) -> str:
    """Say a fault of pydantic as the writer of the file would."""
    kind, given, context = item["type"], item["input"], item.get("ctx", {})
    message = item["msg"].removeprefix("Value error, ").replace("Tuple", "List")
    message = message.replace("tuple", "list")
    if kind in ("literal_error", "enum"):
        known = _SPELLED.findall(str(context.get("expected", "")))
        near = difflib.get_close_matches(str(given), known, n=1, cutoff=0.6)
        message += f"; did you mean '{near[0]}'?" if near else ""
    elif str(context.get("pattern", "")).startswith(TEXT_PATTERN[:-2]):
        message = "it holds a line break, or a control or writing-direction character"
    elif kind in _SHORT:
        message = _SHORT[kind]
    elif kind in ("model_type", "dict_type"):
        what = "is empty" if given is None else f"is {_NAMES.get(type(given), 'no section')}"
        message = f"it {what}, where {'a section of ' if place else ''}keys and values belong"
    elif kind.endswith("_type") and type(given) in _NAMES:
        message = f"{message}, not {_NAMES[type(given)]}"
    return message


_SHORT: Mapping[str, str] = types.MappingProxyType(
    {"string_too_short": "it must not be empty", "missing": "it is required"}
)
_NAMES: Mapping[type, str] = types.MappingProxyType(
    {
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        list: "a list",
        tuple: "a list",
        dict: "a section of keys",
        type(None): "empty",
    }
)


def _known_keys(model: type[BaseModel], parents: list[int | str]) -> list[str]:
    """Return the keys known at a place inside a model, following lists, unions and mappings."""
    current: type[BaseModel] | None = model
    for part in parents:
        if isinstance(part, int) or current is None:
            continue
        field = current.model_fields.get(part)
        current = model_inside(field.annotation) if field is not None else current
    return list(current.model_fields) if current is not None else []
