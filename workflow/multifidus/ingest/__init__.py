"""Ingestion: readers that end in the tables of the contracts, and the data error report.

`csv_folder` reads a folder of CSV files, `sdtm` reads SAS transport files through a study's
mapping; both give typed tables and findings. `run` adds the checks across tables, leaves the data
report (`report`) and writes the tables, or refuses them with one sentence. A new source is a new
reader that ends in the same tables.
"""
