"""Participants: who they are, when they were seen, and what happened to them.

Start with `flow`, which decides attendance. `people`, `latent`, `events` and `opioids` draw what
each participant brings.
"""
