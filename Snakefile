# The workflow lives in workflow/; this file lets `snakemake` find it from the project's folder.
include: "workflow/Snakefile"


# An included file cannot say what is made when no target is given, so that is said here.
rule default:
    default_target: True
    input:
        rules.all.input,
    localrule: True
