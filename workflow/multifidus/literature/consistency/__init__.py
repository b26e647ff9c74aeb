"""Whether published figures agree with each other.

Start with `checks`. `arithmetic` carries the rounding of printed figures along; `recompute`
derives figures from other ones.
"""
