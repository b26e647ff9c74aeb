"""The command `multifidus stats`.

Start with `cli`. `user_table` reads the file that a user names and refuses what is no table.
"""
