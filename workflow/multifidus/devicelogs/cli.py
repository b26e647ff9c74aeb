"""``multifidus logs``: inspect, parse, simulate, faults."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from multifidus.base.errors import DataError, MultifidusError
from multifidus.base.files import write_bytes, write_json, write_text
from multifidus.devicelogs.binary_writer import simulate_device_binary
from multifidus.devicelogs.cli_files import Steps, list_logs, output_stems, read_each
from multifidus.devicelogs.device_truth import SessionTruth
from multifidus.devicelogs.findings import FAULT_KINDS
from multifidus.devicelogs.inject import BINARY_FAULTS, TEXT_FAULTS, inject_fault
from multifidus.devicelogs.outputs import fault_lines, write_result
from multifidus.devicelogs.provoke import fault_number, inject_mixture, provoke_fault
from multifidus.devicelogs.simulator import build_device_log, simulate_device
from multifidus.devicelogs.summary import fault_groups, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multifidus.devicelogs.results import LogResult

__all__ = ["app"]

app = typer.Typer(
    help="Stimulator logs of any known format: look at them, read them, make them.",
    no_args_is_help=True,
    add_completion=False,
)

_DAY = 86_400
_Files = Annotated[list[Path], typer.Argument(help="Logs of any known format, or folders of them.")]
_SHOWN = 20
_STYLES = {"severe": "bold red", "warning": "yellow", "note": ""}


@contextmanager
def _user_errors() -> Iterator[None]:
    """End the command with the sentence and the exit code of an error that a user can mend."""
    try:
        yield
    except MultifidusError as error:
        Console(stderr=True).print(
            str(error), style="red", highlight=False, soft_wrap=True, markup=False
        )
        raise typer.Exit(int(error.exit_code)) from None


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
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
    with _user_errors():
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
    with _user_errors():
        logs = list_logs(files)
        stems = output_stems(logs)
        for stem, (name, result) in zip(stems, read_each(logs), strict=True):
            with _writing(output):
                write_result(result, output, stem)
            typer.echo(
                f"{name}: {result.identity.format}, {len(result.records):,} records, "
                f"{len(result.sessions):,} sessions, {len(result.faults):,} faults"
            )


@app.command()
def faults(files: _Files) -> None:
    """Print the fault list of each log as JSON Lines, one fault a line."""
    with _user_errors():
        for name, result in read_each(list_logs(files)):
            typer.echo(fault_lines(result.faults, name), nl=False)


@app.command()
def simulate(  # noqa: PLR0917
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the logs.")],
    participants: Annotated[int, typer.Option(min=1, help="Number of implants.")] = 1,
    days: Annotated[int, typer.Option(min=1, help="Days of use, read out about yearly.")] = 365,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Number or name of a fault to inject; several make a mixture."),
    ] = None,
    binary: Annotated[bool, typer.Option("--binary", help="Write the binary form.")] = False,
) -> None:
    """Write simulated logs; with a fault, its ground truth stands beside each file.

    A fault that needs two logs, another life of the device or another form comes as files of its
    own.
    """
    with _user_errors():
        numbers = [fault_number(name) for name in fault or ()]
        if _stands_alone(numbers, binary=binary):
            with _writing(output):
                _write_provoked(output, numbers[0], seed)
            return
        steps = Steps("simulating", participants)
        for number in range(participants):
            name = f"S{number + 1:04d}"
            with steps.step(name), _writing(output):
                for index, data in enumerate(_simulated(name, days, seed + number, binary=binary)):
                    _write_log(output / f"{name}-{index:02d}.ipglog", data, numbers, seed + number)
        noun = "implant" if participants == 1 else "implants"
        typer.echo(f"wrote the logs of {participants:,} {noun}")


def _stands_alone(faults: Sequence[int], *, binary: bool) -> bool:
    """Whether a fault comes as files of its own; refuse what cannot be put into one log."""
    known = BINARY_FAULTS if binary else TEXT_FAULTS
    strange = [number for number in faults if number not in known]
    if not strange:
        return False
    if len(faults) == 1 and not binary:
        return True
    names = ", ".join(str(number) for number in sorted(known))
    raise DataError(
        "LOG-003",
        f"Fault {strange[0]} cannot be injected into this form; choose one of {names}.",
    )


def _write_provoked(output: Path, fault: int, seed: int) -> None:
    provoked = provoke_fault(fault, seed)
    for name, data in provoked.files.items():
        write_bytes(output / name, data)
        write_json((output / name).with_suffix(".truth.json"), provoked.truth)
    noun = "file" if len(provoked.files) == 1 else "files"
    typer.echo(f"wrote {len(provoked.files)} {noun} that show the fault")


def _write_log(path: Path, data: bytes, faults: Sequence[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth: object = None
    if len(faults) == 1:
        injected = inject_fault(faults[0], data, rng)
        data, truth = injected.data, injected.truth()
    elif faults:
        data, truth = inject_mixture(faults, data, rng)
    if truth is not None:
        write_json(path.with_suffix(".truth.json"), truth)
    write_bytes(path, data)


def _simulated(name: str, days: int, seed: int, *, binary: bool) -> list[bytes]:
    rng = np.random.default_rng(seed)
    start = 1_577_836_800  # 2020-01-01T00:00:00Z
    times = start + np.arange(days)[:, None] * _DAY + np.asarray([8, 20]) * 3600
    times = (times + rng.integers(0, 3600, times.shape)).ravel()
    times = times[rng.random(len(times)) < 0.8]  # noqa: PLR2004
    truth = SessionTruth(times, np.full(len(times), 1800), np.zeros(len(times), dtype=np.int64))
    reads = [start + at * _DAY for at in [*range(365, days, 365), days]]
    if binary:
        return simulate_device_binary(build_device_log(name, start, reads, truth, rng_seed=seed))
    return simulate_device(name, start, reads, truth, rng_seed=seed)


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
    else:
        write_text(output, text)
