"""From a formula and a long frame to a design matrix, with what LS means need to know later."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping as MappingType
from collections.abc import Sequence as SequenceType
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from formulaic import Formula
from formulaic.errors import FormulaicError
from formulaic.parser.types import Factor, Term

from multifidus.base.errors import StatisticsError
from multifidus.stats.mmrm.factors import (
    cast_factors,
    categorical,
    numeric_column,
    visit_levels,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Design", "build_design"]

# C(arm) says no more than that `arm` is a factor; contrasts are chosen by `reference`
_BARE_FACTOR = re.compile(r"\bC\(\s*([A-Za-z_]\w*)\s*\)")


@dataclass(frozen=True)
class Design:
    """A design matrix with its rows' participants and visits.

    Attributes
    ----------
    x, y
        Design matrix, shape ``(n, p)``, and outcome, shape ``(n,)``, rows sorted by participant
        and visit.
    subject, visit
        Codes of participant and visit per row, shape ``(n,)``.
    columns
        Names of the ``p`` columns.
    terms
        For each term of the formula its text and its slice of columns.
    levels
        Levels of each factor of the formula, reference level first.
    covariate_means
        Mean of each covariate over the rows used.
    source
        Position of each row in the data read, shape ``(n,)``.
    """

    x: np.ndarray
    y: np.ndarray
    subject: np.ndarray
    visit: np.ndarray
    visit_levels: tuple[str, ...]
    columns: tuple[str, ...]
    terms: tuple[tuple[str, slice], ...]
    levels: dict[str, tuple[Any, ...]]
    covariate_means: dict[str, float]
    rows_read: int
    rows_used: int
    rows_without_outcome: int
    rows_without_covariate: int
    outcome: str
    formula: str
    source: np.ndarray = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    spec: Any = field(repr=False)

    def rows_for(self, grid: pd.DataFrame) -> np.ndarray:
        """Return the design rows of ``grid`` (columns: all factors and covariates)."""
        cast = grid.copy()
        for name, levels in self.levels.items():
            cast[name] = categorical(cast[name], levels)
        return np.asarray(self.spec.get_model_matrix(cast), dtype=float)

    def sum_coded(self) -> tuple[np.ndarray, tuple[tuple[str, slice], ...]]:
        """Return the same design with sum-to-zero factor coding, and its terms' columns.

        Raises
        ------
        StatisticsError
            ``STA-120`` when the formula sets contrasts of its own.
        """
        if re.search(r"\bC\(", self.formula):
            raise StatisticsError(
                "STA-120", "Type 3 tests need plain factor names; choose levels by `reference`."
            )
        terms = [
            Term(
                Factor(f"C({part.expr}, contr.sum)", eval_method="python")
                if part.expr in self.levels
                else part
                for part in term.factors
            )
            for term in Formula(self.formula).rhs
        ]
        matrix = Formula(terms).get_model_matrix(self.frame, context={})
        slices = tuple(matrix.model_spec.term_slices.values())
        names = tuple(name for name, _ in self.terms)
        return np.asarray(matrix, dtype=float), tuple(zip(names, slices, strict=True))


def build_design(
    data: pd.DataFrame,
    formula: str,
    *,
    subject: str | None = None,
    visit: str | None = None,
    reference: Mapping[str, Any] | None = None,
    visit_order: Sequence[Any] | None = None,
) -> Design:
    """Build the design of ``formula`` on ``data``, rows sorted by participant and visit.

    Without ``subject`` and ``visit`` each row is one participant, seen once, in the order given.

    Text, boolean and categorical columns are factors, and so are the visit, columns written as
    ``C(name)`` and those with a ``reference``; other numbers are covariates. The first level is the
    reference: that of ``reference``, else the first of ``visit_order`` (visit only), else the
    first category, else the first in sort order. Visits named in text are sorted by their numbers.

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-109``: formula, columns, duplicates, infinite values, empty factors,
        visits in no clear order.
    """
    _check_arguments(data, formula, (subject, visit), reference, visit_order)
    keys = [name for name in (subject, visit) if name is not None]
    factors = {*keys[1:], *_BARE_FACTOR.findall(formula), *(reference or {})}
    parsed, outcome = _parse(formula := _BARE_FACTOR.sub(r"\1", formula))
    used = _variables(parsed, data)
    _need_columns(data, [outcome, *keys, *used])
    frame = data.loc[:, list(dict.fromkeys([outcome, *keys, *used]))]
    y = numeric_column(frame[outcome], outcome)
    if keys:
        _check_keys(frame, *keys)
    has_outcome, has_covariates = _present(frame, y, used)
    chosen = has_outcome & has_covariates
    kept = frame.loc[chosen]
    order, people, occasions = _numbered(kept, subject, visit, visit_order)
    rows = np.lexsort((occasions, people))
    # only columns that the formula names: a name of our own would hide one of the user's
    kept = kept.iloc[rows].loc[:, list(dict.fromkeys([*keys[1:], *used]))].reset_index(drop=True)
    visits = (visit or "", order)
    levels = cast_factors(kept, used, visits, factors=factors, reference=reference or {})
    matrix = _model_matrix(parsed, kept)
    return Design(
        x=np.asarray(matrix, dtype=float),
        y=y.to_numpy(dtype=float)[chosen][rows],
        subject=people[rows],
        visit=occasions[rows],
        visit_levels=tuple(str(level) for level in order),
        columns=tuple(str(name) for name in matrix.columns),
        terms=tuple((str(term), part) for term, part in matrix.model_spec.term_slices.items()),
        levels=levels,
        covariate_means=_means(kept, [name for name in used if name not in levels]),
        rows_read=len(frame),
        rows_used=len(kept),
        rows_without_outcome=int((~has_outcome).sum()),
        rows_without_covariate=int((has_outcome & ~has_covariates).sum()),
        outcome=outcome,
        formula=formula,
        source=np.flatnonzero(chosen)[rows],
        frame=kept,
        spec=matrix.model_spec,
    )


def _means(kept: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    return {name: float(kept[name].astype(float).mean()) for name in names}


def _check_arguments(
    data: object, formula: object, keys: tuple[object, ...], reference: object, order: object
) -> None:
    """Refuse arguments that are not of their kind (``STA-109``)."""
    fits = {
        "data": isinstance(data, pd.DataFrame),
        "formula": isinstance(formula, str),
        "subject": isinstance(keys[0], str) or keys == (None, None),
        "visit": (isinstance(keys[1], str) and keys[0] != keys[1]) or keys == (None, None),
        "reference": reference is None or isinstance(reference, MappingType),
        "visit_order": order is None or (isinstance(order, SequenceType) and _distinct(order)),
    }
    wrong = [name for name, good in fits.items() if not good]
    if wrong:
        raise StatisticsError(
            "STA-109",
            f"`{wrong[0]}` is not what the model needs: a frame, a formula as text, two different "
            "column names, a reference level by factor, and a list of distinct visits.",
        )


def _present(
    frame: pd.DataFrame, y: pd.Series[float], used: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have an outcome and which all covariates; refuse when none has both."""
    outcome = y.notna().to_numpy()
    covariates = frame[list(used)].notna().all(axis=1).to_numpy() if used else outcome | True
    if not (outcome & covariates).any():
        raise StatisticsError(
            "STA-104", f"No row has `{y.name}` and all covariates of the formula; nothing to fit."
        )
    return outcome, covariates


def _distinct(order: SequenceType[Any]) -> bool:
    return not isinstance(order, str) and len({(type(x), x) for x in order}) == len(order)


def _numbered(
    kept: pd.DataFrame, subject: str | None, visit: str | None, order: Sequence[Any] | None
) -> tuple[tuple[Any, ...], np.ndarray, np.ndarray]:
    """Return the visits, and the numbers of participant and visit of each row."""
    if subject is None or visit is None:
        return ("",), np.arange(len(kept)), np.zeros(len(kept), dtype=int)
    visits = visit_levels(kept[visit], visit, order)
    return (visits, *_codes(kept, subject, visit, visits))


def _codes(
    kept: pd.DataFrame, subject: str, visit: str, order: Sequence[Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return number of participant (by the text of the id) and of visit of each row."""
    codes, found = pd.factorize(kept[subject])
    rank = np.empty(len(found), dtype=int)
    rank[np.argsort(np.asarray(found).astype(str), kind="stable")] = np.arange(len(found))
    occasions = np.asarray(categorical(kept[visit], order).codes, dtype=int)
    return rank[codes], occasions


def _parse(formula: str) -> tuple[Any, str]:
    """Return the parsed formula and the name of its outcome column."""
    try:
        parsed = Formula(formula)
        left = list(parsed.lhs)
        right = list(parsed.rhs)
    except (FormulaicError, AttributeError, SyntaxError, TypeError):
        raise StatisticsError(
            "STA-101",
            f"The formula `{formula}` cannot be read; write it as `outcome ~ arm * visit`.",
        ) from None
    if len(left) != 1 or len(left[0].factors) != 1 or not right:
        raise StatisticsError(
            "STA-101", f"The formula `{formula}` needs one outcome column left of `~`."
        )
    return parsed, str(left[0].factors[0].expr).strip("`")


def _variables(parsed: Any, data: pd.DataFrame) -> list[str]:
    """Return the columns the right side uses, those inside function calls included."""
    used: set[str] = set()
    for term in parsed.rhs:
        for factor in term.factors:
            text = str(factor.expr)
            if factor.eval_method.value == "lookup":
                used.add(text.strip("`"))
            elif factor.eval_method.value == "python":
                names = {
                    node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)
                }
                used |= names & set(data.columns)
    return sorted(used)


def _need_columns(data: pd.DataFrame, names: Sequence[str]) -> None:
    absent = sorted({name for name in names if name not in data.columns})
    if absent:
        raise StatisticsError(
            "STA-102", f"The data have no column {', '.join(absent)}; check formula and arguments."
        )
    repeated = sorted({name for name in names if int((data.columns == name).sum()) > 1})
    if repeated:
        raise StatisticsError(
            "STA-102", f"The data have more than one column named {', '.join(repeated)}."
        )


def _check_keys(frame: pd.DataFrame, subject: str, visit: str) -> None:
    """Refuse missing keys and duplicate participant-visit rows."""
    unkeyed = int(frame[[subject, visit]].isna().any(axis=1).sum())
    if unkeyed:
        raise StatisticsError(
            "STA-105", f"{unkeyed} rows lack `{subject}` or `{visit}`; fill or remove them."
        )
    duplicated = frame.duplicated([subject, visit]).to_numpy()
    if duplicated.any():
        raise StatisticsError(
            "STA-106",
            f"{int(duplicated.sum())} rows repeat a pair of `{subject}` and `{visit}`, the first "
            f"at data row {int(np.argmax(duplicated)) + 1}; keep one record per visit.",
        )


def _model_matrix(parsed: Any, kept: pd.DataFrame) -> Any:
    try:
        matrix = parsed.rhs.get_model_matrix(kept, context={})
    except (FormulaicError, KeyError, NameError, TypeError, ValueError):
        raise StatisticsError(
            "STA-101", "The right side of the formula cannot be evaluated; check its terms."
        ) from None
    values = np.asarray(matrix, dtype=float)
    if values.shape[0] != len(kept) or not np.isfinite(values).all():
        raise StatisticsError(
            "STA-103", "A term of the formula gives missing or infinite values; correct the data."
        )
    return matrix
