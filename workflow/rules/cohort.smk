"""The synthetic cohort: raw answers and stimulator logs, calibrated to published figures.

Rules: simulate_cohort (scripts/simulate_cohort.py), simulate_logs (scripts/simulate_logs.py).
"""


rule simulate_cohort:
    """Draw the raw data of 204 participants so that scoring them meets the published figures."""
    input:
        value_sets=get_value_set_files(),
        code=get_code("simulate_cohort.py"),
    output:
        tables=directory(RESULTS / "cohort/raw"),
        usage=RESULTS / "cohort/usage.parquet",
        calibration=RESULTS / "cohort/calibration.csv",
        dataset=RESULTS / "cohort/dataset.json",
    log:
        get_log("simulate_cohort"),
    benchmark:
        get_benchmark("simulate_cohort")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1500),
        runtime=20,
    params:
        seed=RUN.seed,
        tier=str(RUN.tier),
        cohort=COHORT.model_dump(mode="json") if SYNTHETIC else {},
        targets=get_targets() if SYNTHETIC else [],
    message:
        "Drawing the synthetic cohort (seed {params.seed})"
    script:
        "../scripts/simulate_cohort.py"


rule simulate_logs:
    """Write every download of every participant's stimulator in the project's open format."""
    input:
        tables=RESULTS / "cohort/raw",
        usage=RESULTS / "cohort/usage.parquet",
        code=get_code("simulate_logs.py"),
    output:
        logs=directory(RESULTS / "cohort/logs"),
    log:
        get_log("simulate_logs"),
    benchmark:
        get_benchmark("simulate_logs")
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=get_memory(2000),
        runtime=20,
    params:
        seed=RUN.seed,
    message:
        "Writing the stimulator logs of the synthetic cohort"
    script:
        "../scripts/simulate_logs.py"
