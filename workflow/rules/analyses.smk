"""Tables to scores, scores to results.

Rules: score_instruments (scripts/score_instruments.py), analyse (scripts/analyse.py over the
functions that multifidus.analyses.registry names for each analysis), collect_results
(scripts/collect_results.py).
"""


rule score_instruments:
    """Assign answers to visits and score them: VAS, ODI, EQ-5D-5L, opioid dose."""
    input:
        tables=RESULTS / "tables",
        value_sets=get_value_set_files(),
        factors=get_source("literature/mme/factors.csv"),
        code=get_code("score_instruments.py", *get_scorers()),
    output:
        scores=RESULTS / "scores/scores.parquet",
    log:
        get_log("score_instruments"),
    benchmark:
        get_benchmark("score_instruments")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1500),
        runtime=10,
    params:
        tier=str(RUN.tier),
        sections=get_sections(
            "visits",
            "outcomes",
            "opioids.conversion",
            "opioids.as_needed",
            "opioids.partial_dates",
        ),
    message:
        "Scoring the instruments"
    script:
        "../scripts/score_instruments.py"


rule analyse:
    """Run one analysis: a file of rows of the results table."""
    input:
        unpack(get_analysis_inputs),
        code=lambda wildcards: get_code(
            "analyse.py", *ANALYSES[wildcards.analysis].modules
        ),
    output:
        rows=RESULTS / "analyses/{analysis}.parquet",
    log:
        get_log("analyse/{analysis}"),
    benchmark:
        get_benchmark("analyse/{analysis}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1500),
        runtime=20,
    params:
        tier=str(RUN.tier),
        seed=RUN.seed,
        sections=lambda wildcards: get_sections(*ANALYSES[wildcards.analysis].sections),
    message:
        "Analysing: {wildcards.analysis}"
    script:
        "../scripts/analyse.py"


rule collect_results:
    """Join the rows of all analyses into the one results table."""
    input:
        rows=collect(RESULTS / "analyses/{analysis}.parquet", analysis=ANALYSES),
        code=get_code("collect_results.py"),
    output:
        parquet=RESULTS / "results.parquet",
        csv=report(
            RESULTS / "results.csv",
            caption="../report/results.rst",
            category="Results",
            labels={"what": "results table", "form": "table"},
        ),
    log:
        get_log("collect_results"),
    benchmark:
        get_benchmark("collect_results")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        tier=str(RUN.tier),
        minimum_count=RUN.disclosure.minimum_count,
        extremes_from=RUN.disclosure.extremes_from,
        rounding=RUN.disclosure.rounding,
    message:
        "Joining all results into one table"
    script:
        "../scripts/collect_results.py"
