"""Configurations that cannot be meant: each is refused with id, file and field, none is run.

Every case is one change of the project's own configuration, which is accepted as it is. What is
right is said by the reference in ``config/README.md`` (types and ranges), by the rule named in the
comment over a group, or by YAML 1.1 (what a bare word is read as).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from config_project import PILOT_MAPPING, PILOT_RUN, TRIAL, edit, make_project

from multifidus.base.errors import ConfigError
from multifidus.config.layers import load_configuration, read_layers

NAN, INF = math.nan, math.inf
TWIN = {"id": "twin", "label": "VAS twin", "kind": "percent_reduction", "outcome": "vas"}

# Place of the change in the trial's study file, the value there, the field that the sentence names.
STUDY_CASES: list[tuple[str, Any, str]] = [
    # Numbers: finite, in range, and numbers.
    ("responders.0.threshold", NAN, "responders.0.threshold"),
    ("responders.0.threshold", INF, "responders.0.threshold"),
    ("responders.0.threshold", -30, "responders.0.threshold"),
    ("responders.0.threshold", 0, "responders.0.threshold"),
    ("responders.1.threshold", 150, "responders.1.threshold"),
    ("responders.1.threshold", "50", "responders.1.threshold"),
    ("responders.1.threshold", True, "responders.1.threshold"),
    ("responders.3.threshold", -1, "responders.3.threshold"),
    ("responders.3.threshold", 10, "responders.3.threshold"),  # everybody reaches VAS <= 10 cm
    ("responders.4.threshold", 101, "responders.4.threshold"),
    ("responders.9.without_worsening.0.more_than", INF, "responders.9.without_worsening.0"),
    ("responders.9.without_worsening.0.more_than", 10, "without_worsening.0.more_than"),
    ("visits.3.years", NAN, "visits.3.years"),
    ("visits.3.years", -1, "visits.3.years"),
    ("visits.3.years", "1", "visits.3.years"),
    ("visits.3.years", 2, "visits.3.years"),  # day 730 is outside the window of day 365
    ("visits.3.target_day", 365.5, "visits.3.target_day"),
    ("visits.3.target_day", True, "visits.3.target_day"),
    ("visits.3.target_day", 10**6, "visits.3.target_day"),
    ("visits.3.window", [547, 259], "visits.3.window"),
    ("visits.3.window", [259], "visits.3.window"),
    ("visits.3.window", [259, 300, 547], "visits.3.window"),
    ("visits.3.window", ["259", 547], "visits.3.window.0"),
    ("visits.3.window", 365, "visits.3.window"),
    ("outcomes.0.decimals", 5, "outcomes.0.decimals"),
    ("outcomes.0.decimals", -1, "outcomes.0.decimals"),
    ("outcomes.1.max_missing_items", 11, "outcomes.1.max_missing_items"),
    ("outcomes.0.max_missing_items", 1, "outcomes.0.max_missing_items"),
    ("characteristics.0.minimum", 80, "characteristics.0.maximum"),
    ("characteristics.0.maximum", NAN, "characteristics.0.maximum"),
    ("characteristics.0.minimum", -INF, "characteristics.0.minimum"),
    ("opioids.unchanged_within_percent", -1, "opioids.unchanged_within_percent"),
    ("opioids.unchanged_within_percent", 100, "opioids.unchanged_within_percent"),
    ("device_use.prescribed_minutes_per_day", 0, "device_use.prescribed_minutes_per_day"),
    ("device_use.prescribed_minutes_per_day", INF, "device_use.prescribed_minutes_per_day"),
    ("device_use.sessions_per_day", 2.5, "device_use.sessions_per_day"),
    ("device_use.years", 0, "device_use.years"),
    ("device_use.minimum_coverage", 80, "device_use.minimum_coverage"),
    ("device_use.minimum_coverage", NAN, "device_use.minimum_coverage"),
    ("adverse_events.narrative_device_days", -1, "adverse_events.narrative_device_days"),
    ("responders.10.refuse_analgesic_increase", 1, "responders.10.refuse_analgesic_increase"),
    ("report.literature", "yes", "report.literature"),
    # References: each resolves.
    ("adverse_events.device_event_types.0", "lead_migraton", "device_event_types.0"),
    ("adverse_events.related_values", ["probabel"], "adverse_events.related_values.0"),
    ("adverse_events.related_values", ["none"], "adverse_events.related_values.0"),
    ("adverse_events.comparator_terms", {"infektion": ["Sepsis"]}, "comparator_terms.infektion"),
    ("outcomes.2.value_set", "usa_2091", "outcomes.2.value_set"),
    ("outcomes.2.value_set", None, "outcomes.2.value_set"),
    ("outcomes.0.value_set", "usa_2019", "outcomes.0.value_set"),
    ("outcomes.0.instrument", "vass", "outcomes.0.instrument"),
    ("opioids.conversion", "cdc_2023", "opioids.conversion"),
    ("opioids.baseline_visit", "screening", "opioids.baseline_visit"),
    ("opioids.visits", ["y1", "y6"], "opioids.visits.1"),
    ("device_use.exposure_start", {"treatmnt": "activation_date"}, "exposure_start.treatmnt"),
    ("device_use.exposure_start", {"treatment": "birth_date"}, "exposure_start.treatment"),
    ("mixed_model.outcomes", ["vas", "odj"], "mixed_model.outcomes.1"),
    ("mixed_model.visits", ["m6", "y9"], "mixed_model.visits.1"),
    ("randomised.visit", "d12", "randomised.visit"),
    ("randomised.responder", "primry", "randomised.responder"),
    ("randomised.treatment", "stimulation", "randomised.treatment"),
    ("visits.2.anchor", "implant_date", "visits.2.anchor"),
    ("visits.2.anchor_by_arm", {"sham": "crossover_date"}, "visits.2.anchor_by_arm.sham"),
    ("visits.1.not_after", "switch_date", "visits.1.not_after"),
    ("analysis_sets.2.attended_visit", "y55", "analysis_sets.2.attended_visit"),
    ("analysis_sets.0.requires", ["randomization_date"], "analysis_sets.0.requires.0"),
    ("responders.7.of", ["vas_ge50", "odi_ge200"], "responders.7.of.1"),
    ("responders.10.visits", ["d121"], "responders.10.visits.0"),
    ("report.document", "manuscrpt", "report.document"),
    ("report.document", "../x", "report.document"),
    # Contrasts that are none, and sets that hold the wrong people.
    ("randomised.control", "treatment", "randomised.control"),
    ("randomised.visit", "baseline", "randomised.visit"),
    ("randomised.responder", "vas50_or_odi20_x", "randomised.responder"),
    ("responders.10.visits", ["y1"], "randomised.responder"),
    ("mixed_model.visits", ["baseline", "m6"], "mixed_model.visits.0"),
    ("mixed_model.visits", ["y1", "m6"], "mixed_model.visits"),
    ("mixed_model.outcomes", [], "mixed_model.outcomes"),
    ("mixed_model.visits", [], "mixed_model.visits"),
    ("opioids.visits", ["baseline", "y1"], "opioids.visits.0"),
    ("analysis_sets.1.requires", [], "analysis_sets.1.requires"),
    ("analysis_sets.1.id", "treated", "analysis_sets"),
    ("visits.1.not_after", "activation_date", "visits.1.not_after"),
    ("device_use.exposure_start", {}, "device_use.exposure_start"),
    ("arms", [], "arms"),
    ("responders.10.visits", [], "responders.10.visits"),
    # Windows: in the order of time, no day twice.
    ("visits.0.window", [10, 60], "visits.0"),  # the baseline after treatment began
    ("visits.3.window", [250, 547], "visits.3.window"),
    ("visits.4.target_day", 300, "visits.4"),
    ("visits.3.years", 0.2, "visits.3.years"),
    ("visits.3.label", "9 years", "visits.3.label"),
    # The scale is the instrument's.
    ("outcomes.0.unit", "mm", "outcomes.0.unit"),
    ("outcomes.0.better", "higher", "outcomes.0.better"),
    ("outcomes.2.better", "lower", "outcomes.2.better"),
    ("responders.+", TWIN | {"outcome": "eq5d", "threshold": 20}, "responders.11.kind"),
    # What a label prints is what is computed.
    ("responders.1.threshold", 40, "responders.1.label"),
    ("responders.1.label", "VAS reduced by 40 % or more", "responders.1.label"),
    ("responders.6.label", "ODI reduced by 20 % or more", "responders.6.label"),
    ("responders.7.label", "VAS by 40 % and/or ODI by 20 points", "responders.7.label"),
    ("responders.7.of", ["vas_ge50", "odi_ge15"], "responders.7.label"),
    # Texts and ids.
    ("arms.0.label", "", "arms.0.label"),
    ("arms.0.label", "  ", "arms.0.label"),
    ("arms.0.label", "Therapy\u202estimulation", "arms.0.label"),
    ("arms.0.label", 5, "arms.0.label"),
    ("study.title", "One\nTwo", "study.title"),
    ("study.short_title", None, "study.short_title"),
    ("study.id", "reactiv8c", "study.id"),
    ("study.id", "ReActiv8-B", "study.id"),
    ("arms.+", {"id": "all", "label": "Both arms"}, "arms.2.id"),
    ("outcomes.0.unit", "", "outcomes.0.unit"),
    ("assumptions.0.reason", "", "assumptions.0.reason"),
    # Nothing twice.
    ("arms.1.id", "treatment", "arms.1.id"),
    ("arms.1.label", "Therapeutic stimulation", "arms.1.label"),
    ("visits.4.id", "y1", "visits.4.id"),
    ("responders.+", TWIN | {"id": "vas", "threshold": 20}, "responders.11.id"),
    ("characteristics.1.id", "bmi", "characteristics.2.id"),
    ("assumptions.1.id", "value_set", "assumptions.1.id"),
    ("mixed_model.outcomes", ["vas", "vas"], "mixed_model.outcomes.1"),
    ("analysis_sets.2.requires", ["death_date", "death_date"], "analysis_sets.2.requires.1"),
    ("responders.7.of", ["vas_ge50", "vas_ge50"], "responders.7.of.1"),
    # Shapes of sections and definitions.
    ("responders.0.outcome", ..., "responders.0.outcome"),
    ("responders.0.of", ["vas_ge50"], "responders.0.of"),
    ("responders.7.threshold", 5, "responders.7.threshold"),
    ("responders.0.kind", "percent_reducton", "responders.0.kind"),
    ("visits", {}, "visits"),
    ("opioids", [], "opioids"),
    ("study", None, "study"),
]

# The same for the run's configuration; the change is laid over the defaults.
RUN_CASES: list[tuple[dict[str, Any], str]] = [
    ({"seed": -1}, "seed"),
    ({"seed": 2**32}, "seed"),
    ({"seed": 1.5}, "seed"),
    ({"seed": True}, "seed"),
    ({"seed": "1"}, "seed"),
    ({"seed": None}, "seed"),
    ({"study": ""}, "study"),
    ({"tier": "sythetic"}, "tier"),
    ({"tier": "public"}, "data.source"),
    ({"data": {"source": "csv"}}, "data"),
    ({"data": {"source": "sql"}}, "data.source"),
    ({"data": None}, "data"),
    ({"data": {"source": "synthetic", "path": "x"}}, "data.path"),
    ({"tier": "public", "data": {"source": "csv", "path": " "}}, "data.path"),
    ({"tier": "public", "data": {"source": "sdtm", "path": "x"}}, "data.source"),
    ({"study": "cdiscpilot01"}, "data.source"),  # it has no published figures to calibrate to
    ({"render": {"formats": "html"}}, "render.formats"),
    ({"render": {"formats": ["pdff"]}}, "render.formats.0"),
    ({"render": {"engine": "quattro"}}, "render.engine"),
    ({"device_logs": {"shards": 0}}, "device_logs.shards"),
    ({"device_logs": {"shards": True}}, "device_logs.shards"),
    ({"device_logs": [1]}, "device_logs"),
    # Folders that a run would write over.
    ({"paths": {"results": "."}}, "paths.results"),
    ({"paths": {"results": "./"}}, "paths.results"),
    ({"paths": {"results": "workflow"}}, "paths.results"),
    ({"paths": {"results": "Workflow/out"}}, "paths.results"),
    ({"paths": {"results": "config/studies"}}, "paths.results"),
    ({"paths": {"results": ".git"}}, "paths.results"),
    ({"paths": {"results": ".snakemake/out"}}, "paths.results"),
    ({"paths": {"results": "~/x"}}, "paths.results"),
    ({"paths": {"results": "/x"}}, "paths.results"),
    ({"paths": {"results": "out/../../x"}}, "paths.results"),
    ({"paths": {"results": "out{x}"}}, "paths.results"),  # a wildcard of Snakemake
    ({"paths": {"results": "-rf"}}, "paths.results"),
    ({"paths": {"results": "logs"}}, "paths.logs"),
    ({"paths": {"results": "logs/results"}}, "paths.logs"),
    ({"paths": {"logs": "results/logs"}}, "paths.logs"),
    ({"paths": {"logs": "tests"}}, "paths.logs"),
    ({"paths": {"results": "linked"}}, "paths.results"),
    ({"paths": {"results": "home"}}, "paths.results"),
    ({"paths": {"results": "a_file"}}, "paths.results"),
    ({"paths": {"results": "twin"}}, "paths.logs"),
    (
        {
            "tier": "public",
            "data": {"source": "csv", "path": "raw"},
            "paths": {"results": "raw/out"},
        },
        "paths.results",
    ),
]

# Place in the CDISC pilot's mapping, value, field.
_PEOPLE = "tables.participants.columns"
MAPPING_CASES: list[tuple[str, Any, str]] = [
    ("source", "xpt", "source"),
    ("encoding", "utf-9", "encoding"),
    ("tables.participants", ..., "tables"),
    ("tables.participants.optional", True, "tables.participants.optional"),
    ("tables.participants.domain", "dm", "tables.participants.domain"),
    ("tables.participants.columns", {}, "tables.participants.columns"),
    (f"{_PEOPLE}.age_years.variables", ["AGE", "AGE"], f"{_PEOPLE}.age_years.variables.1"),
    (f"{_PEOPLE}.age_years.unit.expected", [], f"{_PEOPLE}.age_years.unit.expected"),
    (f"{_PEOPLE}.sex.codes", {"f": "F", "F": "M"}, f"{_PEOPLE}.sex.codes.F"),
    (f"{_PEOPLE}.sex.codes", {"F": ""}, f"{_PEOPLE}.sex.codes.F"),
    (f"{_PEOPLE}.arm.missing", ["Pbo"], f"{_PEOPLE}.arm.missing"),
    (f"{_PEOPLE}.arm.constant", "placebo", f"{_PEOPLE}.arm.constant"),
    (f"{_PEOPLE}.arm", {"constant": "placebo", "codes": {"A": "b"}}, f"{_PEOPLE}.arm.codes"),
    (f"{_PEOPLE}.site_id", {}, f"{_PEOPLE}.site_id.variables"),
    (f"{_PEOPLE}.treatment_end_date.only_with", "treatment_end_date", "only_with"),
    (f"{_PEOPLE}.last_contact_date.lookup.pick", "latest", "lookup.pick"),
    ("tables.adverse_events.where", {"AESEQ": []}, "tables.adverse_events.where.AESEQ"),
    ("tables.adverse_events.optional", "no", "tables.adverse_events.optional"),
]

# Content of a file given with --configfile, id, words of the sentence.
FILE_CASES: dict[str, tuple[bytes, str, str]] = {
    "duplicate key": (b"seed: 1\ntier: synthetic\nseed: 2\n", "CFG-008", r"'seed' .*lines 1 and 3"),
    "duplicate in a section": (
        b"render:\n  engine: auto\n  engine: quarto\n",
        "CFG-008",
        "lines 2",
    ),
    "duplicate in one line": (b"paths: {results: a, logs: b, results: c}", "CFG-008", "paths.resu"),
    "duplicate with quotes": (b"seed: 1\n'seed': 2\n", "CFG-008", "'seed'"),
    "duplicate in JSON": (b'{"seed": 1,\n "seed": 2}', "CFG-008", "lines 1 and 2"),
    "Latin-1": ("# Zürich\nseed: 1\n".encode("latin-1"), "CFG-007", "line 1 is not UTF-8"),
    "UTF-16": ("seed: 1\n".encode("utf-16"), "CFG-007", "UTF-16"),
    "NUL": (b"seed: 1\nstudy: a\x00b\n", "CFG-007", r"line 2 .*U\+0000"),
    "escape": (b"seed: 1\x1b[2J\n", "CFG-007", r"U\+001B"),
    "tabs": (b"render:\n\tengine: auto\n", "CFG-002", "line 2"),
    "bad indentation": (b"render:\n  engine: auto\n formats: [html]\n", "CFG-002", "line 3"),
    "open bracket": (b"render: {engine: auto\n", "CFG-002", "line"),
    "open quote": (b'study: "reactiv8b\n', "CFG-002", "line"),
    "two documents": (b"seed: 1\n---\nseed: 2\n", "CFG-002", "line 2"),
    "unknown alias": (b"seed: *other\n", "CFG-002", "line 1"),
    "empty file": (b"", "CFG-004", "as a whole"),
    "comments only": (b"# nothing\n", "CFG-004", "as a whole"),
    "a list": (b"- seed: 1\n", "CFG-004", "as a whole"),
    "a word": (b"seed\n", "CFG-004", "as a whole"),
    "Python tag": (b"seed: !!python/object/apply:os.getpid []\n", "CFG-009", "line 1.*python"),
    "own tag": (b"seed: !env SEED\n", "CFG-009", "line 1"),
    "set": (b"render:\n  formats: !!set {html, pdf}\n", "CFG-009", "line 2"),
    "binary": (b"study: !!binary cmVhY3RpdjhiCg==\n", "CFG-009", "binary"),
    "deep lists": (b"seed: " + b"[" * 5000 + b"]" * 5000, "CFG-009", "levels deep"),
    "deep JSON": (b'{"seed":' + b"[" * 60 + b"]" * 60 + b"}", "CFG-009", "levels deep"),
    "5,000 digits": (b"seed: " + b"9" * 5000, "CFG-009", "line 1.*18 digits"),
    "leading zero": (b"seed: 0120\n", "CFG-009", "0120"),
    "sexagesimal": (b"seed: 12:30\n", "CFG-009", "12:30"),
    "underscores": (b"seed: 20_240_110\n", "CFG-009", "20_240_110"),
    "hexadecimal": (b"seed: 0xFF\n", "CFG-009", "0xFF"),
    "yes": (b"disclosure:\n  narratives: yes\n", "CFG-009", "line 2.*'yes'"),
    "key on": (b"on: 1\n", "CFG-009", "the key on"),
    "number as key": (b"1: 2\n", "CFG-009", "the key 1"),
    "list as key": (b"? [a, b]\n: 1\n", "CFG-009", "key"),
    "merge key": (b"a: &a {seed: 1}\n<<: *a\n", "CFG-009", "<<"),
    "an alias of itself": (b"render: &r {engine: *r}\n", "CFG-009", "levels deep"),
    "aliases of aliases": (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n".encode()
            for old, new in zip("abcde", "bcdef", strict=True)
        ),
        "CFG-009",
        "100,000 values",
    ),
    "code of a template engine": (b"__use_yte__: true\nseed: 1\n", "CFG-009", "__use_yte__"),
    "misspelt key": (b"\nsede: 1\n", "CFG-003", r"line 2: 'sede' .*'seed'\?"),
    "bad value": (b"seed: 1\nrender:\n  engine: latex\n", "CFG-004", "line 3: render.engine"),
    "NaN in JSON": (b'{"seed": NaN}', "CFG-004", "seed"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("refusals") / "project")
    (folder / "linked").symlink_to("workflow")
    (folder / "home").symlink_to(folder)
    (folder / "twin").symlink_to("logs")
    (folder / "a_file").write_text("x")
    (folder / "raw").mkdir()
    return folder


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project as the working folder, its files restored afterwards."""
    monkeypatch.chdir(project)
    files = [Path("config/config.yaml"), *Path("config/studies").rglob("*.yaml")]
    kept = {path: path.read_bytes() for path in files}
    yield project
    for path, content in kept.items():
        path.write_bytes(content)


def refused(files: list[str] | None = None, options: tuple[str, ...] = ()) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_configuration(read_layers(files or [], options))
    error = caught.value
    assert error.exit_code == 10
    assert "\n" not in error.message
    assert len(error.message) < 600
    return error


def names_field(error: ConfigError, field: str) -> bool:
    """The field is a word of its own: ``visits.3`` is not found in ``visits.30``."""
    return re.search(rf"(^|[ .'])({re.escape(field)})(\.|:|')", error.message) is not None


def count_of_cases() -> int:
    return len(STUDY_CASES) + len(RUN_CASES) + len(MAPPING_CASES) + len(FILE_CASES)


def test_the_projects_own_configuration_is_accepted(inside: Path) -> None:
    run, study = load_configuration(read_layers([]))
    assert (run.study, study.study.id) == ("reactiv8b", "reactiv8b")
    run, study = load_configuration(read_layers([PILOT_RUN]))
    assert (run.study, study.study.id) == ("cdiscpilot01", "cdiscpilot01")


def test_there_are_many_cases_and_no_two_are_the_same() -> None:
    assert count_of_cases() >= 200
    for cases in (STUDY_CASES, RUN_CASES, MAPPING_CASES):
        assert len({repr(case) for case in cases}) == len(cases)


@pytest.mark.parametrize(("place", "value", "field"), STUDY_CASES)
def test_a_study_file_that_cannot_be_meant(
    inside: Path, place: str, value: Any, field: str
) -> None:
    edit(Path(TRIAL), place, value)
    error = refused()
    assert error.error_id == "CFG-004"
    assert names_field(error, field), error.message
    assert re.match(rf"{re.escape(TRIAL)}(, line \d+)?: ", error.message)


@pytest.mark.parametrize(("values", "field"), RUN_CASES)
def test_a_run_that_cannot_be_meant(inside: Path, values: Any, field: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    error = refused([str(path)])
    assert error.error_id == "CFG-004"
    assert names_field(error, field), error.message
    assert error.message.startswith(str(path)), error.message


@pytest.mark.parametrize(("place", "value", "field"), MAPPING_CASES)
def test_a_mapping_that_cannot_be_meant(inside: Path, place: str, value: Any, field: str) -> None:
    edit(Path(PILOT_MAPPING), place, value)
    error = refused([PILOT_RUN])
    assert error.error_id == "CFG-004"
    assert names_field(error, field), error.message
    assert error.message.startswith(PILOT_MAPPING)


def test_a_study_without_published_figures_is_not_scored(inside: Path) -> None:
    """The claims are those of another trial."""
    edit(Path(PILOT_RUN).parent / "study.yaml", "report.literature", True)
    error = refused([PILOT_RUN])
    assert names_field(error, "report.literature"), error.message


@pytest.mark.parametrize("case", FILE_CASES)
def test_a_file_that_would_be_misread(inside: Path, case: str, tmp_path: Path) -> None:
    content, error_id, words = FILE_CASES[case]
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    error = refused([str(path)])
    assert error.error_id == error_id, error.message
    assert re.search(words, error.message), error.message
    assert str(path) in error.message


@pytest.mark.parametrize(
    ("option", "error_id", "words"),
    [
        ("seed=true", "CFG-004", "--config: seed"),
        ("seed=0120", "CFG-009", "--config seed.*0120"),
        ("seed", "CFG-002", "key=value"),
        ("sede=1", "CFG-003", "'seed'"),
        ("render={engine: latex}", "CFG-004", "--config: render.engine"),
        ("render={engine: auto, engine: quarto}", "CFG-008", "render"),
        ("render={engine: auto", "CFG-002", "--config render"),
        ("disclosure={minimum_count: two}", "CFG-004", "disclosure.minimum_count"),
    ],
)
def test_a_value_on_the_command_line(inside: Path, option: str, error_id: str, words: str) -> None:
    error = refused(options=(option,))
    assert (error.error_id, bool(re.search(words, error.message))) == (error_id, True), str(error)


def test_values_on_the_command_line_keep_their_kind(inside: Path) -> None:
    """Snakemake reads nested values as text, which a number is not."""
    run, _ = load_configuration(
        read_layers([], ["disclosure={minimum_count: 5, narratives: false}", "seed=7"])
    )
    assert (run.disclosure.minimum_count, run.disclosure.narratives, run.seed) == (5, False, 7)


def test_a_value_given_twice_on_the_command_line_is_refused(inside: Path) -> None:
    assert refused(options=("seed=1", "seed=2")).error_id == "CFG-008"


def test_a_file_that_is_not_there_names_the_nearest(inside: Path) -> None:
    error = refused(["config/studies/cdiscpilot01/confg.yaml"])
    assert error.error_id == "CFG-001"
    assert "did you mean 'config/studies/cdiscpilot01/config.yaml'?" in error.message


def test_a_folder_is_no_file(inside: Path) -> None:
    error = refused(["config/studies"])
    assert (error.error_id, "it is a folder" in error.message) == ("CFG-007", True)


def test_the_sentence_names_the_layer_that_holds_the_fault(inside: Path, tmp_path: Path) -> None:
    """Of three layers that give the section, the middle one holds the fault."""
    middle, top = tmp_path / "middle.yaml", tmp_path / "top.yaml"
    middle.write_text("render:\n  engine: latex\n")
    top.write_text("render:\n  formats: [html]\n")
    error = refused([str(middle), str(top)])
    assert f"{middle}, line 2: render.engine" in error.message


def test_a_fault_of_the_defaults_names_their_file(inside: Path) -> None:
    edit(Path("config/config.yaml"), "seed", "many")
    assert re.match(r"config/config\.yaml, line \d+: seed", refused().message)


def test_an_unknown_study_names_the_nearest(inside: Path) -> None:
    error = refused(options=("study=reactiv8",))
    assert error.error_id == "CFG-001"
    assert "reactiv8b" in error.message


def test_a_json_file_may_be_indented_with_tabs(inside: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{\n\t"seed": 7\n}\n')
    assert load_configuration(read_layers([path]))[0].seed == 7


def test_a_byte_order_mark_and_crlf_are_read(inside: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 7\r\nrender:\r\n  formats: [html]\r\n")
    assert load_configuration(read_layers([path]))[0].seed == 7
