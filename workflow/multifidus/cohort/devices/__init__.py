"""The synthetic participants' implants: sessions, clocks, and logs in the project's own format.

Start with `usage`, which draws the sessions that `usage_table` stores. `simulator` turns the
sessions of one implant into the downloads of its log (`truth` says what it is given, `clock` how
its clocks run, `text_writer` writes the lines), and `logs` does so for the whole cohort.
"""
