"""Ingestion: read a source, check it, leave a data report, write the tables or refuse them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from multifidus.base.errors import ConfigError, DataError
from multifidus.base.files import atomic_directory
from multifidus.config.mapping import load_mapping
from multifidus.config.tier import Tier
from multifidus.contracts.cross import check_tables
from multifidus.contracts.tables import TABLES, write_table
from multifidus.ingest.csv_folder import read_csv_files
from multifidus.ingest.inputs import IngestOutcome
from multifidus.ingest.report import PAGE, write_data_report
from multifidus.ingest.sdtm import read_sdtm_files
from multifidus.literature.record.value_sets import load_mme_factors

if TYPE_CHECKING:
    from collections.abc import Collection, Set

    from multifidus.config.mapping import SdtmMapping
    from multifidus.config.study import StudyConfig
    from multifidus.contracts.check import Finding

    Source = Literal["synthetic", "csv", "sdtm"]

__all__ = ["ingest", "ingest_tables", "known_opioids", "refusal", "write_tables"]

_STRUCTURE = "DAT-1"
_UNREADABLE = ("is_number", "is_integer", "is_date", "is_boolean")
_OPIOID_KEY = ["drug", "route", "unit"]


def ingest(
    source: Source,
    folder: Path | str,
    study: StudyConfig,
    *,
    mapping: SdtmMapping | None = None,
    opioids: Set[tuple[str, str, str]] | None = None,
    required: Collection[str] | None = None,
) -> IngestOutcome:
    """Read and check a source; nothing is written.

    Parameters
    ----------
    source
        ``synthetic`` and ``csv`` are folders of CSV files, ``sdtm`` one of SAS transport files.
    folder
        The folder.
    study
        The study, or its sections study, arms, visits, characteristics and opioids.
    mapping
        The study's mapping; required for ``sdtm``.
    opioids
        (drug, route, unit) that have a conversion factor; ``None`` checks no drug.
    required
        Tables that a folder of CSV files must hold; ``None`` asks the study.

    Returns
    -------
    IngestOutcome
        Tables with plain indices, findings of all tables and across them, files read.

    Raises
    ------
    DataError
        ``DAT-100`` when there is no such folder.
    ConfigError
        ``CFG-020`` when the mapping does not fit the tables, ``CFG-021`` when it is not given.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            "DAT-100", f"There is no data folder {folder}: correct data.path in config/config.yaml."
        )
    if source == "sdtm":
        if mapping is None:
            raise ConfigError(
                "CFG-021", "An SDTM source needs mapping.yaml beside the study file: write one."
            )
        tables, findings, inputs = read_sdtm_files(folder, mapping, study)
    else:
        tables, findings, inputs = read_csv_files(folder, study, required)
    broken = {
        item.table
        for item in findings
        if item.severity == "error" and item.rule.id.startswith(_STRUCTURE)
    }
    if mapping is not None:  # a fault of a whole domain breaks the tables that come from it
        broken |= {name for name, origin in mapping.tables.items() if origin.domain in broken}
    whole = {name: frame for name, frame in tables.items() if name not in broken}
    findings += _not_twice(check_tables(whole, study, known_opioids=opioids), findings)
    plain = {name: frame.reset_index(drop=True) for name, frame in tables.items()}
    return IngestOutcome(plain, tuple(sorted(findings, key=_order)), tuple(inputs))


def write_tables(outcome: IngestOutcome, folder: Path | str, tier: str) -> None:
    """Write every table as Parquet, all of them or none.

    Raises
    ------
    DataError
        When the outcome has errors; ``folder`` is then left as it was.
    """
    if outcome.errors:
        raise refusal(outcome, None)
    with atomic_directory(folder) as temporary:
        for name, frame in outcome.tables.items():
            write_table(temporary, name, frame, tier=tier)


def refusal(outcome: IngestOutcome, page: Path | None) -> DataError:
    """Return the error that refuses an outcome: its first finding, in one sentence.

    Parameters
    ----------
    outcome
        An outcome with errors.
    page
        Page of the data report, if one was written.
    """
    first, *others = outcome.errors
    counts = [_count(len(others), "more error")] if others else []
    if outcome.notes:
        counts.append(_count(len(outcome.notes), "note"))
    tail = f"; see {page}" if page is not None else ""
    if counts:
        stand = f" in {page}" if page is not None else ""
        verb = "stand" if len(counts) > 1 or not counts[0].startswith("1 ") else "stands"
        tail = f"; {' and '.join(counts)} {verb}{stand or ' beside it'}"
    return DataError(first.rule.id, f"{first.sentence.removesuffix('.')}{tail}.")


def ingest_tables(
    *,
    source: Source,
    folder: Path | str,
    study: StudyConfig,
    tier: str,
    tables: Path | str,
    report: Path | str,
    mapping: Path | str | None = None,
    factors: Path | str | None = None,
    required: Collection[str] | None = None,
) -> IngestOutcome:
    """Read, check and write every table; leave a data report in any case.

    Parameters
    ----------
    source, folder, study, required
        As in :func:`ingest`.
    tier
        Data tier, on the report and in every table.
    tables
        Folder that the Parquet files are written to.
    report
        Folder that ``index.html`` and ``report.json`` are written to.
    mapping
        The study's ``mapping.yaml``; read for ``sdtm`` only.
    factors
        ``literature/mme/factors.csv``, for the check of drugs; ``None`` checks none.

    Raises
    ------
    DataError
        When there are errors. The report is written, the tables of an earlier run stay whole.
    """
    outcome = ingest(
        source,
        folder,
        study,
        mapping=load_mapping(mapping) if source == "sdtm" and mapping else None,
        opioids=known_opioids(Path(factors), study) if factors else None,
        required=required,
    )
    write_data_report(outcome, Path(report), tier=Tier(tier), study=study.study, source=source)
    if outcome.errors:
        raise refusal(outcome, Path(report) / PAGE)
    write_tables(outcome, tables, tier)
    return outcome


def known_opioids(factors: Path, study: StudyConfig) -> frozenset[tuple[str, str, str]] | None:
    """Return the (drug, route, unit) that the study's edition of the factors can convert.

    ``None`` when the study has no opioid analysis: then no drug is checked.
    """
    if study.opioids is None:
        return None
    table = load_mme_factors(factors)
    rows = table.loc[table["edition"] == study.opioids.conversion, _OPIOID_KEY]
    # A factor is per unit of the daily dose, a prescription states the unit of one dose.
    return frozenset(
        (str(drug).lower(), str(route).lower(), str(unit).removesuffix("/day"))
        for drug, route, unit in rows.itertuples(index=False)
    )


def _not_twice(found: list[Finding], earlier: list[Finding]) -> list[Finding]:
    """Leave out rows whose value could not be read: that was said already."""
    unread: dict[str, set[int]] = {}
    for item in earlier:
        if item.rule.name in _UNREADABLE:
            unread.setdefault(item.place, set()).update(item.rows)
    kept = []
    for item in found:
        said = unread.get(item.place, set())
        if rows := tuple(row for row in item.rows if row not in said):
            kept.append(replace(item, rows=rows))
    return kept


def _order(item: Finding) -> tuple[bool, str, int, str, tuple[int, ...]]:
    place = list(TABLES).index(item.table) if item.table in TABLES else -1
    return (item.severity != "error", item.rule.id, place, item.column, item.rows)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"
