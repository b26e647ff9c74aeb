"""Simulated implants: what they deliver, their clocks, and their logs in the project's own format.

`simulator` turns the sessions of one implant into the downloads of its log; `truth` says what it is
given, `clock` how its clocks run, `text_writer` writes the log. Start with `simulator`.
"""
