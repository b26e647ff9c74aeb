"""The ``multifidus`` command: running, looking results up, and the rooms' own sub-commands."""
