"""Safety: adverse events, device events, exposure and narratives.

`treatment_emergent` dates and classifies events; start with `adverse_events`, which tabulates
them. `exposure` gives the time at risk, `device_events` the events of the implant, `narratives`
single events.
"""
