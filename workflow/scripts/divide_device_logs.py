"""Divide the stimulator logs over shards."""

from pathlib import Path

from multifidus.devicelogs.run import divide_device_logs
from step import step

with step(snakemake):
    divide_device_logs(
        logs=snakemake.input.logs,
        participants=Path(snakemake.input.tables) / "participants.parquet",
        shards=snakemake.params.shards,
        target=snakemake.output.shards,
    )
