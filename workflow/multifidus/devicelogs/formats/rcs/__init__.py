"""Summit RC+S session folders: JSON lists of the host's records of one streaming session.

`files` reads one file, `reader` puts those of a session together and gives sessions with bounds.
Start with `reader`.
"""
