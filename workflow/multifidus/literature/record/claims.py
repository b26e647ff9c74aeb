"""Claims and what they refer to: loading and the references between the tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multifidus.base.errors import LiteratureError
from multifidus.literature.record.bibliography import bibliography_keys
from multifidus.literature.record.models import (
    CLAIMS,
    DIVERGENCES,
    DIVERGENT_FIGURES,
    RECOMPUTATIONS,
    SOURCES,
)
from multifidus.literature.record.studies import (
    COMPARATORS,
    COMPARISONS,
    SISTER_STUDIES,
    STUDIES,
)
from multifidus.literature.record.tables import load_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["Literature", "load_claims", "load_literature"]

_SEEN = re.compile(r"\[(S\d+b?)\]$")


@dataclass(frozen=True, slots=True)
class Literature:
    """All tables of the literature folder, read and checked against each other.

    Attributes
    ----------
    claims, divergences, divergent_figures, recomputations, sources
        One frame per table, see :mod:`multifidus.literature.record.models`.
    comparators, sister_studies, comparisons, studies
        One frame per table, see :mod:`multifidus.literature.record.models`.
    bibliography
        Keys of ``references.bib``, sorted.
    """

    claims: pd.DataFrame
    divergences: pd.DataFrame
    divergent_figures: pd.DataFrame
    recomputations: pd.DataFrame
    sources: pd.DataFrame
    comparators: pd.DataFrame
    sister_studies: pd.DataFrame
    comparisons: pd.DataFrame
    studies: pd.DataFrame
    bibliography: tuple[str, ...]


def load_claims(path: Path) -> pd.DataFrame:
    """Read the published claims.

    Parameters
    ----------
    path
        ``literature/claims.csv``.

    Returns
    -------
    pandas.DataFrame
        One row per printed number, columns of :data:`multifidus.literature.record.models.CLAIMS`.

    Raises
    ------
    LiteratureError
        ``LIT-001`` to ``LIT-004``, one sentence with the row numbers.
    """
    return load_table(path, CLAIMS)


def load_literature(folder: Path) -> Literature:
    """Read all tables of the literature folder and check the references between them.

    Parameters
    ----------
    folder
        The ``literature`` folder.

    Raises
    ------
    LiteratureError
        As :func:`load_claims`, and ``LIT-007`` when a row refers to something that does not exist.
    """
    literature = Literature(
        claims=load_claims(folder / CLAIMS.name),
        divergences=load_table(folder / DIVERGENCES.name, DIVERGENCES),
        divergent_figures=load_table(folder / DIVERGENT_FIGURES.name, DIVERGENT_FIGURES),
        recomputations=load_table(folder / RECOMPUTATIONS.name, RECOMPUTATIONS),
        sources=load_table(folder / SOURCES.name, SOURCES),
        comparators=load_table(folder / COMPARATORS.name, COMPARATORS),
        sister_studies=load_table(folder / SISTER_STUDIES.name, SISTER_STUDIES),
        comparisons=load_table(folder / COMPARISONS.name, COMPARISONS),
        studies=load_table(folder / STUDIES.name, STUDIES),
        bibliography=bibliography_keys(folder / "references.bib"),
    )
    _check_bibliography(literature)
    _check_claims(literature)
    _check_divergent_figures(literature)
    return literature


def _check_bibliography(literature: Literature) -> None:
    known = set(literature.bibliography)
    for table, column in (
        (SOURCES.name, literature.sources["bib_key"]),
        (CLAIMS.name, literature.claims["source"]),
        (COMPARATORS.name, literature.comparators["source"]),
        (SISTER_STUDIES.name, literature.sister_studies["source"]),
        (COMPARISONS.name, literature.comparisons["source"]),
        (STUDIES.name, literature.studies["source"]),
        (DIVERGENCES.name, literature.divergences["sources"]),
    ):
        for row, cell in enumerate(column, start=2):
            for key in str(cell).split(";"):
                _require(key in known, table, row, key, "references.bib")


def _check_claims(literature: Literature) -> None:
    claims = literature.claims
    ids = set(claims["claim_id"])
    superseded = dict(zip(claims["claim_id"], claims["superseded_by"], strict=True))
    declared = set(literature.divergences["divergence_id"])
    seen = dict(zip(literature.sources["source_key"], literature.sources["bib_key"], strict=True))
    for row, claim in enumerate(claims.to_dict("records"), start=2):
        preferred, divergence = claim["superseded_by"], claim["declared_contradiction"]
        _require(preferred in {"", *ids}, CLAIMS.name, row, preferred, CLAIMS.name)
        _require(divergence in {"", *declared}, CLAIMS.name, row, divergence, DIVERGENCES.name)
        _require(
            preferred == "" or superseded[preferred] == "",
            CLAIMS.name,
            row,
            preferred,
            "the claims that are not superseded themselves",
        )
        match = _SEEN.search(claim["locator"])
        key = match[1] if match else claim["locator"]
        _require(seen.get(key) == claim["source"], CLAIMS.name, row, key, SOURCES.name)
    for row, declaration in enumerate(literature.recomputations.to_dict("records"), start=2):
        named = [cell.split("#")[0] for cell in declaration["arguments"].split(";")]
        for claim_id in [declaration["claim_id"], *named]:
            _require(claim_id in {"", *ids}, RECOMPUTATIONS.name, row, claim_id, CLAIMS.name)


def _check_divergent_figures(literature: Literature) -> None:
    """Each range belongs to a printed figure of a claim that names its divergence."""
    name = DIVERGENT_FIGURES.name
    claims = literature.claims.set_index("claim_id", drop=False)
    under = set(claims.index[claims["declared_contradiction"] != ""])
    figures = literature.divergent_figures
    for row, figure in enumerate(figures.to_dict("records"), start=2):
        claim_id = figure["claim_id"]
        _require(claim_id in under, name, row, claim_id, "the claims with a declared divergence")
        printed = claims.loc[claim_id, f"{figure['part']}_printed"]
        _require(bool(printed), name, row, figure["part"], f"the printed parts of {claim_id}")


def _require(condition: bool, table: str, row: int, key: str, target: str) -> None:
    if not condition:
        raise LiteratureError(
            "LIT-007",
            f"literature/{table}, row {row}, refers to '{key}', which is not among "
            f"{target} as it should be; correct the key.",
        )
