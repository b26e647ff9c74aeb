"""Multiple imputation of the outcomes and of definitions on them, against what must come out.

Sixty participants, VAS and ODI at baseline and two visits, drawn once; the answers are those that a
complete table gives, plain arithmetic on the draws, or an order that the assumptions force.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hand_written_cohort import study

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.responders.shares import summarise_responders
from multifidus.analyses.sensitivity.multiple_imputation import (
    summarise_multiple_imputation,
)
from multifidus.analyses.sensitivity.single_imputation import summarise_single_imputation
from multifidus.config.study import StudyConfig
from multifidus.contracts.check import empty_table
from multifidus.results.table import ResultRow

SIZE = 60
VISITS = ("baseline", "y1", "y2")


def trial() -> StudyConfig:
    """Keep baseline and two visits, VAS and ODI, and a definition that asks for analgesics."""
    whole = study().model_dump(mode="json")
    whole["visits"] = [one for one in whole["visits"] if one["id"] in VISITS]
    whole["outcomes"] = [one for one in whole["outcomes"] if one["id"] in ("vas", "odi")]
    whole["responders"] = [one for one in whole["responders"] if one["id"] != "primary"]
    half = next(one for one in whole["responders"] if one["id"] == "vas_ge50")
    whole["responders"].append(half | {"id": "strict", "refuse_analgesic_increase": True})
    joined = {"id": "strict_or_odi", "label": "Joined", "kind": "any_of"}
    whole["responders"].append(joined | {"of": ["strict", "odi_ge20"]})
    whole["analysis_sets"] = [one for one in whole["analysis_sets"] if one["id"] != "completers"]
    whole["mixed_model"] |= {"outcomes": ["vas", "odi"], "visits": ["y1", "y2"]}
    whole |= {"randomised": None, "opioids": None}
    return StudyConfig.model_validate(whole)


def values(outcome: str) -> np.ndarray:
    """Return participants by visits: baseline, year 1, year 2; odd participants get worse."""
    rng = np.random.default_rng({"vas": 1, "odi": 2}[outcome])
    start, scale = {"vas": (7.0, 1.0), "odi": (40.0, 8.0)}[outcome]
    baseline = rng.normal(start, scale, SIZE)
    own = rng.normal(0, 2 * scale, SIZE)
    later = [baseline - drop * scale + own + rng.normal(0, scale, SIZE) for drop in (2.5, 3.0)]
    return np.column_stack([baseline, *later])


def given(lost: int = 0) -> AnalysisInputs:
    """Return the trial with the first ``lost`` participants not seen at year 2."""
    rows = []
    for outcome in ("vas", "odi"):
        for person, line in enumerate(values(outcome)):
            for visit, value in zip(VISITS, line, strict=True):
                if visit == "y2" and person < lost:
                    continue
                change = np.nan if visit == "baseline" else value - line[0]
                rows.append((f"P{person:02d}", outcome, visit, value, line[0], change))
    columns = ["participant_id", "parameter", "visit", "value", "baseline", "change"]
    people = empty_table("participants").reindex(range(SIZE))
    day = pd.Timestamp("2020-01-01")
    people = people.assign(
        participant_id=[f"P{n:02d}" for n in range(SIZE)],
        arm=["treatment", "control"] * (SIZE // 2),
        randomisation_date=day,
        treatment_start_date=day,
    )
    tables = {"participants": people, "analgesics": empty_table("analgesics")}
    return AnalysisInputs(trial(), tables, pd.DataFrame(rows, columns=columns), seed=11)


def by_id(rows: list[ResultRow]) -> dict[str, ResultRow]:
    return {row.result_id: row for row in rows}


def test_with_nobody_missing_every_share_is_the_observed_one() -> None:
    """Nothing is imputed, so every definition, the one without worsening included, must give the
    observed share, and every imputation of the change the plain mean."""
    here = given()
    observed, imputed = (
        by_id(summarise_responders(here)),
        by_id(summarise_multiple_imputation(here)),
    )
    names = {row.outcome for row in imputed.values() if row.analysis == "responder_mi"}
    assert "vas50_or_odi20_not_worse" in names
    for name in sorted(names):
        mine = imputed[f"responder_mi.{name}.y2.itt.all.percent"]
        theirs = observed[f"responder.{name}.y2.observed.all.percent"]
        assert mine.value == pytest.approx(theirs.value), name
        assert (mine.n, mine.total) == (SIZE, SIZE), name
    plain = imputed["responder_mi.vas50_or_odi20.y2.itt.all.percent"].value
    kept = imputed["responder_mi.vas50_or_odi20_not_worse.y2.itt.all.percent"].value
    assert kept < plain, "somebody of the sixty responds on one measure and is worse on the other"
    table = values("vas")
    mean = float((table[:, 2] - table[:, 0]).mean())
    for analysis in ("change_mi", "change_j2b"):
        assert imputed[f"{analysis}.vas.y2.itt.all.mean"].value == pytest.approx(mean)


def test_what_was_imputed_stands_in_the_counts() -> None:
    """Fifteen of sixty are not seen at year 2: 45 with all that a definition reads, of 60."""
    rows = by_id(summarise_multiple_imputation(given(15)))
    for name in ("vas_ge50", "odi_ge20", "vas50_or_odi20_not_worse"):
        row = rows[f"responder_mi.{name}.y2.itt.all.percent"]
        assert (row.n, row.total) == (45, SIZE)
        assert rows[f"responder_mi.{name}.y1.itt.all.percent"].n == SIZE


def test_a_definition_that_asks_for_analgesics_is_not_imputed() -> None:
    """Nor one that is joined from such a definition; both are observed and counted as missing."""
    rows = [*summarise_multiple_imputation(given(15)), *summarise_single_imputation(given(15))]
    imputed = {row.outcome for row in rows if row.analysis == "responder_mi"}
    counted = {row.outcome for row in rows if row.analysis == "responder_nri"}
    assert not imputed & {"strict", "strict_or_odi"}
    assert {"strict", "strict_or_odi"} <= counted


def test_the_jump_to_baseline_lies_between_missing_at_random_and_the_worst_case() -> None:
    """All fell by three scale units on average; a quarter of them returns to baseline on average,
    but for what they had over the others at year 1. The pooled mean moves by about a quarter of the
    mean fall towards zero."""
    here = given(15)
    imputed = by_id(summarise_multiple_imputation(here))
    single = by_id(summarise_single_imputation(here))
    mar = imputed["change_mi.vas.y2.itt.all.mean"].value
    jump = imputed["change_j2b.vas.y2.itt.all.mean"].value
    worst = single["change_worst_case.vas.y2.itt.all.mean"].value
    assert mar < jump < worst
    fall = float((values("vas")[:, 2] - values("vas")[:, 0]).mean())
    assert jump - mar == pytest.approx(-fall / 4, abs=0.25)
    assert "jump to baseline" in imputed["change_j2b.vas.y2.itt.all.mean"].method
    assert "mean change of zero" in imputed["change_j2b.vas.y2.itt.all.mean"].method
