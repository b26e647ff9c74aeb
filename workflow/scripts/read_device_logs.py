"""Read every stimulator log into sessions, periods and faults."""

from __future__ import annotations

from multifidus.devicelogs.run import read_device_logs

from multifidus.config import load_sections
from step import step

with step(snakemake):
    read_device_logs(
        logs=snakemake.input.logs,
        participants=snakemake.input.participants,
        rules=load_sections(snakemake.params.sections).device_use,
        sessions=snakemake.output.sessions,
        periods=snakemake.output.periods,
        faults=snakemake.output.faults,
        identities=snakemake.output.identities,
        workers=snakemake.threads,
        tier=snakemake.params.tier,
    )
