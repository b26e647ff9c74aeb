"""Checks that see more than one field of a configuration.

Start with `references`: ids that point nowhere. `plausibility` compares numbers with each other and
with their scales, `resources` what a study names with the files of the project, `folders` where a
run may write.
"""
