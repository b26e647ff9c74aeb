"""``multifidus logs``: inspect, parse, faults, kinds."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from multifidus.base.errors import DataError, MultifidusError
from multifidus.base.files import write_text
from multifidus.devicelogs.command.files import list_logs, output_stems, read_each
from multifidus.devicelogs.command.outputs import fault_lines, write_result
from multifidus.devicelogs.command.summary import fault_groups, summarise
from multifidus.devicelogs.findings import FAULT_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.devicelogs.reading import LogResult

__all__ = ["app", "user_errors", "writing"]

app = typer.Typer(
    help="Stimulator logs of any known format: look at them, read them, make them.",
    no_args_is_help=True,
    add_completion=False,
)

_Files = Annotated[list[Path], typer.Argument(help="Logs of any known format, or folders of them.")]
_SHOWN = 20
_STYLES = {"severe": "bold red", "warning": "yellow", "note": ""}


@contextmanager
def user_errors() -> Iterator[None]:
    """End the command with the sentence and the exit code of a user error."""
    try:
        yield
    except MultifidusError as error:
        Console(stderr=True).print(
            str(error), style="red", highlight=False, soft_wrap=True, markup=False
        )
        raise typer.Exit(int(error.exit_code)) from None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Name the folder of outputs that cannot be written to."""
    try:
        yield
    except OSError as error:
        raise DataError(
            "LOG-007",
            f"The folder {folder} cannot be written to ({error.strerror}); choose another.",
        ) from error


@app.command()
def inspect(files: _Files) -> None:
    """Show what each log holds: format, device, period, sessions, clock, faults, accounts."""
    console = Console()
    with user_errors():
        for number, (name, result) in enumerate(read_each(list_logs(files))):
            if number:
                console.print()
            _print_log(console, name, result)


def _print_log(console: Console, name: str, result: LogResult) -> None:
    """Print a summary: a table fitted to a terminal, whole lines into a pipe."""
    lines = summarise(result)
    groups = fault_groups(result.faults)
    hidden = len(groups) - _SHOWN
    more = f"and {hidden} more kinds; `multifidus logs faults` lists all" if hidden > 0 else ""
    if not console.is_terminal:
        typer.echo(name)
        for label, text in lines:
            typer.echo(f"  {label}: {text}")
        for severity, fault, count, outcome, detail in groups[:_SHOWN]:
            typer.echo(f"  {severity}: {fault}, {count}, {outcome}: {detail}")
        if more:
            typer.echo(f"  {more}")
        return
    console.print(Text(name, style="bold"))
    table = Table.grid(padding=(0, 2))
    for label, text in lines:
        table.add_row(Text(label, style="dim"), Text(text, overflow="fold"))
    console.print(Padding(table, (0, 0, 0, 2)))
    if groups:
        table = Table("", "fault", "count", "outcome", "detail", box=SIMPLE_HEAD, pad_edge=False)
        for severity, fault, count, outcome, detail in groups[:_SHOWN]:
            cells = (severity, fault, count, outcome, detail)
            table.add_row(*(Text(cell) for cell in cells), style=_STYLES[severity])
        console.print(Padding(table, (0, 0, 0, 2)))
    if more:
        console.print(f"  {more}", highlight=False)


@app.command()
def parse(
    files: _Files,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the tables.")],
) -> None:
    """Write records, sessions and clock segments as Parquet and the faults as JSON Lines."""
    with user_errors():
        logs = list_logs(files)
        stems = output_stems(logs)
        for stem, (name, result) in zip(stems, read_each(logs), strict=True):
            with writing(output):
                write_result(result, output, stem)
            typer.echo(
                f"{name}: {result.identity.format}, {len(result.records):,} records, "
                f"{len(result.sessions):,} sessions, {len(result.faults):,} faults"
            )


@app.command()
def faults(files: _Files) -> None:
    """Print the fault list of each log as JSON Lines, one fault a line."""
    with user_errors():
        for name, result in read_each(list_logs(files)):
            typer.echo(fault_lines(result.faults, name), nl=False)


@app.command(name="kinds")
def list_kinds(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write JSON here.")] = None,
) -> None:
    """List the fault table: number, name, severity, outcome, meaning."""
    rows = [
        {
            "fault": kind.number,
            "kind": kind.name,
            "severity": kind.severity,
            "outcome": kind.outcome,
            "meaning": kind.meaning,
        }
        for kind in FAULT_KINDS.values()
    ]
    text = json.dumps(rows, indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    with user_errors(), writing(output):
        write_text(output, text)
