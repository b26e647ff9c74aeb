"""Published figures: check them, recompute them from each other, score the reproduction.

Rules: check_literature (scripts/check_literature.py), score_reproduction
(scripts/score_reproduction.py), check_verdicts (scripts/check_verdicts.py).
"""


rule check_literature:
    """Hold the published figures against their contract and against each other."""
    input:
        literature=get_literature(),
        code=get_code("check_literature.py"),
    output:
        checks=RESULTS / "literature/checks.csv",
        recomputed=RESULTS / "literature/recomputed.csv",
    log:
        LOGS / "check_literature.log",
    benchmark:
        LOGS / "benchmarks/check_literature.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        tier=str(RUN.tier),
    message:
        "Checking the published figures against each other"
    script:
        "../scripts/check_literature.py"


rule score_reproduction:
    """Compare every published figure with the reproduced one."""
    input:
        literature=get_literature(),
        checks=RESULTS / "literature/checks.csv",
        results=branch(HAS_DATA, then=RESULTS / "results.parquet"),
        code=get_code("score_reproduction.py"),
    output:
        csv=report(
            RESULTS / "scorecard.csv",
            category="Reproduction",
            labels={"what": "scorecard", "form": "table"},
        ),
        json=RESULTS / "scorecard.json",
        html=report(
            RESULTS / "scorecard.html",
            category="Reproduction",
            labels={"what": "scorecard", "form": "page"},
        ),
    log:
        LOGS / "score_reproduction.log",
    benchmark:
        LOGS / "benchmarks/score_reproduction.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        tier=str(RUN.tier),
    message:
        "Scoring every published figure against the reproduced one"
    script:
        "../scripts/score_reproduction.py"


rule check_verdicts:
    """Fail when a verdict differs from the declared one; the new scorecard stays to be read."""
    input:
        scorecard=RESULTS / "scorecard.csv",
        expected="literature/expected_verdicts.csv",
        code=get_code("check_verdicts.py"),
    output:
        counts=RESULTS / "literature/verdicts.json",
    log:
        LOGS / "check_verdicts.log",
    benchmark:
        LOGS / "benchmarks/check_verdicts.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        tier=str(RUN.tier),
    message:
        "Holding the verdicts against the declared ones"
    script:
        "../scripts/check_verdicts.py"
