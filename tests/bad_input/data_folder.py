"""A valid folder of three hand-written participants that the tests break, one fault at a time."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from multifidus.config.load import load_study
from multifidus.contracts.tables import TABLES
from multifidus.ingest.run import ingest

if TYPE_CHECKING:
    from multifidus.ingest.inputs import IngestOutcome

ROOT = Path(__file__).parents[2]
OPIOIDS = frozenset({("oxycodone", "oral", "mg"), ("fentanyl", "transdermal", "mcg/h")})

Rows = list[dict[str, str]]


def _answers(visit_dates: dict[tuple[str, str], str], **values: str) -> Rows:
    return [
        {"participant_id": person, "visit": visit, "assessment_date": date, **values}
        for (person, visit), date in visit_dates.items()
    ]


def valid_rows() -> dict[str, Rows]:
    """P1 is treated and seen twice, P2 changes over from sham and dies, P3 fails screening."""
    seen = {
        ("P1", "baseline"): "2017-02-20",
        ("P1", "d120"): "2017-07-13",
        ("P2", "baseline"): "2017-03-20",
        ("P2", "d120"): "2017-08-12",
    }
    people: Rows = [
        {
            "participant_id": "P1", "site_id": "S1", "arm": "treatment", "age_years": "44",
            "sex": "F", "randomisation_date": "2017-03-15", "treatment_start_date": "2017-03-01",
            "activation_date": "2017-03-15", "last_contact_date": "2018-03-20",
        },
        {
            "participant_id": "P2", "site_id": "S1", "arm": "control", "age_years": "51",
            "sex": "M", "randomisation_date": "2017-04-15", "treatment_start_date": "2017-04-01",
            "activation_date": "2017-04-15", "crossover_date": "2017-08-14",
            "death_date": "2019-02-01", "last_contact_date": "2019-02-01",
        },
        {"participant_id": "P3", "site_id": "S2", "age_years": "60", "sex": "U"},
    ]  # fmt: skip
    visits: Rows = [
        {"participant_id": person, "visit": visit, "visit_date": date, "attended": "true"}
        for (person, visit), date in seen.items()
    ]
    missed = {"attended": "false", "reason_missed": "covid19"}
    visits.append({"participant_id": "P1", "visit": "y1", **missed})
    event = {
        "participant_id": "P1", "event_id": "A1", "reported_term": "Sore pocket",
        "preferred_term": "Implant site pain", "system_organ_class": "General disorders",
        "start_date": "2017-04", "end_date": "2017", "severity": "mild", "serious": "false",
        "related_device": "possible", "anticipated": "true", "outcome": "recovered",
    }  # fmt: skip
    opioid = {
        "participant_id": "P1", "prescription_id": "R1", "drug": "oxycodone", "route": "oral",
        "dose": "5", "dose_unit": "mg", "doses_per_day": "3", "as_needed": "false",
        "start_date": "2016", "end_date": "2017-08",
    }  # fmt: skip
    device = {
        "participant_id": "P2", "event_id": "D1", "event_type": "ipg_revision",
        "event_date": "2018-01-10", "reason": "pocket revised",
    }  # fmt: skip
    return {
        "participants": people,
        "characteristics": [
            {"participant_id": "P1", "characteristic": "bmi", "value": "27.5"},
            {"participant_id": "P2", "characteristic": "pain_days_percent", "value": "100"},
        ],
        "visits": visits,
        "disposition": [
            {"participant_id": "P3", "category": "milestone", "term": "screen failure"},
        ],
        "vas": _answers(seen, vas_mm="72"),
        "odi": _answers(seen, **{f"odi_{item:02d}": "3" for item in range(1, 11)}),
        "eq5d": _answers(seen, eq5d_mo="2", eq5d_sc="1", eq5d_ua="3", eq5d_pd="4", eq5d_ad="1"),
        "analgesics": _answers(
            {key: date for key, date in seen.items() if key[1] == "d120"},
            analgesic_increase="false",
        ),
        "opioids": [opioid],
        "exposure": [],
        "adverse_events": [event],
        "device_events": [device],
    }


@dataclass
class DataFolder:
    """A folder of CSV files that a test may break before it is read."""

    path: Path
    rows: dict[str, Rows] = field(default_factory=valid_rows)

    def write(self) -> Path:
        self.path.mkdir(parents=True, exist_ok=True)
        for name, rows in self.rows.items():
            with (self.path / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, list(TABLES[name].columns), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        return self.path

    def edit_text(self, name: str, old: str, new: str, count: int = 1) -> None:
        path = self.path / f"{name}.csv"
        text = path.read_text(encoding="utf-8")
        assert old in text, "the test breaks a file that does not hold what it replaces"
        path.write_text(text.replace(old, new, count), encoding="utf-8")

    def read(self) -> IngestOutcome:
        return ingest("csv", self.path, STUDY, opioids=OPIOIDS)


STUDY = load_study(ROOT / "config/studies/reactiv8b/study.yaml")
