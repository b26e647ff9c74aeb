"""OpenNerve logs: the read-out text, and the image of the ring memory.

`scan` finds the entries, `entries` says what each holds, `sessions` pairs starts and stops with
bounds; `reader` gives both forms the common shape. Start with `scan`.
"""
