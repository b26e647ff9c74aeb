"""Statistics: pure functions on arrays and frames that know nothing of any one trial.

Each answer is a frozen dataclass that carries the ``method`` it was found by. Method pages with the
formulas and their sources are in ``docs/methods``.
"""
