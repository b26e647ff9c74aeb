"""The scorecard's files: CSV, JSON and a self-contained page."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from multifidus.base.files import write_csv, write_json, write_text
from multifidus.base.pages import render_page
from multifidus.config.tier import Tier
from multifidus.literature.record.models import FAMILIES
from multifidus.literature.scorecard.verdicts import verdict_counts
from multifidus.results.formatting import round_half_away

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd


__all__ = ["ScorecardFiles", "write_scorecard"]

_TIER_REMARKS: Mapping[str, str] = MappingProxyType(
    {
        Tier.PUBLISHED: "No cohort was analysed: a figure is answered by other published figures "
        "or needs participant data.",
        Tier.SYNTHETIC: "The cohort was made to meet these figures, so agreement shows that the "
        "pipeline recovers what went in, not that the trial is confirmed.",
        Tier.PUBLIC: "The figures come from participant data.",
        Tier.RESTRICTED: "The figures come from participant data.",
    }
)
_FAMILY_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "five_year_abstract": "Five-year abstract",
        "follow_up": "Two, three and four years",
        "baseline": "Baseline",
        "randomised": "Randomised phase",
        "opioids": "Opioids",
        "device_use": "Device use",
        "flow": "Participants seen",
        "other": "Impact of pain",
    }
)
_VERDICT_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "reproduced": ("Reproduced", "Prints the same at the precision of the source."),
        "within_rounding": ("Within rounding", "Differs by no more than what was printed allows."),
        "other_data_cut": ("Other data cut", "Printed of another sample or at another date."),
        "unpublished_method": ("Unpublished method", "Printed by a method that was not described."),
        "record_contradiction": (
            "Record contradicts itself",
            "Printed figures cannot all be true.",
        ),
        "not_reproduced": (
            "Not reproduced",
            "Differs by more than its print, or the register, allows.",
        ),
        "needs_participant_data": (
            "Needs participant data",
            "Nothing that is public can answer it.",
        ),
        "hidden": ("Hidden", "Disclosure control hides the figure of this run."),
    }
)
_EVIDENCE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "recovered_from_cohort": "recovered from a calibrated cohort",
        "held_out": "held out of the calibration",
        "recomputed": "recomputed from published figures",
        "needs_participant_data": "needs participant data",
        "participant_data": "from participant data",
    }
)
_SELF_EVIDENT = ("reproduced", "within_rounding")
_MINUS_SIGN = str.maketrans({"-": "\N{MINUS SIGN}"})


class ScorecardFiles(NamedTuple):
    """The three files of a scorecard."""

    csv: Path
    json: Path
    html: Path


def write_scorecard(
    scorecard: pd.DataFrame,
    files: ScorecardFiles,
    tier: str,
    banner: str | None = None,
    citations: Mapping[str, str] | None = None,
) -> None:
    """Write the scorecard as CSV, JSON and a self-contained page.

    Parameters
    ----------
    scorecard
        As :func:`multifidus.literature.scorecard.build.build_scorecard` gives it.
    files
        The files to make; each is written whole or not at all.
    tier
        Data tier, printed on every file.
    banner
        Sentence on the tier that heads the page; the tier's own where none is given.
    citations
        Source key to a short citation for print; the key itself is printed where none is given.
    """
    counts = verdict_counts(scorecard)
    banner = banner or Tier(tier).banner
    write_csv(files.csv, scorecard.assign(tier=tier))
    write_json(
        files.json,
        {
            "tier": tier,
            "tier_banner": banner,
            "verdict_counts": counts,
            "rows": [_plain(row) for row in scorecard.to_dict("records")],
        },
    )
    write_text(files.html, _render(scorecard, counts, (tier, banner), citations or {}))


def _render(
    scorecard: pd.DataFrame,
    counts: Mapping[str, int],
    tier: tuple[str, str],
    citations: Mapping[str, str],
) -> str:
    rows = [_display(row, citations) for row in scorecard.to_dict("records")]
    return render_page(
        "multifidus.literature",
        "scorecard.html.j2",
        "scorecard.css",
        tier=tier[0],
        banner=tier[1],
        remark=_TIER_REMARKS[tier[0]],
        verdicts=[
            {"id": key, "count": counts[key], "title": title, "meaning": meaning}
            for key, (title, meaning) in _VERDICT_WORDS.items()
            if key in counts
        ],
        total=len(rows),
        claims=scorecard["claim_id"].nunique(),
        families=[
            {"id": key, "title": _FAMILY_TITLES[key], "rows": group}
            for key in FAMILIES
            if (group := [row for row in rows if row["family"] == key])
        ],
    )


def _display(row: Mapping[Any, Any], citations: Mapping[str, str]) -> dict[str, str]:
    """Give a row's cells as they stand on the page."""
    return {
        **{key: str(row[key]) for key in ("claim_id", "part", "family", "label", "reason")},
        "printed": str(row["printed"]).translate(_MINUS_SIGN),
        "reproduced": str(row["reproduced"]).translate(_MINUS_SIGN),
        "difference": _difference(row["difference"], row["tolerance"]),
        "tolerance": "" if math.isnan(row["tolerance"]) else f"{row['tolerance']:.3g}",
        "evidence": _EVIDENCE_WORDS[row["evidence"]],
        "verdict": str(row["verdict"]),
        "verdict_title": _VERDICT_WORDS[row["verdict"]][0],
        "evidence_needed": "" if row["verdict"] in _SELF_EVIDENT else "yes",
        "source": citations.get(row["source"], str(row["source"])),
        "result_id": str(row["result_id"]),
    }


def _difference(value: float, tolerance: float) -> str:
    """Print a difference with one digit more than its tolerance, empty where there is none."""
    if math.isnan(value):
        return ""
    decimals = max(math.ceil(-math.log10(tolerance)), 0) + 1
    number = round_half_away(value, decimals)
    return "0" if number == 0 else f"{number:+f}".translate(_MINUS_SIGN)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Give a row for JSON, where a missing number is null."""
    return {
        str(key): None if isinstance(value, float) and math.isnan(value) else value
        for key, value in row.items()
    }
