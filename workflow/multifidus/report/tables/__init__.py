"""The report's tables, one function each: results in, a table out."""
