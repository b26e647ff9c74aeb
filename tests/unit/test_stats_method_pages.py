"""The method pages: every example is run and must print what the page says."""

import doctest
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs" / "methods").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_print_what_the_page_says(page):
    failed, attempted = doctest.testfile(str(page), module_relative=False, report=True)
    assert failed == 0
    if page.stem not in {"README", "imputation_coverage"}:
        assert attempted > 0, "a method page needs an example"


def test_index_names_every_page():
    index = next(page for page in PAGES if page.stem == "README").read_text(encoding="utf-8")
    for page in PAGES:
        if page.stem != "README":
            assert f"({page.name})" in index
