"""User errors: a stable id, one sentence, an exit code, no traceback.

A user error says *what* is wrong, *where* it is and *how* to correct it. It never carries a
participant's values: tables, columns, rule names, row numbers and counts are all it may name.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "ConfigError",
    "DataError",
    "ExitCode",
    "LiteratureError",
    "MultifidusError",
    "RenderError",
    "ScorecardError",
    "SetupError",
    "StatisticsError",
]


class ExitCode(IntEnum):
    """Exit codes of the ``multifidus`` command and of every workflow step.

    A caller can distinguish the failures that may not read the logs.
    """

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIG = 10
    DATA = 11
    LITERATURE = 12
    STATISTICS = 13
    RENDER = 14
    SCORECARD = 15
    ENVIRONMENT = 16


class MultifidusError(Exception):
    """Base of all errors that a user can fix.

    Parameters
    ----------
    error_id
        Stable identifier, room prefix and number, for instance ``"CFG-001"``. Documented in
        ``docs/errors.md``; never reused for another meaning.
    message
        One sentence: what is wrong, where, and how to fix it.
    """

    exit_code: ExitCode = ExitCode.UNEXPECTED

    def __init__(self, error_id: str, message: str) -> None:
        self.error_id = error_id
        self.message = " ".join(message.split())
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"[{self.error_id}] {self.message}"


class ConfigError(MultifidusError):
    """The configuration or a study file is wrong (``CFG-``)."""

    exit_code = ExitCode.CONFIG


class DataError(MultifidusError):
    """Participant data or logs break a contract (``DAT-``)."""

    exit_code = ExitCode.DATA


class LiteratureError(MultifidusError):
    """A file under ``literature/`` breaks its contract (``LIT-``)."""

    exit_code = ExitCode.LITERATURE


class StatisticsError(MultifidusError):
    """A statistical method cannot answer what was asked (``STA-``)."""

    exit_code = ExitCode.STATISTICS


class RenderError(MultifidusError):
    """A document cannot be rendered (``RND-``)."""

    exit_code = ExitCode.RENDER


class ScorecardError(MultifidusError):
    """A verdict of the scorecard changed without being declared (``SCO-``)."""

    exit_code = ExitCode.SCORECARD


class SetupError(MultifidusError):
    """A program or file of the environment is missing (``ENV-``)."""

    exit_code = ExitCode.ENVIRONMENT
