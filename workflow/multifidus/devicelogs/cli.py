"""``multifidus logs``: inspect, parse, simulate, faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from multifidus.base.errors import DataError, MultifidusError
from multifidus.base.files import write_bytes, write_json, write_text
from multifidus.devicelogs.binary_writer import simulate_device_binary
from multifidus.devicelogs.device_truth import SessionTruth
from multifidus.devicelogs.findings import FAULT_KINDS
from multifidus.devicelogs.inject import BINARY_FAULTS, JSON_FAULTS, TEXT_FAULTS, inject_fault
from multifidus.devicelogs.outputs import fault_lines, write_result
from multifidus.devicelogs.reader import read_log
from multifidus.devicelogs.results import LogResult  # noqa: TC001
from multifidus.devicelogs.simulator import build_device_log, simulate_device

__all__ = ["app"]

app = typer.Typer(help="Stimulator logs: inspect, parse, simulate, faults.", no_args_is_help=True)

_DAY = 86_400
_Files = Annotated[list[Path], typer.Argument(help="Log files of any known format.")]
_SHOWN = 20


def _fail(error: MultifidusError) -> typer.Exit:
    Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
    return typer.Exit(int(error.exit_code))


def _read(path: Path) -> LogResult:
    if not path.is_file():
        raise _fail(DataError("LOG-001", f"The log {path.name} is absent; check its name."))
    return read_log(path)


@app.command()
def inspect(files: _Files) -> None:
    """Show what each log holds: identity, byte and number accounts, sessions, faults."""
    console = Console()
    for path in files:
        result = _read(path)
        identity = result.identity
        table = Table(title=path.name, show_header=False, title_justify="left")
        table.add_row("format", f"{identity.format} {identity.version}".strip())
        table.add_row("SHA-256", identity.sha256)
        table.add_row("device", identity.device or "not given")
        table.add_row(
            "bytes",
            f"{identity.size:,} = {identity.accepted:,} accepted + {identity.framing:,} framing"
            f" + {identity.flagged:,} flagged",
        )
        for device, account in sorted(result.sequence.items()):
            table.add_row(
                f"numbers of {device}",
                f"{account.last:,} = {account.present:,} present + {account.damaged:,} damaged"
                f" + {account.missing:,} missing + {account.lost_to_wrap:,} lost to wrap",
            )
        table.add_row("records", f"{len(result.records):,}")
        table.add_row("sessions", f"{len(result.sessions):,}")
        console.print(table)
        _print_faults(console, result)


def _print_faults(console: Console, result: LogResult) -> None:
    if result.faults.empty:
        console.print("no faults")
        return
    table = Table("fault", "severity", "outcome", "count", "detail")
    grouped = result.faults.groupby(["fault", "kind", "severity", "outcome", "detail"], sort=True)
    for (number, kind, severity, outcome, detail), rows in list(grouped)[:_SHOWN]:
        count = f"{rows['count'].sum():,}"
        table.add_row(f"{number} {kind}", str(severity), str(outcome), count, str(detail))
    console.print(table)
    if len(grouped) > _SHOWN:
        console.print(f"and {len(grouped) - _SHOWN} more; see `logs faults`")


@app.command()
def parse(
    files: _Files,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the tables.")],
) -> None:
    """Write records, sessions and segments as Parquet and the faults as JSON Lines."""
    console = Console()
    for path in track(files, description="reading logs", console=console, transient=True):
        result = _read(path)
        write_result(result, output, path.stem)
        console.print(
            f"{path.name}: {len(result.records):,} records, {len(result.sessions):,} sessions, "
            f"{len(result.faults):,} faults",
            highlight=False,
        )


@app.command()
def faults(files: _Files) -> None:
    """Print the fault list of each log as JSON Lines."""
    for path in files:
        typer.echo(fault_lines(_read(path).faults), nl=False)


@app.command()
def simulate(  # noqa: PLR0917
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the logs.")],
    participants: Annotated[int, typer.Option(min=1, help="Number of implants.")] = 1,
    days: Annotated[int, typer.Option(min=1, help="Days of use, read out about yearly.")] = 365,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    fault: Annotated[int, typer.Option(help="Inject this fault (0: none).")] = 0,
    binary: Annotated[bool, typer.Option("--binary", help="Write the binary form.")] = False,
) -> None:
    """Write simulated logs; with a fault, its ground truth stands beside each file."""
    known = {**TEXT_FAULTS, **BINARY_FAULTS}
    if fault and (fault not in known or (fault in BINARY_FAULTS) != binary):
        names = ", ".join(
            str(number) for number in sorted(BINARY_FAULTS if binary else TEXT_FAULTS)
        )
        error = DataError(
            "LOG-003", f"Fault {fault} cannot be injected into this form; choose one of {names}."
        )
        raise _fail(error)
    for number in range(participants):
        name = f"S{number + 1:04d}"
        for index, data in enumerate(_simulated(name, days, seed + number, binary=binary)):
            path = output / f"{name}-{index:02d}.ipglog"
            if fault:
                injected = inject_fault(fault, data, np.random.default_rng(seed + number))
                write_json(path.with_suffix(".truth.json"), injected.truth())
                write_bytes(path, injected.data)
            else:
                write_bytes(path, data)
    typer.echo(f"wrote the logs of {participants} implants")


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
            "injectable": number in {**TEXT_FAULTS, **BINARY_FAULTS, **JSON_FAULTS},
        }
        for number, kind in FAULT_KINDS.items()
    ]
    text = json.dumps(rows, indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
