"""A study of which a workflow rule declared only some sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, TypeAdapter

from multifidus.config.base import model_inside
from multifidus.config.study import StudyConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["load_sections"]

Model = TypeVar("Model", bound=BaseModel)


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
        found = model_inside(model.model_fields[section].annotation)
        given = any(value is not None for value in keys.values())
        built[section] = _partial(found, keys) if found is not None and given else None
    partial = model.model_construct(_fields_set=set(built), **built)
    for name in set(model.model_fields) - set(built):
        partial.__dict__.pop(name, None)  # model_construct fills defaults for what was not declared
    return partial
