"""The run configuration: what follows from its settings."""

from __future__ import annotations

import pytest

from multifidus.config.run import DisclosureConfig


@pytest.mark.parametrize(
    ("minimum_count", "narratives", "written"),
    [(0, None, True), (5, None, False), (5, True, True), (0, False, False)],
)
def test_narratives_are_left_out_where_small_counts_are(
    *, minimum_count: int, narratives: bool | None, written: bool
) -> None:
    """They describe single participants, so a hidden count could be read from them."""
    disclosure = DisclosureConfig(minimum_count=minimum_count, narratives=narratives)
    assert disclosure.writes_narratives is written
