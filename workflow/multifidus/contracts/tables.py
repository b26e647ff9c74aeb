"""The tables: strict, ordered pandera schemas, every check named after its rule.

Dates are ``datetime64[s]`` days; partial dates stay ISO text (``2019``, ``2019-03``,
``2019-03-14``). Booleans are pandas' nullable ``boolean``, counts and levels ``Int64``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa

from multifidus.base.files import write_parquet
from multifidus.config.instruments import INSTRUMENTS
from multifidus.config.vocabulary import DEVICE_EVENT_TYPES, RELATION_WORDS
from multifidus.contracts.columns import Kind, column, level, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from multifidus.config.instruments import Instrument

__all__ = ["ANSWERS", "TABLES", "Table", "read_table", "write_table"]

POSITIVE = pa.Check(lambda values: values > 0, name="dose_positive", ignore_na=True)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the contracts.

    Parameters
    ----------
    name
        Its name: ``<name>.csv`` in a data folder, ``<name>.parquet`` after ingestion.
    description
        What one row is.
    key
        Columns whose values together identify a row.
    columns
        Columns in order.
    required
        Whether a data folder must hold it; an absent optional table is empty.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: Mapping[str, pa.Column]
    required: bool = False

    @property
    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema, strict and ordered, with the key unique."""
        return pa.DataFrameSchema(
            dict(self.columns), strict=True, ordered=True, unique=list(self.key), name=self.name
        )

    def kind(self, name: str) -> Kind:
        """Return how a column's text is read."""
        kind = self.columns[name].metadata["kind"]
        assert isinstance(kind, Kind)  # noqa: S101 - set by `column` and by nothing else
        return kind


def _participant() -> pa.Column:
    return column(Kind.TEXT, "Pseudonymous identifier of the participant")


def _visit() -> pa.Column:
    return column(Kind.TEXT, "Visit id of the study file, as recorded at the site")


def _date(what: str, *, nullable: bool = True) -> pa.Column:
    return column(Kind.DATE, what, nullable=nullable)


def _participants() -> Table:
    return Table(
        "participants",
        "One row per participant, screen failures included",
        ("participant_id",),
        {
            "participant_id": _participant(),
            "site_id": column(Kind.TEXT, "Site", nullable=True),
            "arm": column(Kind.TEXT, "Arm of the study file; empty if not randomised", nullable=True),
            "age_years": column(Kind.NUMBER, "Age at consent, years", level("age_in_range", 18, 120), nullable=True),
            "sex": column(Kind.TEXT, "F, M or U (unknown)", one_of("F", "M", "U"), nullable=True),
            "randomisation_date": _date("Day of randomisation"),
            "treatment_start_date": _date("Day of implantation, or of the first dose"),
            "activation_date": _date("Day on which stimulation was activated"),
            "crossover_date": _date("Day on which the sham arm switched to therapy"),
            "treatment_end_date": _date("Day of explantation, or of the last dose"),
            "death_date": _date("Day of death"),
            "last_contact_date": _date("Last day on which the participant was observed"),
        },
        required=True,
    )  # fmt: skip


def _answers(name: str, what: str, answers: Mapping[str, pa.Column]) -> Table:
    return Table(
        name,
        what,
        ("participant_id", "visit"),
        {
            "participant_id": _participant(),
            "visit": _visit(),
            "assessment_date": _date("Day of the assessment", nullable=False),
            **answers,
        },
    )


def _instruments() -> tuple[Table, ...]:
    increase = {"analgesic_increase": column(Kind.BOOLEAN, "Any increase of analgesics in the two weeks before the visit", nullable=True)}  # fmt: skip
    return (
        *(
            _answers(item.id, f"One row per {item.record}", _answer_columns(item))
            for item in INSTRUMENTS.values()
        ),
        _answers("analgesics", "One row per question on analgesics", increase),
    )


def _answer_columns(instrument: Instrument) -> dict[str, pa.Column]:
    kind = Kind.INTEGER if instrument.whole else Kind.NUMBER
    within = level(instrument.check, instrument.lowest, instrument.highest)
    return {
        item.column: column(kind, item.description, within, nullable=True)
        for item in instrument.items
    }


def _attendance() -> tuple[Table, ...]:
    reasons = one_of(
        "covid19", "lost_to_follow_up", "withdrew", "explanted", "died", "missed", "other"
    )
    return (
        Table(
            "characteristics",
            "One row per participant and baseline characteristic",
            ("participant_id", "characteristic"),
            {
                "participant_id": _participant(),
                "characteristic": column(Kind.TEXT, "Characteristic id of the study file"),
                "value": column(Kind.NUMBER, "Value in the study file's unit", nullable=True),
            },
        ),
        Table(
            "visits",
            "One row per participant and scheduled visit",
            ("participant_id", "visit"),
            {
                "participant_id": _participant(),
                "visit": _visit(),
                "visit_date": _date("Day of the visit; empty when missed"),
                "attended": column(Kind.BOOLEAN, "Whether the visit took place"),
                "reason_missed": column(Kind.TEXT, "Why it did not", reasons, nullable=True),
            },
        ),
        Table(
            "disposition",
            "One row per disposition event",
            ("participant_id", "category", "term", "date"),
            {
                "participant_id": _participant(),
                "category": column(Kind.TEXT, "Kind of event: protocol milestone or disposition event"),
                "term": column(Kind.TEXT, "What happened, lower case"),
                "date": column(Kind.PARTIAL_DATE, "Day, month or year", nullable=True),
            },
        ),
    )  # fmt: skip


def _treatment() -> tuple[Table, ...]:
    return (
        Table(
            "opioids",
            "One row per opioid prescription interval",
            ("prescription_id",),
            {
                "participant_id": _participant(),
                "prescription_id": column(Kind.TEXT, "Identifier of the prescription"),
                "drug": column(Kind.TEXT, "Generic name, lower case"),
                "route": column(Kind.TEXT, "oral, transdermal, ..."),
                "dose": column(Kind.NUMBER, "Dose of one administration", POSITIVE),
                "dose_unit": column(Kind.TEXT, "mg, or mcg/h for patches"),
                "doses_per_day": column(Kind.NUMBER, "Administrations a day; 1 for patches", POSITIVE),
                "as_needed": column(Kind.BOOLEAN, "Taken as needed"),
                "start_date": column(Kind.PARTIAL_DATE, "First day", nullable=True),
                "end_date": column(Kind.PARTIAL_DATE, "Last day; empty when ongoing", nullable=True),
            },
        ),
        Table(
            "exposure",
            "One row per interval of treatment at one dose",
            ("participant_id", "treatment", "start_date"),
            {
                "participant_id": _participant(),
                "treatment": column(Kind.TEXT, "Treatment received"),
                "dose": column(Kind.NUMBER, "Dose", nullable=True),
                "dose_unit": column(Kind.TEXT, "Unit of the dose", nullable=True),
                "start_date": column(Kind.PARTIAL_DATE, "First day", nullable=True),
                "end_date": column(Kind.PARTIAL_DATE, "Last day", nullable=True),
            },
        ),
    )  # fmt: skip


def _events() -> tuple[Table, ...]:
    def related(to: str) -> pa.Column:
        return column(Kind.TEXT, f"Relation to the {to}", one_of(*RELATION_WORDS), nullable=True)

    device_types = one_of(*DEVICE_EVENT_TYPES)
    return (
        Table(
            "adverse_events",
            "One row per adverse event",
            ("participant_id", "event_id"),
            {
                "participant_id": _participant(),
                "event_id": column(Kind.TEXT, "Identifier of the event"),
                "reported_term": column(Kind.TEXT, "Term as reported"),
                "preferred_term": column(Kind.TEXT, "Coded preferred term"),
                "system_organ_class": column(Kind.TEXT, "System organ class"),
                "start_date": column(Kind.PARTIAL_DATE, "Day, month or year of onset", nullable=True),
                "end_date": column(Kind.PARTIAL_DATE, "Day, month or year of resolution", nullable=True),
                "severity": column(Kind.TEXT, "Worst severity", one_of("mild", "moderate", "severe", "life threatening", "fatal"), nullable=True),
                "serious": column(Kind.BOOLEAN, "Serious by ISO 14155 or ICH E2A", nullable=True),
                "related_device": related("device or study drug"),
                "related_procedure": related("implantation or a later procedure"),
                "related_stimulation": related("stimulation"),
                "anticipated": column(Kind.BOOLEAN, "Anticipated in the protocol", nullable=True),
                "outcome": column(Kind.TEXT, "Outcome of the event", nullable=True),
            },
        ),
        Table(
            "device_events",
            "One row per event of the implanted device",
            ("participant_id", "event_id"),
            {
                "participant_id": _participant(),
                "event_id": column(Kind.TEXT, "Identifier of the event"),
                "event_type": column(Kind.TEXT, "Kind of event", device_types),
                "event_date": _date("Day of the event", nullable=False),
                "reason": column(Kind.TEXT, "Why", nullable=True),
            },
        ),
    )  # fmt: skip


def _all() -> dict[str, Table]:
    tables = (_participants(), *_attendance(), *_instruments(), *_treatment(), *_events())
    return {table.name: table for table in tables}


TABLES: Mapping[str, Table] = MappingProxyType(_all())
"""Every table by name, participants first."""


ANSWERS = (*INSTRUMENTS, "analgesics")
"""Tables with one row per participant and visit that hold answers."""


def write_table(folder: Path, name: str, frame: pd.DataFrame, *, tier: str) -> None:
    """Write a checked table as Parquet, sorted by its key and labelled with the tier."""
    table = TABLES[name]
    ordered = frame.sort_values(list(table.key), kind="stable").reset_index(drop=True)
    write_parquet(folder / f"{name}.parquet", ordered, {"table": name, "tier": tier})


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table that ingestion wrote."""
    table = TABLES[name]
    frame = pd.read_parquet(folder / f"{name}.parquet")
    return frame.astype({column: table.kind(column).dtype for column in table.columns})
