"""Published figures: check them, recompute them from each other, score the reproduction.

Rules: check_literature (scripts/check_literature.py), synthesise_evidence
(scripts/synthesise_evidence.py), score_reproduction (scripts/score_reproduction.py), check_verdicts
(scripts/check_verdicts.py).
"""


rule check_literature:
    """Hold the published figures against their contract and against each other."""
    input:
        literature=get_literature(),
        references=get_source("literature/references.bib"),
        value_sets=get_value_set_files(),
        factors=get_source("literature/mme/factors.csv"),
        code=get_code("check_literature.py"),
    output:
        checks=RESULTS / "literature/checks.csv",
        forensics=RESULTS / "literature/forensics.csv",
        recomputed=RESULTS / "literature/recomputed.csv",
    log:
        get_log("check_literature"),
    benchmark:
        get_benchmark("check_literature")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        tier=str(RUN.tier),
    message:
        "Checking the published figures against each other"
    script:
        "../scripts/check_literature.py"


rule synthesise_evidence:
    """Pool the effects of published studies."""
    input:
        studies=get_source("literature/studies.csv"),
        code=get_code("synthesise_evidence.py"),
    output:
        effects=RESULTS / "literature/effects.csv",
        pooled=RESULTS / "literature/pooled.csv",
    log:
        get_log("synthesise_evidence"),
    benchmark:
        get_benchmark("synthesise_evidence")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        tier=str(RUN.tier),
    message:
        "Pooling the effects of published studies"
    script:
        "../scripts/synthesise_evidence.py"


rule score_reproduction:
    """Compare every published figure with the reproduced one."""
    input:
        literature=get_literature(),
        references=get_source("literature/references.bib"),
        checks=RESULTS / "literature/checks.csv",
        results=branch(HAS_DATA, then=RESULTS / "results.parquet"),
        code=get_code("score_reproduction.py"),
    output:
        csv=report(
            RESULTS / "scorecard.csv",
            caption="../report/scorecard.rst",
            category="Reproduction",
            labels={"what": "scorecard", "form": "table"},
        ),
        json=RESULTS / "scorecard.json",
        html=report(
            RESULTS / "scorecard.html",
            caption="../report/scorecard.rst",
            category="Reproduction",
            labels={"what": "scorecard", "form": "page"},
        ),
    log:
        get_log("score_reproduction"),
    benchmark:
        get_benchmark("score_reproduction")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        tier=str(RUN.tier),
        held_out=list(COHORT.held_out) if SYNTHETIC else [],
    message:
        "Scoring every published figure against the reproduced one"
    script:
        "../scripts/score_reproduction.py"


rule check_verdicts:
    """Fail when a verdict differs from the declared one; the new scorecard stays to be read."""
    input:
        scorecard=RESULTS / "scorecard.csv",
        expected=get_source("literature/expected_verdicts.csv"),
        code=get_code("check_verdicts.py"),
    output:
        counts=RESULTS / "literature/verdicts.json",
    log:
        get_log("check_verdicts"),
    benchmark:
        get_benchmark("check_verdicts")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        tier=str(RUN.tier),
    message:
        "Holding the verdicts against the declared ones"
    script:
        "../scripts/check_verdicts.py"
