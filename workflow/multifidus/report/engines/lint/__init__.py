"""The lint: it keeps a document within what both engines render alike.

Start with `document`, which runs every rule. `cells`, `prose` and `references` hold the rules,
`subset` the words that documents may use, `findings` what is reported.
"""
