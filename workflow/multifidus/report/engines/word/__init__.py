"""The Word template: its styles, and how it is made.

Start with `reference`, which fills the template of a run. `styles` describes the styles;
`make_templates` writes the template that is in the repository, and `tier_mark` the words across the
pages of the PDF.
"""
