"""Helpers of all rules: the run's configuration, its study, paths and code inputs. No rules here."""

import csv
from pathlib import Path
from typing import NamedTuple

from multifidus.base.errors import MultifidusError
from multifidus.base.imports import code_behind
from multifidus.config import load_run, load_study

PACKAGE = Path(workflow.current_basedir).parent / "multifidus"
SCRIPTS = PACKAGE.parent / "scripts"


def get_configuration():
    """Validate configuration and study; a fault ends the run with its sentence and exit code."""
    try:
        run = load_run(config)
        study = load_study(Path("config/studies") / run.study / "study.yaml")
    except MultifidusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(int(error.exit_code)) from None
    return run, study


RUN, STUDY = get_configuration()
RESULTS = Path(RUN.paths.results)
LOGS = Path(RUN.paths.logs)
HAS_DATA = RUN.data.source != "none"
SYNTHETIC = RUN.data.source == "synthetic"
ENVIRONMENT = "../envs/multifidus.yaml"


wildcard_constraints:
    analysis="[a-z_]+",
    document="[a-z_]+",
    notebook="[a-z_]+",


def get_code(script, *modules):
    """Files of the package that a script and further modules rest on, as declared inputs."""
    return code_behind(PACKAGE, SCRIPTS / script, SCRIPTS / "step.py", *modules)


def get_sections(*names):
    """Sections of the study that a rule reads; a change of another section does not rerun it."""
    return {name: STUDY.model_dump(mode="json")[name] for name in names}


class AnalysisPlan(NamedTuple):
    """One analysis: its module, the study's sections it reads, and what else it needs."""

    source: str
    sections: tuple[str, ...]
    needs_scores: bool = False
    needs_logs: bool = False


def get_analyses():
    """Analyses of this run's study, by name; each is a module of multifidus.analyses."""
    plans = {
        "baseline": AnalysisPlan(
            "multifidus.analyses.baseline",
            ("arms", "analysis_sets", "characteristics", "outcomes", "opioids"),
            needs_scores=bool(STUDY.outcomes),
        ),
        "flow": AnalysisPlan(
            "multifidus.analyses.flow",
            ("arms", "analysis_sets", "visits", "outcomes"),
            needs_scores=bool(STUDY.outcomes),
        ),
        "safety": AnalysisPlan(
            "multifidus.analyses.safety", ("arms", "analysis_sets", "adverse_events")
        ),
    }
    if STUDY.outcomes:
        plans["effectiveness"] = AnalysisPlan(
            "multifidus.analyses.effectiveness",
            ("arms", "analysis_sets", "visits", "outcomes", "randomised"),
            needs_scores=True,
        )
    if STUDY.responders:
        plans["responders"] = AnalysisPlan(
            "multifidus.analyses.responders",
            ("arms", "analysis_sets", "visits", "outcomes", "responders", "randomised"),
            needs_scores=True,
        )
    if STUDY.mixed_model:
        plans["mixed_model"] = AnalysisPlan(
            "multifidus.analyses.mixed_model",
            ("analysis_sets", "visits", "outcomes", "mixed_model"),
            needs_scores=True,
        )
    if STUDY.randomised:
        plans["randomised"] = AnalysisPlan(
            "multifidus.analyses.randomised",
            ("arms", "analysis_sets", "visits", "outcomes", "responders", "randomised"),
            needs_scores=True,
        )
    if STUDY.opioids:
        plans["opioids"] = AnalysisPlan(
            "multifidus.analyses.opioids",
            ("analysis_sets", "visits", "opioids"),
            needs_scores=True,
        )
    if STUDY.device_use:
        plans["device_use"] = AnalysisPlan(
            "multifidus.analyses.device_use",
            ("device_use", "analysis_sets"),
            needs_logs=True,
        )
    return plans


def get_external_files():
    """Files of the data folder that the configuration names; empty for the synthetic cohort."""
    if not RUN.data.path:
        return []
    return sorted(str(path) for path in Path(RUN.data.path).glob("*") if path.is_file())


def get_required_tables():
    """Names of the tables that the study cannot do without."""
    return sorted(required_tables(STUDY))


def get_external_logs():
    """Stimulator logs in the data folder, when there are any."""
    if not RUN.data.path:
        return []
    return sorted(str(path) for path in (Path(RUN.data.path) / "logs").glob("*"))


def get_value_set_files():
    """Names of the files under literature/value_sets/ that scoring reads."""
    return sorted(path.stem for path in Path("literature/value_sets").glob("*.csv"))


def get_calibration_targets():
    """The published figures that the cohort is calibrated to, as printed.

    A parameter and not an input: a change of any other claim leaves the cohort alone.
    """
    with Path("literature/claims.csv").open(encoding="utf-8", newline="") as stream:
        return {
            row["claim_id"]: [
                row["value_printed"],
                row["ci_lower_printed"],
                row["ci_upper_printed"],
            ]
            for row in csv.DictReader(stream)
            if row["evidence"] == "recovered_from_cohort"
        }


def get_deliverables():
    """What a run of this tier and study ends in."""
    files = []
    if STUDY.report.literature:
        files += [RESULTS / f"scorecard.{ending}" for ending in ("csv", "json", "html")]
        files += [RESULTS / "literature/verdicts.json"]
        files += collect(
            RESULTS / "notebooks/{notebook}.ipynb", notebook=get_notebooks()
        )
    if HAS_DATA:
        files += [RESULTS / "results.parquet", RESULTS / "results.csv"]
        files += [
            RESULTS / "data_report" / name for name in ("index.html", "report.json")
        ]
        files += [
            RESULTS / STUDY.report.document / f"{STUDY.report.document}.{ending}"
            for ending in RUN.render.formats
        ]
    return files


NOTEBOOK_INPUTS = {
    "literature_check": {
        "scorecard": RESULTS / "scorecard.csv",
        "checks": RESULTS / "literature/checks.csv",
    },
    "cohort_calibration": {"calibration": RESULTS / "cohort/calibration.csv"},
}


def get_notebooks():
    """Notebooks that this run executes."""
    names = ["literature_check"] if STUDY.report.literature else []
    return names + (["cohort_calibration"] if names and SYNTHETIC else [])


def get_notebook_inputs(wildcards):
    """What a notebook reads, by the name under which its context gives it."""
    return NOTEBOOK_INPUTS[wildcards.notebook]


def get_context(**paths):
    """What documents and notebooks may know of the run."""
    return {
        "tier": str(RUN.tier),
        "banner": RUN.tier.banner,
        "seed": RUN.seed,
        "lock": "requirements.lock",
        "sections": get_sections(
            "study",
            "arms",
            "analysis_sets",
            "visits",
            "outcomes",
            "responders",
            "characteristics",
            "adverse_events",
            "opioids",
            "device_use",
            "mixed_model",
            "randomised",
            "assumptions",
        ),
        "title_from_study": not STUDY.report.literature,
        **{name: str(path) for name, path in paths.items()},
    }


def get_document_parts():
    """Everything under reports/manuscript/ but the documents: sections, templates, styles."""
    folder = Path("reports/manuscript")
    return sorted(
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and not (path.parent == folder and path.suffix == ".qmd")
    )
