"""ResMed CPAP summaries: ``STR.edf``, one data record a day from noon to noon.

`reader` reads the days with their pairs of mask on and mask off, and gives them the common shape.
Start there.
"""
