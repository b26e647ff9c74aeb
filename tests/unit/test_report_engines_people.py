"""Authors and affiliations: Quarto's front matter schema (quarto.org, "Front matter")."""

from __future__ import annotations

import pytest

from multifidus.base.errors import RenderError
from multifidus.report.engines.people import people


def test_plain_names_and_one_affiliation_text() -> None:
    made = people({"author": ["Ada Example", {"name": "Bo Sample", "affiliation": "Here"}]})
    assert made["author"] == ["Ada Example", "Bo Sample"]
    assert made["by-author"][0]["affiliations"] == []
    assert made["by-affiliation"] == [{"id": "aff-1", "number": 1, "name": "Here"}]


def test_references_are_numbered_in_order_of_first_use() -> None:
    made = people(
        {
            "affiliations": [
                {"id": "b", "name": "Second", "city": "Leiden"},
                {"id": "a", "name": "First", "state": "Ohio"},
            ],
            "author": [
                {
                    "name": {"given": "Ada", "family": "Example"},
                    "orcid": "0000-0002-1825-0097",
                    "email": "ada@example.org",
                    "corresponding": True,
                    "affiliations": [{"ref": "a"}, {"ref": "b"}],
                },
                {"name": "Bo", "affiliations": [{"name": "Second", "city": "Leiden"}]},
            ],
        }
    )
    first, second = made["by-author"]
    assert first["name"] == {"literal": "Ada Example"}
    assert [item["number"] for item in first["affiliations"]] == [1, 2]
    assert first["attributes"] == {"corresponding": True}
    assert (first["orcid"], first["email"]) == ("0000-0002-1825-0097", "ada@example.org")
    assert [item["number"] for item in second["affiliations"]] == [2]
    assert made["by-affiliation"][0] == {
        "id": "aff-1",
        "number": 1,
        "name": "First",
        "region": "Ohio",
    }


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"author": [{"email": "a@b.c"}]}, "author 1 .* has no name"),
        ({"author": [{"name": "A", "affiliations": [{"ref": "x"}]}]}, "'x' of A is not declared"),
    ],
)
def test_what_is_missing_is_named(metadata: dict[str, object], message: str) -> None:
    with pytest.raises(RenderError, match=message) as caught:
        people(metadata)
    assert caught.value.error_id == "RND-024"
