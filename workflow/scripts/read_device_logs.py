"""Read every stimulator log into sessions, periods and faults."""

from pathlib import Path

from multifidus.config import load_sections
from multifidus.devicelogs.run import read_device_logs
from step import step

if __name__ == "__main__":  # worker processes import this file again
    with step(snakemake):
        rules = load_sections(snakemake.params.sections).device_use
        read_device_logs(
            logs=snakemake.input.logs,
            participants=Path(snakemake.input.tables) / "participants.parquet",
            rules=rules,
            targets=dict(snakemake.output.items()),
            workers=snakemake.threads,
            tier=snakemake.params.tier,
        )
