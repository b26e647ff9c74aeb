"""The data dictionary of the literature folder, generated from the tables' models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.literature.record import models, studies, value_sets

if TYPE_CHECKING:
    from multifidus.literature.record.tables import Column, TableModel

__all__ = ["data_dictionary"]

_INTRODUCTION = """# Literature as data

This page is generated from the tables' models; `multifidus literature describe` writes it.

Every published figure is in `claims.csv` as it was printed, with its source and the page on
which it was seen. Figures known from memory only are never kept. An empty cell is missing.
`references.bib` holds the bibliography. The rights in the EQ-5D belong to the EuroQol Group;
registration and licensing apply to its use. The coefficients were read from the R package eq5d
(MIT licence), the conversion factors from reprints of the CDC tables.
"""


def data_dictionary() -> str:
    """Return the dictionary of all tables as Markdown, the same text for the same models."""
    tables = (
        ("", models.CLAIMS),
        ("", models.DIVERGENCES),
        ("", models.DIVERGENT_FIGURES),
        ("", models.RECOMPUTATIONS),
        ("", models.EXPECTED_VERDICTS),
        ("", models.SOURCES),
        ("", studies.COMPARATORS),
        ("", studies.SISTER_STUDIES),
        ("", studies.COMPARISONS),
        ("", studies.STUDIES),
        ("value_sets/", value_sets.VALUE_SETS),
        ("value_sets/", value_sets.COEFFICIENTS),
        ("value_sets/", value_sets.TTO_3L),
        ("value_sets/", value_sets.CROSSWALK_PROBABILITIES),
        ("value_sets/", value_sets.CHECK_STATES),
        ("mme/", value_sets.MME_FACTORS),
    )
    return "\n".join([_INTRODUCTION, *(_describe(folder, model) for folder, model in tables)])


def _describe(folder: str, model: TableModel) -> str:
    lines = [
        f"## `{folder}{model.name}`",
        "",
        f"{model.description} Key: {', '.join(f'`{name}`' for name in model.key)}.",
        "",
        "| Column | Holds | Kind | Filled |",
        "| --- | --- | --- | --- |",
        *(_row(column) for column in model.columns),
        "",
    ]
    if model.rules:
        lines += ["Rules on rows:", ""]
        lines += [f"- `{rule.rule_id}`: {rule.sentence}." for rule in model.rules]
        lines.append("")
    return "\n".join(lines)


def _row(column: Column) -> str:
    kind = ", ".join(f"`{word}`" for word in column.allowed) or column.kind.words
    filled = "always" if column.required else "may be empty"
    return f"| `{column.name}` | {column.description} | {kind} | {filled} |"
