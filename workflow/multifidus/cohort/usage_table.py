"""Therapy usage as a table, so that drawing the cohort and writing its logs are two steps."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.cohort.usage import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["read_usage", "usage_frame"]

_ARRAYS = ("downloads", "start_utc", "seconds", "reason", "amplitude")
_DAYS = ("activation", "exposure_start", "exposure_end")


def usage_frame(usage: Iterable[DeviceUse]) -> pd.DataFrame:
    """Return therapy usage as a frame: a row per participant, sessions as lists."""
    names = [field.name for field in fields(DeviceUse)]
    return pd.DataFrame([{name: getattr(use, name) for name in names} for use in usage])


def read_usage(path: Path | str) -> list[DeviceUse]:
    """Read what :func:`usage_frame` gave."""
    frame = pd.read_parquet(path)
    return [
        DeviceUse(
            **{
                "participant_id": row["participant_id"],
                **{name: np.datetime64(row[name], "D") for name in _DAYS},
                **{name: np.asarray(row[name], dtype=np.int64) for name in _ARRAYS},
            }
        )
        for row in frame.to_dict("records")
    ]
