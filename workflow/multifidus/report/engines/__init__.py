"""Two render engines for one document: Quarto where it is installed, the embedded one elsewhere.

The lint keeps a document within what both know, so that either makes the same text, numbers,
captions and references. See `render`, `lint_document` and `execute_notebook`.
"""
