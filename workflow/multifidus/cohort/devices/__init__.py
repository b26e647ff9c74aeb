"""The synthetic participants' stimulators: therapy sessions and the logs that hold them.

Start with `usage`, which draws the sessions. `usage_table` stores them and `logs` writes them as
stimulator logs.
"""
