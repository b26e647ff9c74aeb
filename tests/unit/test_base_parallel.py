"""Answers come in the order of the jobs, whatever the number of processes."""

from __future__ import annotations

import math

import pytest

from multifidus.base.parallel import map_processes


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_keep_the_order_of_the_jobs(workers: int) -> None:
    assert list(map_processes(math.factorial, [5, 0, 3], workers)) == [120, 1, 6]
    assert list(map_processes(math.factorial, [4], workers)) == [24]
    assert list(map_processes(math.factorial, [], workers)) == []
