"""Write what follows from the configuration models: defaults, JSON Schemas, reference tables.

``python -m multifidus.config.generate`` writes ``config/config.yaml``, ``config/schema/*.json`` and
the reference part of ``config/README.md``; with ``--check`` it writes nothing, prints the
difference and fails. The models are the only place where a key, a default or a description is kept.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from multifidus.base.errors import ConfigError, ExitCode, MultifidusError
from multifidus.base.files import write_text
from multifidus.config.base import SLUG_PATTERN
from multifidus.config.cohort import CohortConfig
from multifidus.config.run import RunConfig
from multifidus.config.study import StudyConfig

__all__ = [
    "COMMAND",
    "default_config",
    "drift",
    "generated_files",
    "main",
    "reference",
    "schema_text",
]

COMMAND = "make generate"
"""The command that writes the files anew."""

_BEGIN = "<!-- begin: generated reference -->"
_END = "<!-- end: generated reference -->"
_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = Mapping[str, Any]


class Key(NamedTuple):
    """One key of a configuration file.

    Parameters
    ----------
    name
        Name with the section before it; ``[]`` marks the entries of a list (``visits[].anchor``).
    node
        Its JSON Schema.
    required
        Whether it has no default.
    """

    name: str
    node: Schema
    required: bool


def _resolve(schema: Schema, node: Schema) -> Schema:
    """Follow a reference; keys beside it (description, default) win over the definition's."""
    if "$ref" not in node:
        return node
    target = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _variants(schema: Schema, node: Schema) -> list[Schema]:
    """Return the shapes a value may take, without null."""
    options = [_resolve(schema, option) for option in _resolve(schema, node).get("anyOf", [node])]
    return [option for option in options if option.get("type") != "null"]


def _object_inside(schema: Schema, node: Schema) -> tuple[str, Schema] | None:
    """Return the suffix and schema of the section that a key opens, when it opens one."""
    for option in _variants(schema, node):
        if "properties" in option:
            return "", option
        items = option.get("items")
        if items and "properties" in (entry := _resolve(schema, items)):
            return "[]", entry
    return None


def _keys(schema: Schema, section: Schema, prefix: str = "") -> Iterator[Key]:
    required = section.get("required", [])
    for name, raw in section["properties"].items():
        yield Key(prefix + name, _resolve(schema, raw), name in required)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _bounds(node: Schema) -> str:
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    return ", ".join(f"{word} {node[key]}" for key, word in words.items() if key in node)


def _type(schema: Schema, node: Schema) -> str:
    """Say in words which values a key takes."""
    options = _resolve(schema, node).get("anyOf", [node])
    nullable = any(_resolve(schema, option).get("type") == "null" for option in options)
    text = " or ".join(_plain_type(schema, option) for option in _variants(schema, node))
    return f"{text}, or null" if nullable else text


def _plain_type(schema: Schema, node: Schema) -> str:
    if "enum" in node:
        return " \\| ".join(f"`{value}`" for value in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    if node["type"] == "array":
        return _list_type(schema, node)
    if node["type"] == "object":
        values = [*node.get("patternProperties", {}).values()]
        return f"mapping from id to {_type(schema, values[0])}" if values else "section"
    if node["type"] == "string":
        return "id" if node.get("pattern") == SLUG_PATTERN else "text"
    words = {"number": "number", "integer": "whole number", "boolean": "true \\| false"}
    return ", ".join(filter(None, [words[node["type"]], _bounds(node)]))


def _list_type(schema: Schema, node: Schema) -> str:
    if "prefixItems" in node:
        parts = [_type(schema, part) for part in node["prefixItems"]]
        same = len(set(parts)) == 1
        return f"list of {len(parts)}, each a {parts[0]}" if same else f"list of {', '.join(parts)}"
    entry = _resolve(schema, node["items"])
    return "list of sections" if "properties" in entry else f"list of {_type(schema, entry)}"


def _default(key: Key, *, opens_section: bool) -> str:
    if key.required:
        return ""
    value = key.node.get("default")
    if opens_section and value is not None and not isinstance(value, list):
        return "its keys' defaults"
    if value in ([], {}):
        return "none"
    return "null" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _table(schema: Schema, keys: list[Key]) -> list[str]:
    lines = ["| Key | Type | Required | Default | Description |", "| --- | --- | --- | --- | --- |"]
    for key in keys:
        opens = _object_inside(schema, key.node) is not None
        cells = (
            f"`{key.name}`",
            _type(schema, key.node),
            "yes" if key.required else "no",
            _default(key, opens_section=opens),
            _one_line(key.node.get("description", "")),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _sections(schema: Schema, section: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
    """Give each section below one, depth first, with the path of its key."""
    for key in _keys(schema, section, prefix):
        if (inside := _object_inside(schema, key.node)) is not None:
            suffix, node = inside
            path = key.name + suffix
            yield path, node
            yield from _sections(schema, node, f"{path}.")


def reference(title: str, schema: Schema) -> str:
    """Write the reference of one file as Markdown: a heading and a table for every section.

    Parameters
    ----------
    title
        Name of the file in the headings.
    schema
        JSON Schema of its model.

    Returns
    -------
    str
        Markdown whose tables all have the columns key, type, required, default, description.
    """
    lines = [f"## {title}", "", _one_line(schema.get("description", "")), ""]
    lines += [*_table(schema, list(_keys(schema, schema))), ""]
    for path, node in _sections(schema, schema, ""):
        lines += [f"## {title}: `{path}`", "", _one_line(node.get("description", "")), ""]
        lines += [*_table(schema, list(_keys(schema, node, f"{path}."))), ""]
    return "\n".join(lines)


def _commented(description: str, indent: str) -> list[str]:
    width = 98 - len(indent)
    lines, line = [], ""
    for word in _one_line(description).split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [f"{indent}# {text}" for text in [*lines, line]]


def _default_lines(schema: Schema, section: Schema, indent: str = "") -> Iterator[str]:
    for key in _keys(schema, section):
        yield from _commented(key.node.get("description", ""), indent)
        if "properties" in key.node:
            yield f"{indent}{key.name}:"
            yield from _default_lines(schema, key.node, indent + "  ")
        else:
            value = key.node.get("default")
            text = yaml.safe_dump(value, default_flow_style=True, width=1000).splitlines()[0]
            yield f"{indent}{key.name}: {text}"
        if not indent:
            yield ""


def default_config() -> str:
    """Return ``config/config.yaml``: every key with its default and its description."""
    schema = RunConfig.model_json_schema()
    lines = [
        f"# The settings of a run with their defaults. Written from the models by `{COMMAND}`.",
        "# Give changes in a file of your own: snakemake --cores all --configfile my.yaml",
        "",
        *_default_lines(schema, schema),
    ]
    return "\n".join(lines).rstrip() + "\n"


def schema_text(model: type[RunConfig | StudyConfig | CohortConfig]) -> str:
    """Return the JSON Schema of a model, for editors and for validation elsewhere."""
    schema = {"$schema": _SCHEMA_DIALECT, **model.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _readme(present: str) -> str:
    """Put the reference between its markers and leave the hand-written text as it is."""
    before, begin, rest = present.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ConfigError(
            "CFG-006",
            f"config/README.md lacks the lines '{_BEGIN}' and '{_END}': restore both, the reference"
            " is written between them.",
        )
    parts = [
        reference("config/config.yaml", RunConfig.model_json_schema()),
        reference("study.yaml", StudyConfig.model_json_schema()),
        reference("cohort.yaml", CohortConfig.model_json_schema()),
    ]
    return f"{before}{_BEGIN}\n\n" + "\n".join(parts) + f"\n{_END}{after}"


def generated_files(root: Path) -> dict[Path, str]:
    """Return path and content of every generated file.

    Raises
    ------
    ConfigError
        ``CFG-001`` when ``config/README.md`` is missing, ``CFG-006`` when it lacks its markers.
    """
    readme = root / "config" / "README.md"
    if not readme.is_file():
        raise ConfigError("CFG-001", f"The file {readme} is missing: restore it.")
    return {
        root / "config" / "config.yaml": default_config(),
        root / "config" / "schema" / "run.schema.json": schema_text(RunConfig),
        root / "config" / "schema" / "study.schema.json": schema_text(StudyConfig),
        root / "config" / "schema" / "cohort.schema.json": schema_text(CohortConfig),
        readme: _readme(readme.read_text(encoding="utf-8")),
    }


def drift(root: Path) -> str:
    """Return a unified diff from the files to what the models say; empty if they agree."""
    parts: list[str] = []
    for path, wanted in generated_files(root).items():
        present = path.read_text(encoding="utf-8") if path.is_file() else ""
        name = path.relative_to(root).as_posix()
        parts += difflib.unified_diff(
            present.splitlines(keepends=True), wanted.splitlines(keepends=True), name, name
        )
    return "".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Write the generated files, or check them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m multifidus.config.generate")
    parser.add_argument("--check", action="store_true", help="write nothing, show the difference")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[3])
    options = parser.parse_args(arguments)
    try:
        if options.check:
            if difference := drift(options.root):
                sys.stdout.write(difference)
                raise ConfigError(
                    "CFG-005",
                    f"Generated files differ from the configuration models: run `{COMMAND}`.",
                )
            return ExitCode.OK
        for path, content in generated_files(options.root).items():
            write_text(path, content)
    except MultifidusError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
