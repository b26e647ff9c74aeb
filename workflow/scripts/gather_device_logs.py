"""Put the tables of all shards of the stimulator logs together."""

from multifidus.devicelogs.run import gather_device_logs
from step import step

with step(snakemake):
    targets = dict(snakemake.output.items())
    gather_device_logs(
        parts={name: snakemake.input[name] for name in targets},
        targets=targets,
        tier=snakemake.params.tier,
    )
