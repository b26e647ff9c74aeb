"""From raw data to the tables of the contracts, and from stimulator logs to sessions.

Rules: ingest_tables (scripts/ingest_tables.py), read_device_logs (scripts/read_device_logs.py).
"""


rule ingest_tables:
    """Read, check and write every table; leave a data report in protocol terms."""
    input:
        raw=branch(SYNTHETIC, then=RESULTS / "cohort/raw"),
        external=get_external_files(),
        mapping=branch(
            RUN.data.source == "sdtm", then=f"config/studies/{RUN.study}/mapping.yaml"
        ),
        factors="literature/mme/factors.csv",
        code=get_code("ingest_tables.py"),
    output:
        tables=directory(RESULTS / "tables"),
        report=report(
            RESULTS / "data_report/index.html",
            category="Data",
            labels={"what": "data report", "form": "page"},
        ),
        findings=RESULTS / "data_report/report.json",
    params:
        tier=str(RUN.tier),
        source=RUN.data.source,
        folder=RUN.data.path or RESULTS / "cohort/raw",
        sections=get_sections("study", "arms", "visits", "characteristics", "opioids"),
    log:
        LOGS / "ingest_tables.log",
    benchmark:
        LOGS / "benchmarks/ingest_tables.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=20,
    conda:
        ENVIRONMENT
    message:
        "Reading and checking the participants' data"
    script:
        "../scripts/ingest_tables.py"


rule read_device_logs:
    """Read every stimulator log; account for every byte; place sessions in time."""
    input:
        logs=branch(SYNTHETIC, then=RESULTS / "cohort/logs", otherwise=get_external_logs()),
        tables=RESULTS / "tables",
        code=get_code("read_device_logs.py"),
    output:
        sessions=RESULTS / "devicelogs/sessions.parquet",
        periods=RESULTS / "devicelogs/periods.parquet",
        faults=RESULTS / "devicelogs/faults.parquet",
        identities=RESULTS / "devicelogs/identities.parquet",
    params:
        tier=str(RUN.tier),
        sections=get_sections("device_use"),
    threads: 2
    log:
        LOGS / "read_device_logs.log",
    benchmark:
        LOGS / "benchmarks/read_device_logs.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=30,
    conda:
        ENVIRONMENT
    message:
        "Reading the stimulator logs"
    script:
        "../scripts/read_device_logs.py"
