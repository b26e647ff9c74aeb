"""The project's own log format: text of checked blocks, see ``docs/ipglog.md``.

`frames` finds the blocks that verify, `parse` types their records, `merge` unites the downloads of
a device, `placement` puts records in time and `sessions` makes sessions of them; `batch` runs these
for many logs at once. Start with `batch`, and `layout` for the records.
"""
