"""The command `multifidus stats`.

Start with `cli`, which lists the commands; the modules beside it hold them by subject. `user_table`
reads the file that a user names and refuses what is no table.
"""
