"""Claims in words: outcome, visit, group and statistic as a reader would name them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["claim_label", "visit_days", "visit_label"]

_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "vas": "Low back pain (VAS)",
        "odi": "Disability (ODI)",
        "eq5d": "EQ-5D-5L index",
        "vas_change": "Change in low back pain (VAS)",
        "odi_change": "Change in disability (ODI)",
        "eq5d_change": "Change in EQ-5D-5L index",
        "vas_percent_change": "Relative change in low back pain (VAS)",
        "odi_percent_change": "Relative change in disability (ODI)",
        "vas_ge30": "VAS reduction of at least 30%",
        "vas_ge50": "VAS reduction of at least 50%",
        "vas_ge70": "VAS reduction of at least 70%",
        "vas_le25": "VAS of 2.5 cm or less",
        "odi_ge20": "ODI reduction of at least 20 points",
        "vas50_or_odi20": "VAS reduction of 50% and/or ODI reduction of 20 points",
        "vas50_and_odi20": "VAS reduction of 50% and ODI reduction of 20 points",
        "primary": "Primary endpoint responders",
        "serious_related": "Serious adverse events related to device or procedure",
        "lead_migration": "Lead migrations",
        "opioid_users": "On opioids",
        "opioid_users_seen": "On opioids at baseline and seen",
        "opioids_discontinued": "Opioids discontinued",
        "opioids_decreased": "Opioids decreased",
        "opioids_eliminated_or_reduced": "Opioids discontinued or decreased",
        "participants_vas": "Participants who answered the VAS",
        "participants_work_data": "Participants with work data",
        "missed_covid19": "Visits missed for coronavirus restrictions",
        "pain_days_percent": "Days with low back pain in the year before",
        "pain_duration_years": "Duration of back pain",
        "device_continued": "Continued device use",
        "device_utilisation": "Device use, share of the maximum",
        "device_hours": "Hours of device use",
        "impact_high": "High-impact chronic pain",
        "impact_low_or_none": "Low-impact or no chronic pain",
        "days_implant_to_randomisation": "Days from implant to randomisation",
    }
)
_STATISTICS: Mapping[str, str] = MappingProxyType(
    {
        "sd": "standard deviation",
        "percent": "share",
        "p_value": "p value",
        "mean_reduction": "mean reduction",
    }
)
_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "treatment": "treatment arm",
        "control": "sham arm",
        "treatment_vs_control": "treatment against sham",
    }
)
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_UNITS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {"d": ("day", 1.0), "w": ("week", 7.0), "m": ("month", 365.25 / 12), "y": ("year", 365.25)}
)
_VISIT = re.compile(r"(?P<unit>[dwmy])(?P<number>\d+)")
_YEAR = re.compile(r"year(\d+)")


def visit_days(visit: str) -> float | None:
    """Return the days after the anchor that a visit's slug names, or None.

    ``overall`` and ``baseline`` are day zero; ``d120``, ``m6`` and ``y5`` count from there.
    """
    if visit in ("overall", "baseline"):
        return 0.0
    match = _VISIT.fullmatch(visit)
    return None if match is None else int(match["number"]) * _UNITS[match["unit"]][1]


def visit_label(visit: str) -> str:
    """Name a visit in words: ``at five years``, ``in year two``, empty for ``overall``."""
    if visit == "overall":
        return ""
    if visit == "baseline":
        return "at baseline"
    if match := _YEAR.fullmatch(visit):
        return f"in year {_in_words(int(match[1]))}"
    if (match := _VISIT.fullmatch(visit)) is None:
        return visit.replace("_", " ")
    number = int(match["number"])
    unit = _UNITS[match["unit"]][0] + ("" if number == 1 else "s")
    return f"at {_in_words(number)} {unit}"


def claim_label(outcome: str, visit: str, group: str, statistic: str) -> str:
    """Name a claim in one line: ``Disability (ODI), at five years, mean``."""
    words = [
        _OUTCOMES.get(outcome, outcome.replace("_", " ").capitalize()),
        visit_label(visit),
        _GROUPS.get(group, "" if group == "all" else group.replace("_", " ")),
        _STATISTICS.get(statistic, statistic.replace("_", " ")),
    ]
    return ", ".join(word for word in words if word)


def _in_words(number: int) -> str:
    return _ONES[number] if number < len(_ONES) else str(number)
