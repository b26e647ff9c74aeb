"""The log formats, one sub-package each, and the interface that they share.

`interface` says what a format is and what it gives; `registry` finds the built-in formats and those
of other packages; `single` helps formats whose logs are read one by one. Start with `interface`.
"""
