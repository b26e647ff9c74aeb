"""The scorecard: every published figure beside what the pipeline gives.

Start with `build`. `labels` puts claims in words, `page` writes the files, `verdicts` compares
them with the declared ones.
"""
