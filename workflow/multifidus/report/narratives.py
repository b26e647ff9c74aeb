"""The narratives as files: Parquet and CSV for programs, one page to read.

They describe single participants. They are made beside the documents and are never part of one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.safety.narratives import NARRATIVE_COLUMNS, REASONS, list_narratives
from multifidus.base.files import write_csv, write_parquet, write_text
from multifidus.base.pages import render_page
from multifidus.contracts.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from multifidus.config.study import StudyConfig
    from multifidus.config.tier import Tier

__all__ = ["NARRATIVE_TABLES", "narrative_page", "write_narratives"]

NARRATIVE_TABLES = ("participants", "adverse_events", "device_events")
"""Tables that the narratives are made from."""
_SECTIONS = (
    ("death", "Deaths and fatal events"),
    ("serious_related", "Serious and related events"),
    ("serious", "Other serious events"),
    ("explant", "Explantations"),
    ("related", "Other related events"),
)
_RELATIONS: Mapping[str, str] = MappingProxyType(
    {
        "related_device": "device or study drug",
        "related_procedure": "procedure",
        "related_stimulation": "stimulation",
    }
)
_SEXES: Mapping[str, str] = MappingProxyType({"F": "female", "M": "male"})
_MINUS_SIGN = str.maketrans({"-": "\N{MINUS SIGN}"})


def write_narratives(
    tables: Path,
    study: StudyConfig,
    *,
    parquet: Path | str,
    csv: Path | str,
    page: Path | str,
    tier: Tier,
) -> pd.DataFrame:
    """List the narratives of a folder of tables and write them.

    Parameters
    ----------
    tables
        Folder of the ingested tables.
    study
        The study, or its sections study, arms, analysis_sets, adverse_events and device_use.
    parquet, csv, page
        Files to write.
    tier
        Data tier, stated in every file.

    Returns
    -------
    DataFrame
        What was written, as :func:`multifidus.analyses.safety.narratives.list_narratives` gives it.
    """
    inputs = AnalysisInputs(study, {name: read_table(tables, name) for name in NARRATIVE_TABLES})
    listed = list_narratives(inputs)
    write_parquet(parquet, listed, {"table": "narratives", "tier": str(tier)})
    write_csv(csv, listed.assign(tier=str(tier)))
    write_text(page, narrative_page(listed, study, tier))
    return listed


def narrative_page(listed: pd.DataFrame, study: StudyConfig, tier: Tier) -> str:
    """Return the page of narratives, the gravest first; each is under one heading.

    Parameters
    ----------
    listed
        The listing.
    study
        Its sections study, arms and adverse_events.
    tier
        Data tier; its banner heads the page.
    """
    return render_page(
        "multifidus.report",
        "narratives.html.j2",
        "narratives.css",
        tier=str(tier),
        banner=tier.banner,
        title=study.study.short_title,
        count=len(listed),
        participants=listed["participant_id"].nunique(),
        reasons=list(REASONS.values()),
        device_days=study.adverse_events.narrative_device_days,
        sections=list(_sections(listed, study)),
        columns=list(NARRATIVE_COLUMNS.items()),
    )


def _sections(listed: pd.DataFrame, study: StudyConfig) -> Iterator[dict[str, Any]]:
    labels = {arm.id: arm.label for arm in study.arms}
    left = listed
    for name, title in _SECTIONS:
        wanted = set(name.split("_"))
        mask = [wanted <= set(reasons.split(";")) for reasons in left["reasons"]]
        own = left[pd.Series(mask, index=left.index, dtype=bool)]
        left = left.drop(index=own.index)
        rows = [_row(row, labels) for row in own.to_dict("records")]
        yield {"id": name, "title": title, "rows": rows}


def _row(row: Mapping[Any, Any], arms: Mapping[str, str]) -> dict[str, Any]:
    """Give a narrative's cells in words; what is not known is left out."""
    given = {key: value for key, value in row.items() if pd.notna(value)}
    person = [arms.get(given.get("arm", ""), ""), _age(given), _SEXES.get(given.get("sex", ""), "")]
    return {
        "participant": given["participant_id"],
        "person": ", ".join(filter(None, person)),
        "term": given["preferred_term"],
        "soc": given.get("system_organ_class", ""),
        "day": str(given["onset_day"]).translate(_MINUS_SIGN) if "onset_day" in given else "",
        "imputed": given.get("onset_imputed", ""),
        "duration": _duration(given),
        "exposure": list(_exposure(given)),
        "grade": ", ".join(_grade(given)),
        "relations": _relations(given),
        "outcome": given.get("outcome", ""),
        "device": given.get("device_action", ""),
    }


def _age(given: Mapping[Any, Any]) -> str:
    return f"aged {given['age_band']}" if "age_band" in given else ""


def _duration(given: Mapping[Any, Any]) -> str:
    if "duration_days" not in given:
        return ""
    days = int(given["duration_days"])
    return f"{days} day{'' if days == 1 else 's'}"


def _exposure(given: Mapping[Any, Any]) -> Iterator[str]:
    if "days_treated" in given:
        yield f"treated for {int(given['days_treated'])} d"
    if "days_stimulated" in given:
        yield f"stimulated for {int(given['days_stimulated'])} d"


def _grade(given: Mapping[Any, Any]) -> Iterator[str]:
    if given["kind"] != "adverse_event":
        return
    yield given.get("severity", "severity not recorded")
    yield "serious" if given.get("serious") else "not serious"
    if "anticipated" in given:
        yield "anticipated" if given["anticipated"] else "not anticipated"
    if not given.get("treatment_emergent"):
        yield "before treatment"


def _relations(given: Mapping[Any, Any]) -> list[str]:
    """Name every relation that was recorded, "none" only where all are."""
    if given["kind"] != "adverse_event":
        return []
    recorded = {words: given[name] for name, words in _RELATIONS.items() if name in given}
    if not recorded:
        return ["not recorded"]
    found = [f"{words}: {value}" for words, value in recorded.items() if value != "none"]
    return found or ["none"]
