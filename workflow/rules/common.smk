"""Helpers of all rules: the run's configuration, its study, paths and code inputs. No rules here."""

import csv
import os
from pathlib import Path

from multifidus.analyses.registry import analyses_of
from multifidus.base.errors import MultifidusError
from multifidus.base.imports import code_behind
from multifidus.config.layers import (
    DEFAULTS,
    Layers,
    load_configuration,
    read_layers,
)
from multifidus.config.reading import ConfigFile
from multifidus.config.resources import lacks_device_logs
from multifidus.ingest.inputs import required_tables

PACKAGE = Path(workflow.current_basedir).parent / "multifidus"
SCRIPTS = PACKAGE.parent / "scripts"


def get_configuration():
    """Validate configuration and study; a fault ends the run with its sentence and exit code."""
    settings = workflow.config_settings
    try:
        if workflow.modifier.skip_configfile:  # another workflow gives the values
            layers = Layers([ConfigFile("the configuration of the module", config)])
        else:
            layers = read_layers(
                settings.configfiles,
                settings.config_args or (),
                defaults=None if settings.replace_workflow_config else DEFAULTS,
            )
        run, study = load_configuration(layers)
    except MultifidusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(int(error.exit_code)) from None
    return run, study


RUN, STUDY = get_configuration()
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
HAS_DATA = RUN.data.source != "none"
SYNTHETIC = RUN.data.source == "synthetic"
ENVIRONMENT = "../envs/multifidus.yaml"
CALIBRATED = "recovered_from_cohort"
LOG_TABLES = ("sessions", "periods", "months", "faults", "identities")
LOG_SECTIONS = (
    "device_use.prescribed_minutes_per_day",
    "device_use.sessions_per_day",
    "device_use.exposure_start",
    "device_use.years",
    "device_use.after_explant",
)
PROSE = {"note", "reason", "locator", "source"}


wildcard_constraints:
    analysis="[a-z_]+",
    document="[a-z_]+",
    notebook="[a-z_]+",
    shard="[0-9]+",


def get_code(script, *modules):
    """Files of the package that a script and further modules rest on, as declared inputs."""
    files = code_behind(PACKAGE, SCRIPTS / script, SCRIPTS / "step.py", *modules)
    return [os.path.relpath(path) for path in files]


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
    return sorted(str(path) for path in (Path(RUN.data.path) / "logs").glob("*"))


def get_value_set_files():
    """Names of the files under literature/value_sets/ that scoring reads."""
    return sorted(path.stem for path in Path("literature/value_sets").glob("*.csv"))


def get_literature():
    """Tables of the published figures and the references that they name."""
    return sorted(str(path) for path in Path("literature").glob("*.csv")) + [
        "literature/references.bib"
    ]


def get_calibration_targets():
    """The published figures that the cohort is calibrated to, and the rules on clashing ones.

    A parameter and not an input: a change of any other claim, or of a note, leaves the cohort alone.
    """
    targets = {}
    for name in ("claims", "divergences"):
        path = Path(f"literature/{name}.csv")
        if not path.is_file():
            continue  # the rule check_literature says what is missing
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row.get("evidence", CALIBRATED) == CALIBRATED:
                    words = (value for key, value in row.items() if key not in PROSE)
                    targets[next(iter(row.values()))] = list(words)
    return targets


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
    if HAS_DATA and RUN.disclosure.narratives:
        names = ("index.html", "narratives.csv", "narratives.parquet")
        files += [RESULTS / "narratives" / name for name in names]
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
