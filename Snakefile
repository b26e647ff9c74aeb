# The workflow lives in workflow/; this file lets `snakemake` find it from the project's folder.
include: "workflow/Snakefile"
