"""From raw data to the tables of the contracts, and from stimulator logs to sessions.

Rules: check_data (scripts/check_data.py), ingest_tables (scripts/ingest_tables.py),
read_device_logs (scripts/read_device_logs.py). With `device_logs.shards` above 1 the logs are read by
divide_device_logs, read_device_log_shard and gather_device_logs instead, with the same result.

Checking and adopting are two rules because Snakemake removes the outputs of a rule that fails: data
that break a contract so leave the tables and the report of the last good run as they were.
"""


rule check_data:
    """Read and check every table; on a fault the data report stays in the log folder."""
    input:
        raw=branch(SYNTHETIC, then=RESULTS / "cohort/raw"),
        external=get_external_files(),
        mapping=branch(
            RUN.data.source == "sdtm", then=get_study_file(RUN.study, "mapping.yaml")
        ),
        factors=get_source("literature/mme/factors.csv"),
        code=get_code("check_data.py"),
    output:
        tables=temp(directory(RESULTS / "checked/tables")),
        report=temp(directory(RESULTS / "checked/report")),
    log:
        get_log("check_data"),
    benchmark:
        get_benchmark("check_data")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1500),
        runtime=20,
    params:
        tier=str(RUN.tier),
        source=RUN.data.source,
        folder=get_data_folder,
        report=str(LOGS / "data_report"),
        required=get_required_tables(),
        sections=get_sections(
            "study", "arms", "visits", "characteristics", "opioids.conversion"
        ),
    message:
        "Reading and checking the participants' data"
    script:
        "../scripts/check_data.py"


rule ingest_tables:
    """Adopt checked tables and their report in place of the last good ones."""
    input:
        tables=RESULTS / "checked/tables",
        report=RESULTS / "checked/report",
        code=get_code("ingest_tables.py"),
    output:
        tables=directory(RESULTS / "tables"),
        page=report(
            RESULTS / "data_report/index.html",
            caption="../report/data_report.rst",
            category="Data",
            labels={"what": "data report", "form": "page"},
        ),
        findings=RESULTS / "data_report/report.json",
    log:
        get_log("ingest_tables"),
    benchmark:
        get_benchmark("ingest_tables")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    message:
        "Adopting the checked tables"
    script:
        "../scripts/ingest_tables.py"


if RUN.device_logs.shards == 1:

    rule read_device_logs:
        """Read every stimulator log; account for every byte; place sessions in time."""
        input:
            logs=branch(
                SYNTHETIC, then=RESULTS / "cohort/logs", otherwise=get_external_logs()
            ),
            tables=RESULTS / "tables",
            code=get_code("read_device_logs.py", *built_in_modules()),
        output:
            sessions=RESULTS / "devicelogs/sessions.parquet",
            periods=RESULTS / "devicelogs/periods.parquet",
            months=RESULTS / "devicelogs/months.parquet",
            faults=RESULTS / "devicelogs/faults.parquet",
            identities=RESULTS / "devicelogs/identities.parquet",
        log:
            get_log("read_device_logs"),
        benchmark:
            get_benchmark("read_device_logs")
        conda:
            ENVIRONMENT
        threads: 2
        resources:
            mem_mb=get_memory(2500),
            runtime=30,
        params:
            tier=str(RUN.tier),
            sections=get_sections(*LOG_SECTIONS),
        message:
            "Reading the stimulator logs"
        script:
            "../scripts/read_device_logs.py"

else:

    rule divide_device_logs:
        """Divide the stimulator logs over jobs; all logs of a participant go to one."""
        input:
            logs=branch(
                SYNTHETIC, then=RESULTS / "cohort/logs", otherwise=get_external_logs()
            ),
            tables=RESULTS / "tables",
            code=get_code("divide_device_logs.py", *built_in_modules()),
        output:
            shards=temp(RESULTS / "devicelogs/shards.json"),
        log:
            get_log("divide_device_logs"),
        benchmark:
            get_benchmark("divide_device_logs")
        conda:
            ENVIRONMENT
        resources:
            mem_mb=get_memory(1000),
            runtime=20,
        params:
            shards=RUN.device_logs.shards,
        message:
            "Dividing the stimulator logs over {params.shards} jobs"
        script:
            "../scripts/divide_device_logs.py"

    rule read_device_log_shard:
        """Read the stimulator logs of one shard as the single job reads all."""
        input:
            logs=branch(
                SYNTHETIC, then=RESULTS / "cohort/logs", otherwise=get_external_logs()
            ),
            shards=RESULTS / "devicelogs/shards.json",
            tables=RESULTS / "tables",
            code=get_code("read_device_logs.py", *built_in_modules()),
        output:
            **{
                table: temp(RESULTS / f"devicelogs/shards/{{shard}}.{table}.parquet")
                for table in LOG_TABLES
            },
        log:
            get_log("read_device_log_shard/{shard}"),
        benchmark:
            get_benchmark("read_device_log_shard/{shard}")
        conda:
            ENVIRONMENT
        threads: 2
        resources:
            mem_mb=get_memory(2500),
            runtime=30,
        params:
            tier=str(RUN.tier),
            sections=get_sections(*LOG_SECTIONS),
        message:
            "Reading the stimulator logs of shard {wildcards.shard}"
        script:
            "../scripts/read_device_logs.py"

    rule gather_device_logs:
        """Put the tables of all shards together, as one job would have written them."""
        input:
            **{
                table: expand(
                    RESULTS / f"devicelogs/shards/{{shard}}.{table}.parquet",
                    shard=range(RUN.device_logs.shards),
                )
                for table in LOG_TABLES
            },
            code=get_code("gather_device_logs.py"),
        output:
            **{table: RESULTS / f"devicelogs/{table}.parquet" for table in LOG_TABLES},
        log:
            get_log("gather_device_logs"),
        benchmark:
            get_benchmark("gather_device_logs")
        conda:
            ENVIRONMENT
        resources:
            mem_mb=get_memory(2000),
            runtime=10,
        params:
            tier=str(RUN.tier),
        message:
            "Putting the tables of the stimulator logs together"
        script:
            "../scripts/gather_device_logs.py"
