"""Fifty seeds of the synthetic cohort: windows met, seconds, and the pipeline's own results.

For every seed the calibration report is checked, which recomputes each published statistic from the
raw tables. For the first seeds the raw tables also go through the pipeline itself (CSV, ingestion,
scoring, all analyses but device use), and its results are held against the same windows.

Run it with ``python benchmarks/bench_cohort.py [--seeds 50] [--pipeline 5]``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

from multifidus.analyses.inputs import AnalysisInputs  # noqa: E402
from multifidus.analyses.registry import ANALYSES, run_analysis  # noqa: E402
from multifidus.cohort.generate import generate_cohort  # noqa: E402
from multifidus.cohort.tables import CohortTables, write_cohort  # noqa: E402
from multifidus.config.study import StudyConfig  # noqa: E402
from multifidus.contracts.tables import TABLES, read_table  # noqa: E402
from multifidus.ingest.run import ingest_tables  # noqa: E402
from multifidus.instruments.run import score_instruments  # noqa: E402
from multifidus.results.ids import IdParts, make_id  # noqa: E402
from synthetic_cohort import (  # noqa: E402 - the path is set above
    LITERATURE,
    assumed_design,
    published_targets,
)


def pipeline_values(cohort: CohortTables, study: StudyConfig) -> dict[str, float]:
    """Return result id to value, from CSV files through ingestion, scoring and analyses."""
    factors = LITERATURE / "mme/factors.csv"
    with tempfile.TemporaryDirectory(prefix="multifidus-cohort-") as name:
        folder = Path(name)
        write_cohort(cohort, folder / "raw")
        ingest_tables(
            source="csv",
            folder=folder / "raw",
            study=study,
            tier="synthetic",
            tables=folder / "tables",
            report=folder / "report",
            factors=factors,
        )
        tables = {
            table: read_table(folder / "tables", table)
            for table in TABLES
            if (folder / "tables" / f"{table}.parquet").exists()
        }
        score_instruments(
            tables=folder / "tables",
            value_sets=LITERATURE / "value_sets",
            factors=factors,
            study=study,
            scores=folder / "scores.parquet",
            tier="synthetic",
        )
        scores = pd.read_parquet(folder / "scores.parquet")
    inputs = AnalysisInputs(study, tables, scores)
    rows = [row for name in ANALYSES if name != "device_use" for row in run_analysis(name, inputs)]
    return {
        make_id(
            IdParts(r.analysis, r.outcome, r.visit, r.population, r.group, r.statistic)
        ): r.value
        for r in rows
    }


def disagreements(report: pd.DataFrame, values: dict[str, float]) -> list[str]:
    """Return the targets that the pipeline computes and does not print as published."""
    held = report[report["low"].notna() & report["target"].isin(list(values))]
    held = held[~held["target"].str.startswith("mmrm.")]
    found = held["target"].map(values)
    outside = (found < held["low"] - 1e-9) | (found > held["high"] + 1e-9)
    return held.loc[outside, "target"].tolist()


def model_is_weaker(values: dict[str, float]) -> bool:
    """Whether the report's mixed model is weaker than completed cases at p < 0.0001."""
    return all(
        0 < values[f"mmrm.{o}.y5.itt.all.estimate"] / values[f"change.{o}.y5.observed.all.mean"] < 1
        and values[f"mmrm.{o}.y5.itt.all.p_value"] < 0.0001
        for o in ("vas", "odi", "eq5d")
    )


def main() -> None:
    """Draw the cohorts and print what was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--pipeline", type=int, default=5)
    arguments = parser.parse_args()
    study = StudyConfig.model_validate(
        yaml.safe_load((ROOT / "config/studies/reactiv8b/study.yaml").read_text(encoding="utf-8"))
    )
    seconds, met, total, failed = [], 0, 0, []
    for seed in range(arguments.seeds):
        started = time.process_time()
        cohort = generate_cohort(seed, published_targets(), assumed_design())
        seconds.append(time.process_time() - started)
        held = cohort.report[cohort.report["low"].notna()]
        met, total = met + int(held["met"].sum()), total + len(held)
        if seed < arguments.pipeline:
            values = pipeline_values(cohort, study)
            wrong = disagreements(cohort.report, values)
            failed += [f"seed {seed}: {target}" for target in wrong]
            if not model_is_weaker(values):
                failed.append(f"seed {seed}: mixed model")
    print(f"{arguments.seeds} seeds: {met} of {total} windows met")
    print(
        f"processor seconds per seed: median {np.median(seconds):.2f}, largest {max(seconds):.2f}"
    )
    print(f"{arguments.pipeline} seeds through the pipeline: {len(failed)} disagreements")
    print("\n".join(failed))
    if failed or met != total:
        sys.exit(1)


if __name__ == "__main__":
    main()
