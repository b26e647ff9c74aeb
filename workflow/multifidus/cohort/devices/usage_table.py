"""Therapy usage as one table, so that drawing the cohort and writing its logs are two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from multifidus.cohort.devices.usage import DeviceUse

__all__ = ["ACTIVATION", "DOWNLOAD", "SESSION", "usage_frame"]

SESSION, DOWNLOAD, ACTIVATION = "session", "download", "activation"


def usage_frame(usage: tuple[DeviceUse, ...]) -> pd.DataFrame:
    """Return the truth behind the logs as one table.

    Returns
    -------
    DataFrame
        ``participant_id``, ``record`` (activation, download or session), ``utc`` (seconds since
        1970), and for sessions ``seconds``, ``reason`` and ``amplitude`` (0.1 mA); sorted by
        participant, then activation, downloads and sessions in time order.
    """
    frames = []
    for use in usage:
        activation = int(use.activation.astype("datetime64[s]").astype(np.int64))
        lifetimes = [(ACTIVATION, np.array([activation])), (DOWNLOAD, use.downloads)]
        frames += [
            pd.DataFrame(
                {
                    "participant_id": use.participant_id,
                    "record": record,
                    "utc": utc,
                    "seconds": 0,
                    "reason": 0,
                    "amplitude": 0,
                }
            )
            for record, utc in lifetimes
        ]
        frames.append(
            pd.DataFrame(
                {
                    "participant_id": use.participant_id,
                    "record": SESSION,
                    "utc": use.start_utc,
                    "seconds": use.seconds,
                    "reason": use.reason,
                    "amplitude": use.amplitude,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
