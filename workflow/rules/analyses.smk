"""Tables to scores, scores to results.

Rules: score_instruments (scripts/score_instruments.py), analyse_<analysis>
(scripts/analyse.py over one module of multifidus.analyses each), collect_results
(scripts/collect_results.py).
"""


rule score_instruments:
    """Assign answers to visits and score them: VAS, ODI, EQ-5D-5L, opioid dose."""
    input:
        tables=RESULTS / "tables",
        value_sets=collect(
            "literature/value_sets/{name}.csv", name=get_value_set_files()
        ),
        factors="literature/mme/factors.csv",
        code=get_code("score_instruments.py"),
    output:
        scores=RESULTS / "scores/scores.parquet",
    log:
        LOGS / "score_instruments.log",
    benchmark:
        LOGS / "benchmarks/score_instruments.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
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


for analysis, plan in ANALYSES.items():

    rule:
        name:
            f"analyse_{analysis}"
        input:
            tables=RESULTS / "tables",
            scores=branch(
                plan.needs_scores and bool(STUDY.outcomes),
                then=RESULTS / "scores/scores.parquet",
            ),
            usage=branch(plan.needs_usage, then=RESULTS / "devicelogs/periods.parquet"),
            months=branch(plan.needs_usage, then=RESULTS / "devicelogs/months.parquet"),
            comparators=branch(
                plan.needs_comparators, then="literature/comparators.csv"
            ),
            code=get_code("analyse.py", plan.module),
        output:
            rows=RESULTS / f"analyses/{analysis}.parquet",
        log:
            LOGS / f"analyse_{analysis}.log",
        benchmark:
            LOGS / f"benchmarks/analyse_{analysis}.tsv"
        conda:
            ENVIRONMENT
        resources:
            mem_mb=lambda wildcards, attempt: 1500 * attempt,
            runtime=20,
        params:
            tier=str(RUN.tier),
            analysis=analysis,
            seed=RUN.seed,
            sections=get_sections(*plan.sections),
        message:
            f"Analysing: {analysis.replace('_', ' ')}"
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
            category="Results",
            labels={"what": "results table", "form": "table"},
        ),
    log:
        LOGS / "collect_results.log",
    benchmark:
        LOGS / "benchmarks/collect_results.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        tier=str(RUN.tier),
        minimum_count=RUN.disclosure.minimum_count,
    message:
        "Joining all results into one table"
    script:
        "../scripts/collect_results.py"
