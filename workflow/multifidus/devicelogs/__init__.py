"""Stimulator logs: readers that account for every byte, sessions, adherence with bounds."""

from multifidus.devicelogs.cohort_logs import CohortLogs, read_cohort_logs
from multifidus.devicelogs.reader import read_log
from multifidus.devicelogs.results import LogResult
from multifidus.devicelogs.simulator import simulate_device

__all__ = [
    "CohortLogs",
    "LogResult",
    "read_cohort_logs",
    "read_log",
    "simulate_device",
]
