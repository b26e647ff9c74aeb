"""Read every stimulator log, or one shard of them, into sessions, periods and faults."""

from pathlib import Path

from multifidus.config.load import load_sections
from multifidus.devicelogs.run import read_device_logs
from multifidus.devicelogs.shards import load_shard
from step import step

if __name__ == "__main__":  # worker processes import this file again
    with step(snakemake):
        plan = snakemake.input.get("shards")
        read_device_logs(
            logs=snakemake.input.logs,
            participants=Path(snakemake.input.tables) / "participants.parquet",
            rules=load_sections(snakemake.params.sections).device_use,
            targets=dict(snakemake.output.items()),
            workers=snakemake.threads,
            tier=snakemake.params.tier,
            shard=load_shard(plan, int(snakemake.wildcards.shard)) if plan else None,
        )
