"""Helpers of all rules: the run's configuration, its study, paths and code inputs. No rules here."""

import os
from dataclasses import astuple
from pathlib import Path

from multifidus.analyses.registry import analyses_of
from multifidus.base.errors import MultifidusError
from multifidus.base.files import sha256_of
from multifidus.base.imports import code_behind
from multifidus.cohort.calibration.targets import read_targets
from multifidus.devicelogs.formats.registry import built_in_modules
from multifidus.base.running import (
    PARENT_VARIABLE,
    Role,
    attend,
    refuse_unwritable,
    start_run,
)
from multifidus.config.cohort import CohortConfig
from multifidus.config.instruments import INSTRUMENTS
from multifidus.config.layers import (
    DEFAULTS,
    Layers,
    load_configuration,
    read_layers,
)
from multifidus.config.load import read_model
from multifidus.config.reading import ConfigFile
from multifidus.config.checks.folders import refuse_prefix
from multifidus.config.checks.resources import lacks_device_logs
from multifidus.ingest.inputs import required_tables
from multifidus.package.ledger import RESULTS_VARIABLE
from multifidus.report.settings import read_words

# Folder of this project, as seen from the working folder: "." unless another workflow uses this one
# as a module. Sources are found from here; outputs and the user's data from the working folder.
PROJECT = Path(os.path.relpath(Path(workflow.current_basedir).parents[1]))
PACKAGE = PROJECT / "workflow/multifidus"
SCRIPTS = PROJECT / "workflow/scripts"


def get_source(path):
    """Path of a file of this project, seen from the working folder."""
    return str(PROJECT / path)


def get_study_file(study, name):
    """File that describes a study: in the working folder where it is there, else the project's."""
    path = Path("config/studies") / study / name
    return str(path) if path.is_file() else get_source(path)


def get_configuration():
    """Validate run, study and synthetic cohort; a fault ends the run with its sentence and exit code."""
    settings = workflow.config_settings
    try:
        if workflow.modifier.skip_configfile:  # another workflow gives the values
            layers = Layers([ConfigFile("the configuration of the module", config)])
        else:
            layers = read_layers(
                settings.configfiles,
                settings.config_args or (),
                defaults=(
                    None if settings.replace_workflow_config else get_source(DEFAULTS)
                ),
            )
        run, study = load_configuration(layers, sources=PROJECT)
        cohort = None
        if run.data.source == "synthetic":
            cohort = read_model(CohortConfig, get_study_file(run.study, "cohort.yaml"))
        refuse_prefix(run, workflow.modifier.path_modifier.replace_prefix)
    except MultifidusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(int(error.exit_code)) from None
    return run, study, cohort


RUN, STUDY, COHORT = get_configuration()
NO_LOGS = lacks_device_logs(RUN, STUDY, Path())
ANALYSES = {
    name: plan
    for name, plan in analyses_of(STUDY).items()
    if not (NO_LOGS and plan.needs_usage)
}
if NO_LOGS and workflow.is_main_process:
    print(
        f"{RUN.data.path}/logs holds no stimulator logs: device use is left out of this run.",
        file=sys.stderr,
    )
RESULTS = Path(RUN.paths.results)
LOGS = Path(RUN.paths.logs)


def prepare_run():
    """Say that this process is at work, and let what it makes be read by those who may."""
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    os.environ[RESULTS_VARIABLE] = str(RESULTS)
    if RUN.tier.sensitivity == "restricted":
        os.umask(os.umask(0o077) | 0o077)
        for folder in (RESULTS, LOGS):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
    if not workflow.is_main_process:
        attend(Role.JOB)
        return
    try:
        refuse_unwritable(RESULTS, LOGS)
        start_run(RESULTS)
    except MultifidusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(int(error.exit_code)) from None


prepare_run()
HAS_DATA = RUN.data.source != "none"
SYNTHETIC = RUN.data.source == "synthetic"
ENVIRONMENT = "../envs/multifidus.yaml"
LOG_TABLES = ("sessions", "periods", "months", "faults", "identities")
LOG_SECTIONS = (
    "device_use.prescribed_minutes_per_day",
    "device_use.sessions_per_day",
    "device_use.exposure_start",
    "device_use.years",
    "device_use.after_explant",
)


wildcard_constraints:
    analysis="[a-z_]+",
    document="[a-z_]+",
    notebook="[a-z_]+",
    shard="[0-9]+",


def get_code(script, *others):
    """Files of the package that a script and other modules and documents import, as inputs."""
    return code_behind(PACKAGE, SCRIPTS / script, SCRIPTS / "step.py", *others)


def get_scorers():
    """Modules that score the instruments of the study's outcomes."""
    instruments = {INSTRUMENTS[outcome.instrument] for outcome in STUDY.outcomes}
    return sorted(item.scorer.rpartition(".")[0] for item in instruments)


def get_log(name):
    """Log file of a rule or job."""
    return LOGS / f"{name}.log"


def get_benchmark(name):
    """File of a job's time and memory."""
    return LOGS / f"benchmarks/{name}.tsv"


def get_memory(megabytes):
    """Memory of a job, more with each attempt."""
    return lambda wildcards, attempt: megabytes * attempt


def get_analysis_inputs(wildcards):
    """Files that an analysis reads, by the name under which its script takes them."""
    plan = ANALYSES[wildcards.analysis]
    files = {"tables": RESULTS / "tables"}
    if plan.needs_scores and STUDY.outcomes:
        files["scores"] = RESULTS / "scores/scores.parquet"
    if plan.needs_usage:
        files |= {
            "usage": RESULTS / "devicelogs/periods.parquet",
            "months": RESULTS / "devicelogs/months.parquet",
        }
    if plan.needs_comparators:
        files["comparators"] = get_source("literature/comparators.csv")
    return files


def get_sections_left_out():
    """Sections of documents that this run cannot fill; the text beside each says why."""
    left_out = [] if SYNTHETIC else ["calibration"]
    return left_out + (
        ["stimulator_logs", "device_use", "adherence"] if NO_LOGS else []
    )


def get_sections(*names):
    """Sections of the study that a rule reads; a change of another section does not rerun it.

    ``opioids.conversion`` names one key of a section; it is none where the section is.
    """
    study = STUDY.model_dump(mode="json")
    sections = {}
    for name in names:
        section, _, key = name.partition(".")
        value = study[section]
        sections[name] = (value or {}).get(key) if key else value
    return sections


def get_external_files():
    """Files of the data folder that the configuration names; empty for the synthetic cohort."""
    if not RUN.data.path:
        return []
    return sorted(
        str(path) for path in Path(RUN.data.path).glob("[!.]*") if path.is_file()
    )


def get_data_folder(wildcards, input):
    """Folder of the raw data: the synthetic cohort's, or the one that the configuration names."""
    return str(input.raw) if SYNTHETIC else RUN.data.path


def get_required_tables():
    """Names of the tables that the study cannot do without."""
    return sorted(required_tables(STUDY))


def get_external_logs():
    """Stimulator logs in the data folder, when there are any."""
    if not RUN.data.path:
        return []
    found = (Path(RUN.data.path) / "logs").rglob("[!.]*")
    return sorted(str(path) for path in found if path.is_file())


def get_value_set_files():
    """Files of the EQ-5D value sets."""
    return sorted(
        str(path) for path in (PROJECT / "literature/value_sets").glob("*.csv")
    )


def get_literature():
    """Tables of the published figures."""
    return sorted(str(path) for path in (PROJECT / "literature").glob("*.csv"))


def get_targets():
    """Windows of the published figures that the cohort is calibrated to.

    A parameter and not an input: a change of any other claim, or of a note, leaves the cohort alone.
    """
    targets = read_targets(PROJECT / "literature", COHORT.held_out)
    return [list(astuple(window)) for window in targets]


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
    if HAS_DATA and RUN.disclosure.writes_narratives:
        names = ("index.html", "narratives.csv", "narratives.parquet")
        files += [RESULTS / "narratives" / name for name in names]
    return files


NOTEBOOK_INPUTS = {
    "literature_check": {
        "scorecard": RESULTS / "scorecard.csv",
        "checks": RESULTS / "literature/checks.csv",
        "forensics": RESULTS / "literature/forensics.csv",
        "effects": RESULTS / "literature/effects.csv",
        "pooled": RESULTS / "literature/pooled.csv",
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
        "lock": get_source("requirements.lock"),
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
        "words": read_words(PROJECT / "literature"),
        **{name: str(path) for name, path in paths.items()},
    }


def get_document_context():
    """What the document may know of the run."""
    return get_context(
        results=RESULTS / "results.parquet",
        figures=RESULTS / "figures",
        scorecard=RESULTS / "scorecard.csv" if STUDY.report.literature else "",
    )


def get_references():
    """Bibliographies that documents cite from."""
    return [get_source(f"literature/{name}.bib") for name in ("references", "methods")]


def get_document_resources():
    """Files that lie beside a document while it is rendered, by their path there."""
    files = {Path(path).name: path for path in get_references()}
    for notebook in get_notebooks():
        files[f"notebooks/{notebook}.ipynb"] = str(
            RESULTS / f"notebooks/{notebook}.ipynb"
        )
    # Sections that the data of this run cannot fill are replaced by the sentence that says so.
    for section in get_sections_left_out():
        files[f"_sections/_{section}.qmd"] = get_source(
            f"reports/manuscript/_sections/_no_{section}.qmd"
        )
    return files


def get_document_parts():
    """Everything under reports/manuscript/ but the documents: sections, templates, styles."""
    folder = PROJECT / "reports/manuscript"
    return sorted(
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and not (path.parent == folder and path.suffix == ".qmd")
    )


def get_documents(document):
    """A document and the sections that documents include: their cells import the package."""
    folder = PROJECT / "reports/manuscript"
    return [folder / f"{document}.qmd", *sorted(folder.glob("_sections/*.qmd"))]
