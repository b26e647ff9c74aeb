"""Speed of the statistics engine; MMRM beside R's ``nlme::gls`` on the same data in the same run.

Run with ``python benchmarks/bench_stats.py [--quick]``. Without R (``Rscript`` and ``r-cran-nlme``)
the ratio is left out, and said so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

# one thread each, as nlme::gls has: small matrices gain nothing from more
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from multifidus.stats.examples import trial  # noqa: E402
from multifidus.stats.imputation.analysis import regress_imputations  # noqa: E402
from multifidus.stats.imputation.multiple import impute  # noqa: E402
from multifidus.stats.mmrm.compression import compress  # noqa: E402
from multifidus.stats.mmrm.design import build_design  # noqa: E402
from multifidus.stats.mmrm.model import (  # noqa: E402
    fit_design,
    mmrm,
)
from multifidus.stats.pooling import pool  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

FORMULA = "change ~ arm * visit + baseline:visit"
KEYS = {"subject": "id", "visit": "visit"}
FIT = {
    "covariance": "unstructured",
    "reml": True,
    "df_method": "kenward_roger",
    "fallback": (),
    "aliased": "refuse",
    "alpha": 0.05,
}
R_SCRIPT = """
suppressMessages(library(nlme))
d <- read.csv(commandArgs(TRUE)[1], stringsAsFactors = TRUE)
d <- d[!is.na(d$change), ]
d$place <- as.integer(d$visit)
times <- replicate(3, system.time(g <<- gls(change ~ arm * visit + baseline:visit, d,
  correlation = corSymm(form = ~ place | id), weights = varIdent(form = ~ 1 | visit),
  method = "REML", control = glsControl(msMaxIter = 500, maxIter = 500)))[["elapsed"]])
cat(min(times), format(-2 * as.numeric(logLik(g)), digits = 12))
"""


def best_of(function: Callable[[], object], repeats: int = 3) -> float:
    """Return the shortest wall time of ``repeats`` runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def gls_time(data: pd.DataFrame) -> tuple[float, float] | None:
    """Return R's best time of three and its -2 log-likelihood, or ``None`` without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "trial.csv"
        data.to_csv(source, index=False)
        run = subprocess.run(
            ["Rscript", "-e", R_SCRIPT, str(source)], capture_output=True, text=True, check=False
        )
    if run.returncode != 0:
        return None
    seconds, deviance = run.stdout.split()
    return float(seconds), float(deviance)


def compare_with_gls() -> None:
    """Print MMRM with Kenward-Roger against gls on 200 participants and 6 visits."""
    data = trial(200, 6)
    ours = best_of(lambda: mmrm(data, FORMULA, **KEYS), 5)
    fit = mmrm(data, FORMULA, **KEYS)
    print(f"MMRM, 200 participants x 6 visits, REML, Kenward-Roger   {ours:8.3f} s")
    print(f"  -2 REML log-likelihood {fit.deviance:.6f}, gradient {fit.convergence.gradient:.1e}")
    theirs = gls_time(data)
    if theirs is None:
        print("  R with nlme is not installed: no comparison")
    else:
        print(f"R nlme::gls, same data, no df adjustment                 {theirs[0]:8.3f} s")
        print(f"  -2 REML log-likelihood {theirs[1]:.6f}")
        print(f"  ratio gls / MMRM: {theirs[0] / ours:.1f}")


def large_fit() -> None:
    """Print the time of 1,000 participants by 10 visits (55 covariance parameters)."""
    data = trial(1000, 10)
    seconds = best_of(lambda: mmrm(data, FORMULA, **KEYS), 1)
    print(f"MMRM, 1,000 participants x 10 visits, Kenward-Roger      {seconds:8.3f} s")


def growth_table(sizes: tuple[int, ...]) -> None:
    """Print how reading the design, compressing and fitting grow with participants."""
    print("Growth with participants (6 visits, seconds)")
    print(f"{'participants':>14} {'design':>8} {'compress':>9} {'fit':>8} {'pseudo':>8}")
    for n in sizes:
        data = trial(n, 6)
        start = time.perf_counter()
        design = build_design(data, FORMULA, **KEYS)
        built = time.perf_counter()
        small = compress(design)
        compressed = time.perf_counter()
        fit_design(design, compressed=small, **FIT)
        fitted = time.perf_counter()
        print(
            f"{n:>14,} {built - start:>8.3f} {compressed - built:>9.3f} "
            f"{fitted - compressed:>8.3f} {len(small.y):>8,}"
        )


def imputation(imputations: int) -> None:
    """Print the time of multiple imputation with analysis and pooling, 204 by 6."""
    rng = np.random.default_rng(1)
    data = trial(204, 6, missing=0.0)
    wide = data["change"].to_numpy().reshape(204, 6)
    arm = (data["arm"].to_numpy().reshape(204, 6)[:, 0] == "treatment").astype(float)
    base = data["baseline"].to_numpy().reshape(204, 6)[:, 0]
    monotone = wide.copy()
    for row, last in enumerate(rng.integers(1, 12, 204)):
        monotone[row, last:] = np.nan
    general = monotone.copy()
    general[rng.random(wide.shape) < 0.1] = np.nan
    design = np.column_stack([np.ones(204), arm, base])

    def run(table: np.ndarray, strategy: str) -> None:
        drawn = impute(
            table, base, imputations=imputations, seed=1, arm=arm, reference=0.0, strategy=strategy
        )
        estimates, variances, df = regress_imputations(
            drawn.completed[:, :, -1], design, [0.0, 1.0, 0.0]
        )
        pool(estimates, variances, df_complete=df)

    for name, table in (("monotone", monotone), ("general pattern", general)):
        for strategy in ("mar", "j2r"):
            seconds = best_of(lambda t=table, s=strategy: run(t, s), 1)
            title = f"MI, {imputations:,} imputations of 204 x 6, {name}, {strategy}"
            print(f"{title:<56} {seconds:8.3f} s")


def main() -> None:
    """Run all benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller growth table")
    quick = parser.parse_args().quick
    compare_with_gls()
    large_fit()
    imputation(1000)
    growth_table((200, 2_000, 20_000) if quick else (200, 2_000, 20_000, 200_000))


if __name__ == "__main__":
    main()
