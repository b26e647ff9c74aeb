"""Whether what a study file names is in the project around it: value sets, events, documents."""

from __future__ import annotations

import csv
import difflib
from typing import TYPE_CHECKING

from multifidus.config.base import Fault, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from multifidus.config.run import RunConfig
    from multifidus.config.study import StudyConfig

__all__ = ["check_run_fits_study", "check_study_resources", "lacks_device_logs"]


def check_study_resources(study: StudyConfig, folder: str, project: Path) -> None:
    """Check what a study names against the files of the project.

    Parameters
    ----------
    study
        The study.
    folder
        Name of the folder that its file is in.
    project
        The project's folder.

    Raises
    ------
    Fault
        With the place of the id that is not the folder's, or of the name that no file defines.
    """
    if study.study.id != folder:
        raise Fault(("study", "id"), f"'{study.study.id}' is not the name of its folder '{folder}'")
    documents = {path.stem for path in (project / "reports/manuscript").glob("*.qmd")}
    _known(("report", "document"), study.report.document, documents, "document")
    for place, value, file, column in _named_in_tables(study, project / "literature"):
        _known(place, value, set(_column(file, column)), f"{column} in {file.name}")


def check_run_fits_study(
    run: RunConfig, study: StudyConfig, project: Path, home: Path | None = None
) -> None:
    """Check that the study has what the run's tier and source of data need.

    Raises
    ------
    Fault
        With the place in the run's configuration.
    """
    if run.data.source in ("none", "synthetic") and not study.report.literature:
        raise Fault(
            ("data", "source"),
            f"'{run.data.source}' needs published figures, and study '{run.study}' has none"
            " (report.literature is false): name the trial's data",
            ("study",),
        )
    if run.device_logs.when_missing == "refuse" and lacks_device_logs(run, study, project):
        raise Fault(
            ("data", "path"),
            f"the study reports device use, and '{run.data.path}/logs' holds no stimulator logs:"
            " add them, or set device_logs.when_missing to 'omit'",
            ("device_logs", "when_missing"),
        )
    mapping = (home or project) / "config/studies" / run.study / "mapping.yaml"
    if run.data.source == "sdtm" and not mapping.is_file():
        raise Fault(
            ("data", "source"),
            f"'sdtm' needs the file config/studies/{run.study}/mapping.yaml: write one",
            ("study",),
        )


def lacks_device_logs(run: RunConfig, study: StudyConfig, project: Path) -> bool:
    """Whether a study reports device use and the run's data folder has no stimulator logs."""
    if study.device_use is None or run.data.path is None:
        return False
    return not any((project / run.data.path / "logs").glob("*"))


def _named_in_tables(
    study: StudyConfig, literature: Path
) -> Iterator[tuple[Place, str, Path, str]]:
    """Give place, name, table and column of everything that the literature's tables define."""
    if study.report.literature:
        yield ("report", "literature"), study.study.id, literature / "claims.csv", "study"
    for n, outcome in enumerate(study.outcomes):
        if outcome.value_set is not None:
            file = literature / "value_sets/value_sets.csv"
            yield ("outcomes", n, "value_set"), outcome.value_set, file, "id"
    if study.opioids is not None:
        file = literature / "mme/factors.csv"
        yield ("opioids", "conversion"), study.opioids.conversion, file, "edition"
    for kind in study.adverse_events.comparator_terms:
        place: Place = ("adverse_events", "comparator_terms", kind)
        yield place, kind, literature / "comparators.csv", "event"


def _column(file: Path, name: str) -> Iterable[str]:
    """Return the values of a column; none of a file that its own check reports as missing."""
    if not file.is_file():
        return
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield row.get(name) or ""


def _known(place: Place, value: str, known: set[str], what: str) -> None:
    if known and value not in known:
        near = difflib.get_close_matches(value, sorted(known), n=1, cutoff=0.6)
        hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(sorted(known))}"
        raise Fault(place, f"there is no {what} '{value}'; {hint}")
