"""Times of device clocks.

`times` holds the marks of absent times and numbers, and reads and writes RFC 3339; `steps` judges a
device's only clock by the order of its records. Start with `times`.
"""
