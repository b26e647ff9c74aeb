"""Read configuration files and say each fault in one sentence, with a suggestion for typos."""

from __future__ import annotations

import difflib
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from multifidus.base.errors import ConfigError
from multifidus.config.run import RunConfig
from multifidus.config.study import StudyConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

__all__ = ["load_run", "load_sections", "load_study", "read_yaml", "validate_model"]

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path | str) -> Any:
    """Read one YAML file.

    Raises
    ------
    ConfigError
        ``CFG-001`` when the file is missing, ``CFG-002`` when it is not YAML.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            "CFG-001", f"The file {path} is missing: restore it or mend the path that names it."
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else "an unknown line"
        raise ConfigError(
            "CFG-002",
            f"{path} is not valid YAML at {where}: mend its indentation or quoting.",
        ) from None


def load_run(values: Mapping[str, Any], *, source: str = "config/config.yaml") -> RunConfig:
    """Validate the run's configuration.

    Raises
    ------
    ConfigError
        ``CFG-003`` for an unknown key (with the nearest known one), ``CFG-004`` for a bad value.
    """
    return validate_model(RunConfig, values, source)


def load_study(path: Path | str) -> StudyConfig:
    """Read and validate a study file.

    Raises
    ------
    ConfigError
        ``CFG-001`` to ``CFG-004``.
    """
    return validate_model(StudyConfig, read_yaml(path) or {}, str(path))


def load_sections(sections: Mapping[str, Any]) -> StudyConfig:
    """Build a study from the sections that a workflow rule declared, and no others.

    A name with a point declares one key of a section, ``opioids.conversion`` for instance. Reading
    what the rule did not declare raises ``AttributeError``: a rule can so never depend on
    configuration that would not rerun it.
    """
    return _partial(StudyConfig, sections)


def _partial(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Build a model that has the given fields only; none of a missing section stays none."""
    inner: dict[str, dict[str, Any]] = {}
    built: dict[str, Any] = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        if key:
            inner.setdefault(section, {})[key] = value
        else:
            field = model.model_fields[section]
            built[section] = TypeAdapter[Any](field.rebuild_annotation()).validate_python(value)
    for section, keys in inner.items():
        found = _model_inside(model.model_fields[section].annotation)
        given = any(value is not None for value in keys.values())
        built[section] = _partial(found, keys) if found is not None and given else None
    partial = model.model_construct(_fields_set=set(built), **built)
    for name in set(model.model_fields) - set(built):
        partial.__dict__.pop(name, None)  # model_construct fills defaults for what was not declared
    return partial


def validate_model(model: type[Model], values: Any, source: str) -> Model:
    """Validate ``values`` and turn the first fault into one sentence.

    Parameters
    ----------
    model
        The pydantic model.
    values
        The mapping read from a file.
    source
        Name of the file, for the sentence.

    Raises
    ------
    ConfigError
        ``CFG-003`` for an unknown key, ``CFG-004`` for anything else.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors()
        unknown = [item for item in details if item["type"] == "extra_forbidden"]
        first = (unknown or details)[0]
        more = f" ({len(details) - 1} more after it)" if len(details) > 1 else ""
        if unknown:
            raise ConfigError("CFG-003", _unknown_key(model, first, source) + more) from None
        raise ConfigError("CFG-004", _bad_value(first, source) + more) from None


def _unknown_key(model: type[BaseModel], item: ErrorDetails, source: str) -> str:
    *parents, key = item["loc"]
    known = _known_keys(model, parents)
    near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
    where = ".".join(map(str, item["loc"]))
    hint = f"did you mean '{near[0]}'?" if near else f"known keys there: {', '.join(known)}."
    return f"{source}: '{where}' is not a known key; {hint}"


def _bad_value(item: ErrorDetails, source: str) -> str:
    where = ".".join(map(str, item["loc"])) or "the file as a whole"
    message = item["msg"].removeprefix("Value error, ")
    return f"{source}: {where}: {message[0].lower()}{message[1:]}; see config/README.md."


def _known_keys(model: type[BaseModel], parents: list[int | str]) -> list[str]:
    """Return the keys known at a place inside a model, following lists, unions and mappings."""
    current: type[BaseModel] | None = model
    for part in parents:
        if isinstance(part, int) or current is None:
            continue
        field = current.model_fields.get(part)
        current = _model_inside(field.annotation) if field is not None else current
    return list(current.model_fields) if current is not None else []


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for inner in typing.get_args(annotation):
            if (found := _model_inside(inner)) is not None:
                return found
    return None
