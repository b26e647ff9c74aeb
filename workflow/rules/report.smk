"""From results to figures, notebooks, documents and the manifest.

Rules: list_narratives (scripts/list_narratives.py), draw_figures (scripts/draw_figures.py),
execute_notebook (scripts/execute_notebook.py), render_document (scripts/render_document.py),
deliver_document (scripts/deliver_document.py), write_manifest (scripts/write_manifest.py).

Rendering and delivering are two rules because Snakemake removes the outputs of a rule that fails: a
document that cannot be rendered so leaves the last good one as it was.
"""


rule list_narratives:
    """List serious and related events, deaths and explantations, one by one; participant-level."""
    input:
        tables=RESULTS / "tables",
        code=get_code("list_narratives.py"),
    output:
        parquet=RESULTS / "narratives/narratives.parquet",
        csv=RESULTS / "narratives/narratives.csv",
        page=RESULTS / "narratives/index.html",
    log:
        get_log("list_narratives"),
    benchmark:
        get_benchmark("list_narratives")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        tier=str(RUN.tier),
        sections=get_sections(
            "study", "arms", "analysis_sets", "adverse_events", "device_use"
        ),
    message:
        "Listing the narratives of single events"
    script:
        "../scripts/list_narratives.py"


rule draw_figures:
    """Draw every figure of the document from the results table."""
    input:
        results=RESULTS / "results.parquet",
        scores=branch(bool(STUDY.outcomes), then=RESULTS / "scores/scores.parquet"),
        code=get_code("draw_figures.py"),
    output:
        figures=directory(RESULTS / "figures"),
    log:
        get_log("draw_figures"),
    benchmark:
        get_benchmark("draw_figures")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1500),
        runtime=10,
    params:
        tier=str(RUN.tier),
        sections=get_sections(
            "arms", "visits", "outcomes", "responders", "opioids", "device_use"
        ),
    message:
        "Drawing the figures"
    script:
        "../scripts/draw_figures.py"


rule execute_notebook:
    """Execute one notebook; the manuscript embeds its figures."""
    input:
        unpack(get_notebook_inputs),
        notebook=get_source("notebooks/{notebook}.ipynb"),
        lock=get_source("requirements.lock"),
        code=lambda wildcards: get_code(
            "execute_notebook.py",
            PROJECT / f"notebooks/{wildcards.notebook}.ipynb",
        ),
    output:
        notebook=RESULTS / "notebooks/{notebook}.ipynb",
    log:
        get_log("execute_notebook_{notebook}"),
    benchmark:
        get_benchmark("execute_notebook_{notebook}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1500),
        runtime=15,
    params:
        context=lambda wildcards: get_context(**NOTEBOOK_INPUTS[wildcards.notebook]),
    message:
        "Executing notebooks/{wildcards.notebook}.ipynb"
    script:
        "../scripts/execute_notebook.py"


rule render_document:
    """Render the document in every format with Quarto or the embedded engine."""
    input:
        document=get_source("reports/manuscript/{document}.qmd"),
        parts=get_document_parts(),
        references=get_references(),
        lock=get_source("requirements.lock"),
        results=RESULTS / "results.parquet",
        figures=RESULTS / "figures",
        scorecard=branch(STUDY.report.literature, then=RESULTS / "scorecard.csv"),
        notebooks=collect(
            RESULTS / "notebooks/{notebook}.ipynb", notebook=get_notebooks()
        ),
        code=lambda wildcards: get_code(
            "render_document.py", *get_documents(wildcards.document)
        ),
    output:
        rendered=temp(directory(RESULTS / "rendered/{document}")),
    log:
        get_log("render_{document}"),
    benchmark:
        get_benchmark("render_{document}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(2000),
        runtime=20,
    params:
        context=get_document_context(),
        resources=get_document_resources(),
        engine=RUN.render.engine,
        formats=RUN.render.formats,
    message:
        "Rendering {wildcards.document} ({params.engine} engine)"
    script:
        "../scripts/render_document.py"


rule deliver_document:
    """Put the rendered document in place of the last good one, with a folder for its author."""
    input:
        rendered=RESULTS / "rendered/{document}",
        document=get_source("reports/manuscript/{document}.qmd"),
        parts=get_document_parts(),
        references=get_references(),
        lock=get_source("requirements.lock"),
        notebooks=collect(
            RESULTS / "notebooks/{notebook}.ipynb", notebook=get_notebooks()
        ),
        code=get_code("deliver_document.py"),
    output:
        documents=report(
            collect(
                RESULTS / "{{document}}/{{document}}.{ending}",
                ending=RUN.render.formats,
            ),
            caption="../report/document.rst",
            category="Documents",
            labels={"what": "{document}"},
        ),
        record=RESULTS / "{document}/render.json",
        workspace=directory(RESULTS / "{document}/preview"),
    log:
        get_log("deliver_{document}"),
    benchmark:
        get_benchmark("deliver_{document}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        context=get_document_context(),
        resources=get_document_resources(),
    message:
        "Delivering {wildcards.document}"
    script:
        "../scripts/deliver_document.py"


rule write_manifest:
    """List every deliverable with size, hash, tier and sensitivity."""
    input:
        deliverables=get_deliverables(),
        record=branch(HAS_DATA, then=RESULTS / STUDY.report.document / "render.json"),
        lock=get_source("requirements.lock"),
        code=get_code("write_manifest.py"),
    output:
        manifest=RESULTS / "manifest.json",
    log:
        get_log("write_manifest"),
    benchmark:
        get_benchmark("write_manifest")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=get_memory(1000),
        runtime=10,
    params:
        sensitivity=RUN.tier.sensitivity,
        run=RUN.model_dump(mode="json"),
    message:
        "Writing the manifest"
    script:
        "../scripts/write_manifest.py"
