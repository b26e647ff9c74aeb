"""No malformed file ends in a traceback; ``benchmarks/fuzz_stats.py`` tries many more."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from fuzz_stats import COMMANDS, arguments_for, malformed, outcome


@pytest.mark.parametrize("command", COMMANDS)
def test_malformed_files_end_with_an_answer_or_one_sentence(command, tmp_path):
    for seed in range(25):
        rng = np.random.default_rng([list(COMMANDS).index(command), 10_000 + seed])
        content, options = malformed(rng), arguments_for(command, rng)
        ended, trace = outcome(command, content, options, tmp_path)
        assert ended != "traceback", trace
