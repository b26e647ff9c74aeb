"""What the command ``multifidus logs`` needs: files, summaries, tables.

`cli` holds the commands that look at logs and read them; `files` finds the logs, `summary` says in
a few lines what one holds, `outputs` writes its tables. Start with `cli`.
"""
