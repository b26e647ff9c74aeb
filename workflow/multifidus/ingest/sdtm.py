"""Read a folder of SDTM domains (SAS transport files) through a study's mapping.

CDISC Study Data Tabulation Model; variables as in the SDTM Implementation Guide 3.1.2 and later.
The mapping is all that is known of a trial: domain to table, variable to column, codes to words.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.csv_text import near_name
from multifidus.base.errors import ConfigError
from multifidus.contracts.check import (
    ROW,
    Finding,
    check_parsed,
    empty_table,
    finding_at,
    parse_table,
)
from multifidus.contracts.columns import Kind
from multifidus.contracts.rules import rule_named
from multifidus.contracts.tables import TABLES
from multifidus.ingest.inputs import InputFile
from multifidus.ingest.transport import Domain, find_domain, read_domain, sdtm_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from multifidus.config.mapping import ColumnSource, Lookup, SdtmMapping, TableSource
    from multifidus.config.study import StudyConfig

__all__ = ["check_mapping", "read_sdtm_files", "read_sdtm_folder"]

_ISO_DATE_LENGTH = len("2019-03-14")
_SUBJECT = "USUBJID"


def read_sdtm_folder(
    folder: Path, mapping: SdtmMapping, study: StudyConfig
) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Read every mapped domain of a folder and collect every finding.

    Parameters
    ----------
    folder
        Folder with one transport file per domain (``dm.xpt``, ``ae.xpt``, ...).
    mapping
        The study's mapping.
    study
        The study; the arms that the mapping gives must be its arms.

    Returns
    -------
    tuple
        Every table by name (empty where the mapping has none), on an index of observation numbers,
        and the findings. Checks across tables are not part of it.

    Raises
    ------
    ConfigError
        ``CFG-020`` when the mapping names a table, column or arm that does not exist.
    """
    tables, findings, _ = read_sdtm_files(folder, mapping, study)
    return tables, findings


def read_sdtm_files(
    folder: Path, mapping: SdtmMapping, study: StudyConfig
) -> tuple[dict[str, pd.DataFrame], list[Finding], list[InputFile]]:
    """Read as :func:`read_sdtm_folder` does and return the record of the files read as well."""
    check_mapping(mapping, study)
    domains, findings = _read_domains(folder, mapping)
    tables = {name: empty_table(name) for name in TABLES}
    inputs = []
    for name in TABLES:
        source = mapping.tables.get(name)
        if source is None or (domain := domains.get(source.domain)) is None:
            continue
        inputs.append(InputFile.of(domain.path, name, *domain.frame.shape))
        reader = _TableReader(name, source, domain, domains)
        tables[name], found = reader.read()
        findings += found
    return tables, findings, inputs


def check_mapping(mapping: SdtmMapping, study: StudyConfig) -> None:
    """Hold a mapping against the tables and the study.

    Raises
    ------
    ConfigError
        ``CFG-020`` for a table, column or arm that does not exist, or a required column that has
        no source.
    """
    for name, source in mapping.tables.items():
        _known(name, list(TABLES), "tables", "table")
        columns = TABLES[name].columns
        for column, origin in source.columns.items():
            _known(column, list(columns), f"tables.{name}.columns", "column")
            if origin.only_with is not None:
                where = f"tables.{name}.columns.{column}.only_with"
                _known(origin.only_with, list(source.columns), where, "mapped column")
        for column, declared in columns.items():
            if not declared.nullable and column not in source.columns:
                raise ConfigError(
                    "CFG-020",
                    f"mapping.yaml: tables.{name}.columns: '{column}' needs a source, because the "
                    "table does not allow it to be missing; add it.",
                )
    arm = mapping.tables["participants"].columns.get("arm")
    for word in arm.codes.values() if arm is not None else ():
        _known(word, [item.id for item in study.arms], "tables.participants.columns.arm", "arm")


def _known(name: str, known: list[str], where: str, what: str) -> None:
    if name not in known:
        near = near_name(name, known)
        hint = f"did you mean '{near}'?" if near else f"known are {', '.join(known)}."
        raise ConfigError("CFG-020", f"mapping.yaml: {where}: '{name}' is not a {what}; {hint}")


def _read_domains(
    folder: Path, mapping: SdtmMapping
) -> tuple[dict[str, Domain], list[Finding]]:  # fmt: skip
    """Read each domain once, those of lookups included; a lookup's domain may be absent."""
    optional = {source.domain: source.optional for source in mapping.tables.values()}
    for source in mapping.tables.values():
        for origin in source.columns.values():
            if origin.lookup is not None:
                optional.setdefault(origin.lookup.domain, True)
    domains: dict[str, Domain] = {}
    findings: list[Finding] = []
    for name, may_lack in optional.items():
        path = find_domain(folder, name)
        if path is None:
            if not may_lack:
                detail = f"{name.lower()}.xpt is not there"
                findings.append(Finding(rule_named("file_present"), name, detail=detail))
            continue
        domain, found = read_domain(path, name, mapping.encoding)
        findings += found
        if domain is not None:
            domains[name] = domain
    return domains, findings


@dataclass
class _TableReader:
    """Builds one table from its domain; collects the findings on the way."""

    name: str
    source: TableSource
    domain: Domain
    domains: Mapping[str, Domain]
    findings: list[Finding] = field(default_factory=list)

    def read(self) -> tuple[pd.DataFrame, list[Finding]]:
        self._variables_present()
        records = _matching(self.domain.frame, self.source.where)
        columns = {
            column: self._column(column, self.source.columns.get(column), records)
            for column in TABLES[self.name].columns
        }
        raw = pd.DataFrame(columns, index=records.index)
        for column, origin in self.source.columns.items():
            if origin.only_with is not None:
                raw[column] = raw[column].where(raw[origin.only_with].notna())
        frame, parsed = parse_table(self.name, raw)
        findings = self.findings + check_parsed(self.name, frame, parsed)
        return frame, [self._with_variable(item) for item in findings]

    def _variables_present(self) -> None:
        """Report variables of the mapping that the domain lacks.

        Of several variables one is enough: each can replace the others.
        """
        have = set(self.domain.frame.columns)
        for column, origin in self.source.columns.items():
            fallback = origin.lookup is not None
            if origin.variables and not fallback and not have & set(origin.variables):
                self._lacks(column, " or ".join(origin.variables))
            if origin.unit is not None and origin.unit.variable not in have:
                self._lacks(column, origin.unit.variable)
        for variable in self.source.where:
            if variable not in have:
                self._lacks("", variable)

    def _lacks(self, column: str, variable: str) -> None:
        detail = f"{self.domain.name} has no {variable}"
        self.findings.append(Finding(rule_named("variable_present"), self.name, column, (), detail))

    def _column(self, column: str, origin: ColumnSource | None, records: pd.DataFrame) -> pd.Series:
        nothing = pd.Series(None, index=records.index, dtype="str")
        if origin is None:
            return nothing
        if origin.constant is not None:
            return nothing.fillna(origin.constant)
        text = nothing
        for variable in origin.variables:
            if variable in records:
                text = text.fillna(records[variable])
        if origin.lookup is not None and _SUBJECT in records:
            text = text.fillna(records[_SUBJECT].map(self._looked_up(origin.lookup)))
        if origin.missing:
            text = text.mask(_folded(text).isin([word.lower() for word in origin.missing]))
        self._check_unit(column, origin, text, records)
        text = self._translated(column, origin, text)
        return self._dated(column, origin, text)

    def _looked_up(self, lookup: Lookup) -> pd.Series:
        """Return the value for each participant that has one in the other domain."""
        other = self.domains.get(lookup.domain)
        if other is None or not {_SUBJECT, lookup.variable} <= set(other.frame.columns):
            return pd.Series(dtype="str")
        records = _matching(other.frame, lookup.where).dropna(subset=[lookup.variable])
        ordered = records.sort_values(lookup.variable, kind="stable")
        ends = ordered.drop_duplicates(_SUBJECT, keep=lookup.pick)
        return ends.set_index(_SUBJECT)[lookup.variable]

    def _check_unit(
        self, column: str, origin: ColumnSource, text: pd.Series, records: pd.DataFrame
    ) -> None:
        if origin.unit is None or origin.unit.variable not in records:
            return
        expected = [unit.lower() for unit in origin.unit.expected]
        wrong = text.notna() & ~_folded(records[origin.unit.variable]).isin(expected)
        detail = f"expected is {' or '.join(origin.unit.expected)}"
        self._find("unit_expected", column, wrong, detail)

    def _translated(self, column: str, origin: ColumnSource, text: pd.Series) -> pd.Series:
        if origin.codes:
            words = {code.lower(): word for code, word in origin.codes.items()}
            self._find("value_mapped", column, text.notna() & ~_folded(text).isin(list(words)))
            return _folded(text).map(words).astype("str")
        if origin.case == "lower":
            return text.str.lower()
        return text.str.capitalize() if origin.case == "sentence" else text

    def _dated(self, column: str, origin: ColumnSource, text: pd.Series) -> pd.Series:
        kind = TABLES[self.name].kind(column)
        if kind not in (Kind.DATE, Kind.PARTIAL_DATE):
            return text
        cut = sdtm_date(text).astype("str")
        if kind is Kind.DATE and origin.incomplete_date == "missing":
            incomplete = cut.notna() & (cut.str.len() < _ISO_DATE_LENGTH)
            self._find("date_incomplete", column, incomplete, severe=False)
            cut = cut.mask(incomplete)
        return cut

    def _find(
        self, rule: str, column: str, bad: pd.Series, detail: str = "", *, severe: bool = True
    ) -> None:
        self.findings += finding_at(
            rule, self.name, column, bad.to_frame(), bad, detail=detail,
            severity="error" if severe else "note",
        )  # fmt: skip

    def _with_variable(self, item: Finding) -> Finding:
        """Say which variable of which domain a finding speaks of."""
        origin = self.source.columns.get(item.column)
        if origin is None or not origin.variables:
            return item
        variables = " or ".join(f"{self.domain.name}.{name}" for name in origin.variables)
        detail = f"{item.detail}; " if item.detail else ""
        return replace(item, detail=f"{detail}it comes from {variables}")


def _folded(text: pd.Series) -> pd.Series:
    return text.str.strip().str.lower()


def _matching(frame: pd.DataFrame, where: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return the records whose variables have one of the wanted values."""
    keep = pd.Series(True, index=frame.index)
    for variable, values in where.items():
        if variable in frame:
            keep &= _folded(frame[variable]).isin([value.lower() for value in values])
    return frame[keep].rename_axis(index=ROW)
