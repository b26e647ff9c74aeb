"""Participant flow: who was enrolled, treated, seen and lost.

Start with `disposition`, the counts of the flow diagram. `completers` compares those who stayed
with those who were lost.
"""
