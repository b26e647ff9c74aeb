"""Responders: who responds, for how long, and time to events.

`responder_status` decides who is a responder at which visit; start with `shares`, which counts
them. The others follow response and therapy over time.
"""
