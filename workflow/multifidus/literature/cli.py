"""``multifidus literature``: check the published figures, accept verdicts, describe the tables."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multifidus.base.errors import ScorecardError
from multifidus.base.files import write_text
from multifidus.base.user_table import ColumnNames, Refusals, UserTable, open_table, print_notes
from multifidus.literature.consistency.checks import check_claims, require_declared
from multifidus.literature.consistency.recompute import recompute_figures
from multifidus.literature.record.claims import load_literature
from multifidus.literature.record.describe import data_dictionary
from multifidus.literature.record.models import EXPECTED_VERDICTS, TIERS
from multifidus.literature.record.tables import check_rows
from multifidus.literature.record.value_sets import load_mme_factors, load_value_sets
from multifidus.literature.scorecard.verdicts import (
    load_expected_verdicts,
    write_expected_verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Published figures: check, accept, describe.")

Folder = Annotated[Path, typer.Option("--folder", help="The literature folder.")]
_DEFAULT_FOLDER = Path("literature")
_REFUSALS = Refusals(ScorecardError, "SCO-002", "SCO-005", "SCO-005", "SCO-006", "SCO-007")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        raise ScorecardError(
            "SCO-007", f"{path.name} cannot be written; check its folder and your rights."
        ) from None


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


def _scorecard(path: Path, columns: list[str] | None) -> UserTable:
    """Read a scorecard as text.

    Raises
    ------
    ScorecardError
        ``SCO-002`` for a scorecard that cannot be read as a table, ``SCO-003`` for one that names
        no data tier or several, ``SCO-005`` for a column that is missing or is there twice,
        ``SCO-006`` for an option that is no pair NAME=VALUE, ``SCO-007`` for a file that cannot be
        written.
    """
    return open_table(path, columns, _REFUSALS)


@app.command("accept-verdicts")
def accept_verdicts(
    scorecard: Annotated[Path, typer.Option(help="The scorecard's CSV.")] = Path(
        "results/scorecard.csv"
    ),
    folder: Folder = _DEFAULT_FOLDER,
    columns: ColumnNames = None,
) -> None:
    """Take a scorecard's verdicts as the expected ones of its tier."""
    table = _scorecard(scorecard, columns)
    names = [column.name for column in EXPECTED_VERDICTS.columns]
    table.need(*names)
    table.keys("claim_id")  # notes blanks
    frame = table.text[names].map(str.strip)
    tiers = set(frame["tier"])
    tier = next((known for known in TIERS if tiers == {known}), None)
    if tier is None:
        raise ScorecardError(
            "SCO-003", f"{scorecard.name} does not name one data tier; make the scorecard again."
        )
    frame = check_rows(scorecard, frame, EXPECTED_VERDICTS)
    print_notes(table)
    path = folder / EXPECTED_VERDICTS.name
    before = load_expected_verdicts(path) if path.is_file() else None
    with _writing(path):
        write_expected_verdicts(path, frame, tier, before)
    typer.echo(f"{len(frame)} verdicts accepted for the {tier} tier.")


@app.command("describe")
def describe(folder: Folder = _DEFAULT_FOLDER) -> None:
    """Write the data dictionary, README.md of the folder."""
    with _writing(folder / "README.md"):
        write_text(folder / "README.md", data_dictionary())
    typer.echo("README.md written.")
