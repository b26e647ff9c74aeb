"""What leaves a run: the ledger and the manifest of its files, their verification, the summary.

Start with :mod:`multifidus.package.ledger`, which says who made what, and
:mod:`multifidus.package.manifest`, which says what a run ends in.
"""
