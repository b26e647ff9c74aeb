"""The ground under all rooms: user errors, file writing, hashing and progress.

Every room may import from here; this room imports from none of them.
"""
