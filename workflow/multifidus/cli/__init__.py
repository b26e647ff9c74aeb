"""The ``multifidus`` command: running, looking results up, and the rooms' own sub-commands."""

from multifidus.cli.app import main

__all__ = ["main"]
