"""From results to figures, notebooks, documents and the manifest.

Rules: list_narratives (scripts/list_narratives.py), draw_figures (scripts/draw_figures.py),
execute_notebook (scripts/execute_notebook.py), render_document (scripts/render_document.py), write_manifest (scripts/write_manifest.py).
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
        LOGS / "list_narratives.log",
    benchmark:
        LOGS / "benchmarks/list_narratives.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
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
        LOGS / "draw_figures.log",
    benchmark:
        LOGS / "benchmarks/draw_figures.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
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
        notebook="notebooks/{notebook}.ipynb",
        lock="requirements.lock",
        code=get_code(
            "execute_notebook.py",
            "multifidus.report.context",
            "multifidus.report.figures.evidence",
        ),
    output:
        notebook=RESULTS / "notebooks/{notebook}.ipynb",
    log:
        LOGS / "execute_notebook_{notebook}.log",
    benchmark:
        LOGS / "benchmarks/execute_notebook_{notebook}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
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
        document="reports/manuscript/{document}.qmd",
        parts=get_document_parts(),
        references=["literature/references.bib", "literature/methods.bib"],
        lock="requirements.lock",
        results=RESULTS / "results.parquet",
        figures=RESULTS / "figures",
        scorecard=branch(STUDY.report.literature, then=RESULTS / "scorecard.csv"),
        notebooks=collect(
            RESULTS / "notebooks/{notebook}.ipynb", notebook=get_notebooks()
        ),
        code=get_code(
            "render_document.py",
            "multifidus.report.context",
            "multifidus.report.tables.adverse_events",
            "multifidus.report.tables.clinical",
            "multifidus.report.tables.device_use",
            "multifidus.report.tables.evidence",
            "multifidus.report.tables.flow",
            "multifidus.report.tables.followup",
            "multifidus.report.tables.opioids",
            "multifidus.report.tables.safety",
            "multifidus.report.tables.supplement",
        ),
    output:
        documents=report(
            collect(
                RESULTS / "{{document}}/{{document}}.{ending}",
                ending=RUN.render.formats,
            ),
            category="Documents",
            labels={"what": "{document}"},
        ),
        record=RESULTS / "{document}/render.json",
    log:
        LOGS / "render_{document}.log",
    benchmark:
        LOGS / "benchmarks/render_{document}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=20,
    params:
        context=get_context(
            results=RESULTS / "results.parquet",
            figures=RESULTS / "figures",
            scorecard=RESULTS / "scorecard.csv" if STUDY.report.literature else "",
        ),
        left_out=get_sections_left_out(),
        engine=RUN.render.engine,
        formats=RUN.render.formats,
    message:
        "Rendering {wildcards.document} ({params.engine} engine)"
    script:
        "../scripts/render_document.py"


rule write_manifest:
    """List every deliverable with size, hash, tier and sensitivity."""
    input:
        deliverables=get_deliverables(),
        record=branch(HAS_DATA, then=RESULTS / STUDY.report.document / "render.json"),
        lock="requirements.lock",
        code=get_code("write_manifest.py"),
    output:
        manifest=RESULTS / "manifest.json",
    log:
        LOGS / "write_manifest.log",
    benchmark:
        LOGS / "benchmarks/write_manifest.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        sensitivity=RUN.tier.sensitivity,
        run=RUN.model_dump(mode="json"),
    message:
        "Writing the manifest"
    script:
        "../scripts/write_manifest.py"
