"""The CDISC pilot trial through the same analyses, against its report and against plain loops.

CDISC SDTM/ADaM Pilot Project (CDISCPILOT01). Printed figures are those of its clinical study report
as replicated by the R Consortium submission pilots and others: Table 14-2.01 (age) and Table
14-5.01 (treatment-emergent events: participants, per cent, events).
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.registry import ANALYSES, run_analysis
from multifidus.config.load import load_study
from multifidus.config.mapping import load_mapping
from multifidus.contracts.tables import TABLES, read_table
from multifidus.ingest.run import ingest_tables
from multifidus.results.ids import slug

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("MULTIFIDUS_SHARED_DATA", ROOT / "../shared/data")) / "cdisc-pilot"
ARMS = {"Pbo": "placebo", "Xan_Lo": "xanomeline_low", "Xan_Hi": "xanomeline_high"}

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(
        not (SHARED / "ae.xpt").is_file(),
        reason="The CDISC pilot's transport files are not at hand (set MULTIFIDUS_SHARED_DATA).",
    ),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    config = ROOT / "config" / "studies" / "cdiscpilot01"
    study = load_study(config / "study.yaml")
    folder = tmp_path_factory.mktemp("pilot")
    ingest_tables(
        source="sdtm",
        folder=SHARED,
        study=study,
        tier="public",
        tables=folder / "tables",
        report=folder / "report",
        mapping=config / "mapping.yaml",
    )
    assert load_mapping(config / "mapping.yaml") is not None
    inputs = AnalysisInputs(study, {name: read_table(folder / "tables", name) for name in TABLES})
    names = ("baseline", "flow", "adverse_events", "device_events")
    for name in set(ANALYSES) - set(names):
        assert not run_analysis(name, inputs), (
            f"{name} does not apply to a drug trial without scores"
        )
    return {row.result_id: row.value for name in names for row in run_analysis(name, inputs)}


@pytest.mark.parametrize(
    ("arm", "mean", "sd", "median", "smallest", "largest"),
    [
        ("placebo", 75.21, 8.59, 76.0, 52, 89),
        ("xanomeline_low", 75.67, 8.29, 77.5, 51, 88),
        ("xanomeline_high", 74.38, 7.89, 76.0, 56, 88),
    ],
)
def test_age_as_in_table_14_2_01(
    results: dict[str, float], *, arm: str, mean: float, sd: float, median: float, smallest: int,
    largest: int,
) -> None:  # fmt: skip
    prefix = f"baseline.age.baseline.safety.{arm}."
    assert round(results[prefix + "mean"], 2) == mean
    assert round(results[prefix + "sd"], 2) == sd
    assert results[prefix + "median"] == median
    assert (results[prefix + "min"], results[prefix + "max"]) == (smallest, largest)


@pytest.mark.parametrize(
    ("arm", "participants", "percent", "events"),
    [("placebo", 65, 75.6, 281), ("xanomeline_high", 76, 90.5, 433)],
)
def test_any_event_as_in_table_14_5_01(
    results: dict[str, float], *, arm: str, participants: int, percent: float, events: int
) -> None:
    prefix = f"adverse_events.any.overall.safety.{arm}."
    assert results[prefix + "participants"] == participants
    assert round(results[prefix + "percent"], 1) == percent
    assert results[prefix + "events"] == events


def test_flow(results: dict[str, float]) -> None:
    """306 screened, 52 failures, 254 randomised and treated: 86, 84 and 84."""
    stage = "flow.{}.overall.safety.{}.count"
    assert results[stage.format("screened", "all")] == 306
    assert results[stage.format("screen_failure", "all")] == 52
    for arm, size in (
        ("all", 254),
        ("placebo", 86),
        ("xanomeline_low", 84),
        ("xanomeline_high", 84),
    ):
        assert results[stage.format("randomised", arm)] == size
        assert results[stage.format("treated", arm)] == size
        ended = results[stage.format("completed", arm)] + results[stage.format("discontinued", arm)]
        assert ended == size, "everybody completed or discontinued"


def test_classes_and_terms_agree_with_plain_loops(results: dict[str, float]) -> None:
    """Sets of people, filled row by row from the transport files, with dates compared as text.

    A start cut after year or month counts when it can lie on or after the first dose and the event
    was not over before it; the text of the date and the same part of the first dose are compared.
    """
    pyreadstat = pytest.importorskip("pyreadstat")
    subjects = pyreadstat.read_xport(str(SHARED / "dm.xpt"))[0].to_dict("records")
    events = pyreadstat.read_xport(str(SHARED / "ae.xpt"))[0].to_dict("records")
    first_dose = {row["USUBJID"]: row["RFXSTDTC"][:10] for row in subjects if row["RFXSTDTC"]}
    arm_of = {row["USUBJID"]: ARMS.get(row["ARMCD"]) for row in subjects}
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    count: dict[tuple[str, str], int] = defaultdict(int)
    for event in events:
        subject = event["USUBJID"]
        if subject not in first_dose:
            continue
        start, dose, end = event["AESTDTC"][:10], first_dose[subject], event["AEENDTC"][:10]
        if start < dose[: len(start)] or (len(start) < 10 and end and end < dose):
            continue
        outcomes = ["any", "soc_" + slug(event["AESOC"]), "pt_" + slug(event["AEDECOD"])]
        outcomes += ["related"] if event["AEREL"] in ("POSSIBLE", "PROBABLE") else []
        outcomes += ["serious"] if event["AESER"] == "Y" else []
        for outcome in outcomes:
            for group in ("all", arm_of[subject]):
                people[outcome, group].add(subject)
                count[outcome, group] += 1
    name = "adverse_events.{}.overall.safety.{}.{}"
    outcomes = {outcome for outcome, _ in people}
    assert len(outcomes) > 200
    for outcome in outcomes:
        for group in ("all", *ARMS.values()):
            found = results[name.format(outcome, group, "participants")]
            assert found == len(people[outcome, group]), (outcome, group)
            assert results[name.format(outcome, group, "events")] == count[outcome, group]
    reported = {key.split(".")[1] for key in results if key.startswith("adverse_events.pt_")}
    assert reported == {outcome for outcome in outcomes if outcome.startswith("pt_")}
    assert not [key for key in results if key.startswith("device_events")], "a drug trial"
