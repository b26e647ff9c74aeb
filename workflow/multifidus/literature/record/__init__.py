"""The published record as tables: claims, sources, bibliography, value sets and conversion factors.

Start with `models`, which describes each table, then `claims`, which loads them and checks their
references. `printed` reads figures as journals print them.
"""
