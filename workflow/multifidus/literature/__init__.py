"""Published claims as data: their arithmetic checks, the divergence register and the scorecard.

The tables live in the repository's ``literature`` folder: `models` and `value_sets` describe them,
`claims` reads them and holds them against each other. `checks` asks whether published figures can
stand together, `recompute` derives figures from other published ones, `scorecard` holds every
claim against what the pipeline gives, and `verdicts` makes sure that no verdict changes unnoticed.
"""

from multifidus.literature.bibliography import bibliography_keys, short_citations
from multifidus.literature.checks import check_claims, require_declared
from multifidus.literature.claims import Literature, load_claims, load_literature
from multifidus.literature.page import ScorecardFiles, write_scorecard
from multifidus.literature.printed import Printed, parse_printed, precision
from multifidus.literature.recompute import recompute_figures
from multifidus.literature.scorecard import build_scorecard
from multifidus.literature.value_sets import ValueSets, load_mme_factors, load_value_sets
from multifidus.literature.verdicts import (
    compare_verdicts,
    load_expected_verdicts,
    verdict_counts,
    write_expected_verdicts,
)

__all__ = [
    "Literature",
    "Printed",
    "ScorecardFiles",
    "ValueSets",
    "bibliography_keys",
    "build_scorecard",
    "check_claims",
    "compare_verdicts",
    "load_claims",
    "load_expected_verdicts",
    "load_literature",
    "load_mme_factors",
    "load_value_sets",
    "parse_printed",
    "precision",
    "recompute_figures",
    "require_declared",
    "short_citations",
    "verdict_counts",
    "write_expected_verdicts",
    "write_scorecard",
]
