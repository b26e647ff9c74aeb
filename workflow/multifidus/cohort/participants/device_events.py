"""Device events: removals, lead fractures with their revisions, deficiencies.

Published is the absence of lead migrations. Leads are known to break, how often in this trial is
not; the rate is an assumption, the same in every year of follow-up, so that revisions fall into all
of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from multifidus.cohort.participants.events import infection_removals, observed_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.cohort.answers.sums import Setting

__all__ = ["LeadFault", "draw_device_events", "draw_lead_faults"]

_DAY = np.timedelta64(1, "D")
_YEAR = 365.25
_REMOVAL_REASONS = ("inadequate relief", "magnetic resonance imaging needed", "participant's wish")
_DEFICIENCIES = 5


class LeadFault(NamedTuple):
    """A broken lead: person, and the day on which it was found."""

    person: int
    found: np.datetime64


def draw_lead_faults(setting: Setting) -> tuple[LeadFault, ...]:
    """Draw broken leads, at most one a person, at a constant rate from the implantation on."""
    rng, implant = setting.streams.of("lead_faults"), setting.enrolment.implant
    years = rng.exponential(1 / setting.design.lead_fractures_per_year, len(implant))
    found = implant + np.ceil(years * _YEAR).astype(np.int64).astype("timedelta64[D]")
    seen = found < observed_until(setting)
    return tuple(LeadFault(int(person), found[person]) for person in np.flatnonzero(seen))


def draw_device_events(setting: Setting, lead_faults: Sequence[LeadFault]) -> pd.DataFrame:
    """Draw the table ``device_events``.

    Lead migrations are drawn only if some were published; the published number is none.
    """
    rng, ids = setting.streams.of("device_events"), setting.enrolment.ids
    until = observed_until(setting)
    rows = _removals(setting)
    for fault in lead_faults:
        name = str(ids[fault.person])
        rows.append(_row(name, "lead_fracture", fault.found, "wire fracture"))
        revision = fault.found + int(rng.integers(14, 70)) * _DAY
        if revision < until[fault.person]:
            rows.append(_row(name, "lead_revision", revision, "lead fracture"))
    migrations = setting.targets.count("device_events.lead_migration.overall.safety.all.events", 0)
    people = rng.choice(len(ids), migrations + _DEFICIENCIES, replace=False)
    for place, person in enumerate(people):
        day = setting.enrolment.implant[person] + int(rng.integers(60, 900)) * _DAY
        if place < migrations:
            rows.append(_row(str(ids[person]), "lead_migration", day, "displacement on X-ray"))
        elif day < until[person]:
            reason = "activator antenna replaced"
            rows.append(_row(str(ids[person]), "device_deficiency", day, reason))
    order = ["participant_id", "event_date", "event_type"]
    frame = pd.DataFrame(rows).sort_values(order, kind="stable")
    number = frame.groupby("participant_id").cumcount() + 1
    frame.insert(1, "event_id", [f"DE{k:02d}" for k in number])
    return frame.reset_index(drop=True)


def _removals(setting: Setting) -> list[dict[str, object]]:
    """Return the removals that ended follow-up; the earliest of them for infections."""
    rng, infected = setting.streams.of("device_events"), infection_removals(setting)
    rows = []
    for person in np.flatnonzero(setting.flow.end_reason == "explanted"):
        kind, reason = "infection_removal", "infection"
        if not infected[person]:
            kind, reason = "explant", str(rng.choice(_REMOVAL_REASONS, p=[0.6, 0.25, 0.15]))
        day = setting.flow.end_date[person]
        rows.append(_row(str(setting.enrolment.ids[person]), kind, day, reason))
    return rows


def _row(person_id: str, kind: str, day: np.datetime64, reason: str) -> dict[str, object]:
    return {
        "participant_id": person_id,
        "event_type": kind,
        "event_date": str(day),
        "reason": reason,
    }
