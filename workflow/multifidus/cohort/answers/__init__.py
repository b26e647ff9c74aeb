"""Answers to questionnaires, whole numbers as a participant gives them.

Start with `sums` (VAS and ODI sums). `items` divides a sum over the ODI sections and `eq5d` draws
the EQ-5D-5L states.
"""
