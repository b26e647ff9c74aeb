"""``multifidus literature``: check the published figures, accept verdicts, describe the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from multifidus.base.errors import ScorecardError
from multifidus.base.files import write_text
from multifidus.literature.consistency.checks import check_claims, require_declared
from multifidus.literature.consistency.recompute import recompute_figures
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.describe import data_dictionary
from multifidus.literature.record.models import EXPECTED_VERDICTS, TIERS
from multifidus.literature.record.value_sets import load_mme_factors, load_value_sets
from multifidus.literature.scorecard.verdicts import (
    load_expected_verdicts,
    write_expected_verdicts,
)

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Published figures: check, accept, describe.")

Folder = Annotated[Path, typer.Option("--folder", help="The literature folder.")]
_DEFAULT_FOLDER = Path("literature")


@app.command("check")
def check(folder: Folder = _DEFAULT_FOLDER) -> None:
    """Check every table and the arithmetic of the published figures."""
    literature = load_literature(folder)
    load_value_sets(folder / "value_sets")
    load_mme_factors(folder / "mme" / "factors.csv")
    recompute_figures(literature.claims, literature.recomputations)
    checks = check_claims(literature.claims, literature.divergences)
    require_declared(checks)
    declared = checks[checks["declared_as"] != ""]
    typer.echo(
        f"{len(literature.claims)} claims, {len(checks)} arithmetic checks: "
        f"{len(checks) - len(declared)} agree, {len(declared)} disagree as declared."
    )
    for row in declared.itertuples(index=False):
        typer.echo(f"  {row.claim_id} ({row.check}): {row.sentence}")


@app.command("accept-verdicts")
def accept_verdicts(
    scorecard: Annotated[Path, typer.Option(help="The scorecard's CSV.")] = Path(
        "results/scorecard.csv"
    ),
    folder: Folder = _DEFAULT_FOLDER,
) -> None:
    """Take a scorecard's verdicts as the expected ones of its tier."""
    if not scorecard.is_file():
        raise ScorecardError(
            "SCO-002", f"{scorecard.name} does not exist; make the scorecard first."
        )
    frame = pd.read_csv(scorecard, dtype=str, keep_default_na=False)
    tiers = set(frame["tier"]) if "tier" in frame.columns else set()
    tier = next((known for known in TIERS if tiers == {known}), None)
    if tier is None:
        raise ScorecardError(
            "SCO-003", f"{scorecard.name} does not name one data tier; make the scorecard again."
        )
    path = folder / EXPECTED_VERDICTS.name
    before = load_expected_verdicts(path) if path.is_file() else None
    write_expected_verdicts(path, frame, tier, before)
    typer.echo(f"{len(frame)} verdicts accepted for the {tier} tier.")


@app.command("describe")
def describe(folder: Folder = _DEFAULT_FOLDER) -> None:
    """Write the data dictionary, README.md of the folder."""
    write_text(folder / "README.md", data_dictionary())
    typer.echo("README.md written.")
