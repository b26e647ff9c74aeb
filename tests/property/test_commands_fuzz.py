"""No malformed input ends in a traceback; ``benchmarks/fuzz_commands.py`` tries many more."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from fuzz_commands import GROUPS, STATS, outcome

INPUTS = dict.fromkeys(GROUPS, 20) | {"stats": 3 * len(STATS)}


@pytest.mark.parametrize("group", GROUPS)
def test_malformed_inputs_end_with_an_answer_or_one_sentence(group, tmp_path):
    for number in range(INPUTS[group]):
        _, trace = outcome(group, number, 1, tmp_path)
        assert not trace, trace
