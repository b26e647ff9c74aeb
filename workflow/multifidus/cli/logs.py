"""``multifidus logs``: the commands that read logs, and one that simulates them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from multifidus.base.files import write_bytes
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import SessionTruth
from multifidus.devicelogs.command.cli import app, user_errors, writing
from multifidus.devicelogs.command.files import Steps

__all__ = ["app", "simulate"]

_DAY = 86_400
_Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for the logs.")]


@app.command()
def simulate(
    output: _Output,
    participants: Annotated[int, typer.Option(min=1, help="Number of implants.")] = 1,
    days: Annotated[
        int, typer.Option(min=1, max=20_000, help="Days of use, read out about yearly.")
    ] = 365,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 1,
) -> None:
    """Write simulated logs in the project's own format."""
    with user_errors():
        steps = Steps("simulating", participants)
        for number in range(participants):
            name = f"S{number + 1:04d}"
            with steps.step(name), writing(output):
                for index, data in enumerate(_simulated(name, days, seed + number)):
                    write_bytes(output / f"{name}-{index:02d}.ipglog", data)
        noun = "implant" if participants == 1 else "implants"
        typer.echo(f"wrote the logs of {participants:,} {noun}")


def _simulated(name: str, days: int, seed: int) -> list[bytes]:
    rng = np.random.default_rng(seed)
    start = 1_577_836_800  # 2020-01-01T00:00:00Z
    times = start + np.arange(days)[:, None] * _DAY + np.asarray([8, 20]) * 3600
    times = (times + rng.integers(0, 3600, times.shape)).ravel()
    times = times[rng.random(len(times)) < 0.8]  # noqa: PLR2004
    truth = SessionTruth(times, np.full(len(times), 1800), np.zeros(len(times), dtype=np.int64))
    reads = [start + at * _DAY for at in [*range(365, days, 365), days]]
    return simulate_device(name, start, reads, truth, rng_seed=seed)
