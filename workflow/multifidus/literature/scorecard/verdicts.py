"""Verdicts that must not change unnoticed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from multifidus.base.errors import ScorecardError
from multifidus.base.files import write_csv, write_json
from multifidus.config.tier import Tier
from multifidus.literature.record.models import EXPECTED_VERDICTS, HIDDEN_VERDICT, VERDICTS
from multifidus.literature.record.tables import load_table

__all__ = [
    "check_verdicts",
    "compare_verdicts",
    "load_expected_verdicts",
    "verdict_counts",
    "write_expected_verdicts",
]

ACCEPT_COMMAND = "multifidus literature accept-verdicts"
_NAMED = 10


def check_verdicts(
    *, scorecard: Path | str, expected: Path | str, counts: Path | str, tier: Tier
) -> None:
    """Compare the verdicts of a scorecard with the declared ones and write their counts.

    Raises
    ------
    ScorecardError
        As :func:`compare_verdicts`.
    """
    frame = pd.read_csv(scorecard, dtype=str, keep_default_na=False)
    compare_verdicts(frame, load_expected_verdicts(Path(expected)), tier)
    write_json(counts, {"tier": str(tier), "verdicts": verdict_counts(frame)})


def load_expected_verdicts(path: Path) -> pd.DataFrame:
    """Read the expected verdicts of all tiers.

    Raises
    ------
    LiteratureError
        ``LIT-001`` to ``LIT-004``.
    """
    return load_table(path, EXPECTED_VERDICTS)


def verdict_counts(scorecard: pd.DataFrame) -> dict[str, int]:
    """Count the parts of claims per verdict, in fixed order; ``hidden`` where there is any."""
    counts = {
        verdict: int((scorecard["verdict"] == verdict).sum())
        for verdict in (*VERDICTS, HIDDEN_VERDICT)
    }
    return {name: count for name, count in counts.items() if count or name != HIDDEN_VERDICT}


def compare_verdicts(scorecard: pd.DataFrame, expected: pd.DataFrame, tier: str) -> None:
    """Refuse a scorecard whose verdicts are not those expected.

    Parameters
    ----------
    scorecard
        As :func:`multifidus.literature.scorecard.build.build_scorecard` gives it.
    expected
        Expected verdicts of all tiers.
    tier
        Data tier of the run; other tiers' rows are not looked at. The ``public`` and
        ``restricted`` tiers are compared with nothing: real data answer as they do.

    Raises
    ------
    ScorecardError
        ``SCO-001`` naming each claim whose verdict changed, appeared or went away, and the command
        that accepts the change.
    """
    if tier in (Tier.PUBLIC, Tier.RESTRICTED):
        return
    before = _keyed(expected[expected["tier"] == tier])
    now = _keyed(scorecard)
    changes = [
        f"{claim_id} {part} ({before.get((claim_id, part), 'absent')} to "
        f"{now.get((claim_id, part), 'absent')})"
        for claim_id, part in sorted({*before, *now})
        if before.get((claim_id, part)) != now.get((claim_id, part))
    ]
    if changes:
        rest = len(changes) - _NAMED
        named = ", ".join(changes[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
        raise ScorecardError(
            "SCO-001",
            f"{len(changes)} verdicts of the scorecard ({tier} tier) are not those of "
            f"literature/expected_verdicts.csv: {named}; fix the cause, or accept the change with "
            f"'{ACCEPT_COMMAND}'.",
        )


def write_expected_verdicts(
    path: Path, scorecard: pd.DataFrame, tier: str, expected: pd.DataFrame | None = None
) -> None:
    """Write a scorecard's verdicts as the expected ones of a tier, keeping the other tiers'.

    Parameters
    ----------
    path
        The file to make.
    scorecard
        The scorecard to accept.
    tier
        Its tier.
    expected
        What was expected before; rows of other tiers are kept.
    """
    accepted = scorecard[["claim_id", "part", "verdict"]].assign(tier=tier)
    kept = None if expected is None else expected[expected["tier"] != tier]
    frame = pd.concat([frame for frame in (kept, accepted) if frame is not None and len(frame)])
    frame = frame[[column.name for column in EXPECTED_VERDICTS.columns]]
    write_csv(path, frame.sort_values(["tier", "claim_id", "part"], ignore_index=True))


def _keyed(frame: pd.DataFrame) -> dict[tuple[str, str], str]:
    keys = zip(frame["claim_id"].astype(str), frame["part"].astype(str), strict=True)
    return dict(zip(keys, frame["verdict"].astype(str), strict=True))
