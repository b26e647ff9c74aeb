"""The statistics engine from the command line, on a user's own CSV file.

Each command reads one CSV (UTF-8, header row; only an empty cell is missing) and writes CSV to
standard output or to ``--output``, so results can be piped. Notes on how the file was read go to
standard error.
"""

from __future__ import annotations

import typer

from multifidus.stats.command import (
    categorical,
    continuous,
    imputed,
    mixed_model,
    multiplicity,
    regression,
    time_to_event,
)

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Statistics on your own CSV: models, means, proportions, rates, survival, pooling.",
)

app.command("mmrm")(mixed_model.fit_mmrm)
app.command("change")(continuous.change)
app.command("ancova")(continuous.ancova)
app.command("hodges-lehmann")(continuous.hodges_lehmann)
app.command("proportion")(categorical.one_proportion)
app.command("compare-proportions")(categorical.compare_proportions)
app.command("rate")(categorical.one_rate)
app.command("logistic")(regression.fit_logistic)
app.command("negative-binomial")(regression.fit_negative_binomial)
app.command("survival")(time_to_event.survival_curve)
app.command("log-rank")(time_to_event.log_rank_test)
app.command("cox")(time_to_event.fit_cox)
app.command("impute")(imputed.imputed_difference)
app.command("pool")(multiplicity.pool_estimates)
app.command("adjust")(multiplicity.adjust_p)
