"""The workflow's steps of the stimulator logs: files in, sessions, periods and faults out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.files import write_parquet
from multifidus.devicelogs.adherence.cohort import read_cohort_logs
from multifidus.devicelogs.history import Prescription
from multifidus.devicelogs.shards import (
    common_root,
    divide_logs,
    gather_tables,
    list_cohort_logs,
    save_shards,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multifidus.config.analysis import DeviceUseRules
    from multifidus.devicelogs.shards import Shard

__all__ = ["divide_device_logs", "exposure_roster", "gather_device_logs", "read_device_logs"]


def exposure_roster(participants: pd.DataFrame, rules: DeviceUseRules) -> pd.DataFrame:
    """Return who carried a stimulator, and from when until when its use was therapy.

    Parameters
    ----------
    participants
        The participants table.
    rules
        ``exposure_start`` names, for each arm, the date from which therapy counts. Exposure ends
        with explantation or death; with ``after_explant: zero`` an explanted participant's days
        go on without therapy up to death or the last day on which anybody was in contact (an
        explanted device delivers nothing, whether or not the participant is still followed).

    Returns
    -------
    pandas.DataFrame
        ``participant_id``, ``exposure_start``, ``exposure_end``, ``activation_date``,
        ``explant_date`` of everybody whose stimulator was activated, and ``zero_from`` where days
        after explantation count. The start is missing where therapy never began, for instance in
        the sham arm before the switch.
    """
    start = pd.Series(pd.NaT, index=participants.index, dtype="datetime64[s]")
    for arm, column in rules.exposure_start.items():
        start = start.mask(participants["arm"] == arm, participants[column])
    roster = pd.DataFrame(
        {
            "participant_id": participants["participant_id"],
            "exposure_start": start,
            "exposure_end": participants[["treatment_end_date", "death_date"]].min(axis=1),
            "activation_date": participants["activation_date"],
            "explant_date": participants["treatment_end_date"],
        }
    )
    if rules.after_explant == "zero":
        explant, death = participants["treatment_end_date"], participants["death_date"]
        data_end = participants["last_contact_date"].max() + pd.Timedelta(1, "D")
        end = death.where(death <= data_end, data_end)
        roster["zero_from"] = explant
        roster["exposure_end"] = roster["exposure_end"].where(explant.isna(), end)
    return roster[roster["activation_date"].notna()].reset_index(drop=True)


def read_device_logs(
    *,
    logs: Path | str | Sequence[Path | str],
    participants: Path | str,
    rules: DeviceUseRules,
    targets: Mapping[str, Path | str],
    workers: int,
    tier: str,
    shard: Shard | None = None,
) -> None:
    """Read a cohort's logs and write what is in them.

    Parameters
    ----------
    logs
        Folder or files.
    participants
        Parquet file of the participants table.
    rules
        Section ``device_use`` of the study.
    targets
        Parquet files to write: ``sessions``, ``periods``, ``months``, ``faults``, ``identities``.
    workers
        Processes; the result does not depend on their number.
    tier
        Data tier.
    shard
        Read the logs and participants of this shard only.
    """
    people = pd.read_parquet(participants)
    roster = exposure_roster(people, rules)
    root = None
    if shard is not None:
        logs, root = shard.files, shard.root or None
        roster = roster[roster["participant_id"].isin(shard.participants)].reset_index(drop=True)
    seconds = 60 * rules.prescribed_minutes_per_day / rules.sessions_per_day
    standard = Prescription(session_s=round(seconds), per_day=rules.sessions_per_day)
    found = read_cohort_logs(
        logs,
        roster,
        years=rules.years,
        standard=standard,
        processes=workers,
        root=root,
        names=people["participant_id"],
    )
    _write({name: getattr(found, name) for name in targets}, targets, tier)


def divide_device_logs(
    *,
    logs: Path | str | Sequence[Path | str],
    participants: Path | str,
    shards: int,
    target: Path | str,
) -> None:
    """Divide a cohort's logs over shards and write the division as JSON.

    Parameters
    ----------
    logs
        Folder or files.
    participants
        Parquet file of the participants table.
    shards
        Number of shards.
    target
        JSON file to write.
    """
    names = pd.read_parquet(participants, columns=["participant_id"])["participant_id"]
    root = str(common_root(logs))
    files = list_cohort_logs(logs, names, root)
    save_shards(target, divide_logs(files, names.tolist(), shards, root))


def gather_device_logs(
    *, parts: Mapping[str, Sequence[Path | str]], targets: Mapping[str, Path | str], tier: str
) -> None:
    """Put the tables of all shards together; the result is that of one job, byte for byte.

    Parameters
    ----------
    parts
        For each table, the Parquet files of the shards.
    targets
        For each table, the Parquet file to write.
    tier
        Data tier.
    """
    tables = {
        name: gather_tables(name, [pd.read_parquet(path) for path in parts[name]])
        for name in targets
    }
    _write(tables, targets, tier)


def _write(
    tables: Mapping[str, pd.DataFrame], targets: Mapping[str, Path | str], tier: str
) -> None:
    for name, path in targets.items():
        write_parquet(path, tables[name], {"table": f"log_{name}", "tier": tier})
