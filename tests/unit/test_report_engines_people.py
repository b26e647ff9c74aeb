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


@pytest.mark.parametrize(
    ("affiliations", "marks", "names"),
    [
        ([[{"ref": "a"}], [{"ref": "b"}, {"ref": "a"}]], [[2], [1, 2]], "b a c"),
        ([[{"ref": "a"}], [{"name": "in"}]], [[3], [1]], "in b a c"),
        (
            [[{"ref": "a"}, {"ref": "b"}], [{"ref": "a"}, {"name": "in"}]],
            [[3, 2], [3, 1]],
            "in b a c",
        ),
        ([[{"ref": "b"}], [{"name": "a"}]], [[2], [1]], "a b c"),
    ],
)
def test_numbers_are_those_of_quarto(
    affiliations: list[list[dict[str, str]]], marks: list[list[int]], names: str
) -> None:
    """Title blocks that Quarto 1.9.38 made of these authors."""
    made = people(
        {
            "author": [
                {"name": name, "affiliations": own}
                for name, own in zip(("Ada", "Bo"), affiliations, strict=True)
            ],
            "affiliations": [{"id": name, "name": name} for name in "bac"],
        }
    )
    numbers = [[item["number"] for item in author["affiliations"]] for author in made["by-author"]]
    assert numbers == marks
    assert [item["name"] for item in made["by-affiliation"]] == names.split()


def test_references_have_the_fields_and_numbers_of_what_is_declared() -> None:
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
    assert [item["number"] for item in first["affiliations"]] == [2, 1]
    assert first["attributes"] == {"corresponding": True}
    assert (first["orcid"], first["email"]) == ("0000-0002-1825-0097", "ada@example.org")
    assert [item["number"] for item in second["affiliations"]] == [1]
    assert made["by-affiliation"][1] == {
        "id": "aff-2",
        "number": 2,
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
