"""The workflow's literature steps: files in, files out, on the committed literature."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from multifidus.base.errors import LiteratureError, ScorecardError
from multifidus.base.files import write_parquet
from multifidus.config.tier import Tier
from multifidus.literature.consistency.run import check_literature
from multifidus.literature.scorecard.page import ScorecardFiles
from multifidus.literature.scorecard.run import score_reproduction
from multifidus.literature.scorecard.verdicts import check_verdicts

_SOURCE = Path(__file__).parents[2] / "literature"


def _check(folder: Path, out: Path, tier: Tier = Tier.PUBLISHED) -> None:
    check_literature(
        folder,
        checks=out / "checks.csv",
        forensics=out / "forensics.csv",
        recomputed=out / "recomputed.csv",
        tier=tier,
    )


def _score(out: Path, results: Path | None, tier: Tier) -> None:
    files = ScorecardFiles(*(out / f"scorecard.{ending}" for ending in ("csv", "json", "html")))
    score_reproduction(_SOURCE, results=results, files=files, tier=tier)


def test_the_published_tier_runs_from_end_to_end(tmp_path: Path) -> None:
    _check(_SOURCE, tmp_path)
    checks = pd.read_csv(tmp_path / "checks.csv", keep_default_na=False)
    assert set(checks["tier"]) == {"published"}
    assert (checks["verdict"] == "disagrees").sum() == (checks["declared_as"] != "").sum() == 7
    _score(tmp_path, None, Tier.PUBLISHED)
    check_verdicts(
        scorecard=tmp_path / "scorecard.csv",
        expected=_SOURCE / "expected_verdicts.csv",
        counts=tmp_path / "verdicts.json",
        tier=Tier.PUBLISHED,
    )
    counts = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))
    card = pd.read_csv(tmp_path / "scorecard.csv", keep_default_na=False)
    assert counts["tier"] == "published"
    assert counts["verdicts"]["reproduced"] == (card["verdict"] == "reproduced").sum() > 20
    page = (tmp_path / "scorecard.html").read_text(encoding="utf-8")
    assert f"{Tier.PUBLISHED.banner}." in page
    assert "Gilligan et al. 2024" in page


def test_results_are_read_and_a_short_cohort_stops_the_build(tmp_path: Path) -> None:
    _check(_SOURCE, tmp_path, Tier.SYNTHETIC)
    results = tmp_path / "results.parquet"
    row = {"result_id": ["level.vas.y5.observed.all.mean"], "value": [2.44], "unit": ["cm"]}
    write_parquet(results, pd.DataFrame(row))
    _score(tmp_path, results, Tier.SYNTHETIC)
    card = pd.read_csv(tmp_path / "scorecard.csv", keep_default_na=False)
    answered = card[card["claim_id"] == "gilligan2024_vas_level_y5_mean"].iloc[0]
    assert (answered["reproduced"], answered["verdict"]) == ("2.4", "reproduced")
    with pytest.raises(ScorecardError, match=r"and \d+ more"):
        check_verdicts(
            scorecard=tmp_path / "scorecard.csv",
            expected=_SOURCE / "expected_verdicts.csv",
            counts=tmp_path / "verdicts.json",
            tier=Tier.SYNTHETIC,
        )
    assert not (tmp_path / "verdicts.json").exists()


def test_a_broken_literature_leaves_no_outputs(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(_SOURCE, tmp_path / "literature"))
    claims = folder / "claims.csv"
    text = claims.read_text(encoding="utf-8")
    # A percentage that its printed count no longer gives: 128 of 155 is not 83.6 %.
    text = text.replace("82.6%,82.6,%,76.6,88.6", "83.6%,83.6,%,77.6,89.6")
    claims.write_text(text, encoding="utf-8")
    with pytest.raises(LiteratureError, match="percent_from_count"):
        _check(folder, tmp_path)
    assert not (tmp_path / "checks.csv").exists()
