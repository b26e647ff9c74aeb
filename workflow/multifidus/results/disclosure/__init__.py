"""Statistical disclosure control of the results table, before any view is made of it.

:mod:`~multifidus.results.disclosure.step` is the way in. Counts of people become cells
(:mod:`~multifidus.results.disclosure.cells`), what a reader can add up or subtract becomes margins
(:mod:`~multifidus.results.disclosure.margins` and its neighbours), and an integer programme
chooses what else to hide (:mod:`~multifidus.results.disclosure.protect`). docs/disclosure.md has
the method.
"""
