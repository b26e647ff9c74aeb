"""The bill of materials, the licence report and the container recipe agree with the locks."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from email.message import Message
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-uv.lock", "requirements-build.lock")


def tool(name: str) -> ModuleType:
    """Import a module of tools/, which is no package."""
    sys.path.insert(0, str(REPOSITORY / "tools"))
    try:
        return __import__(name)
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="module")
def bill() -> Any:
    return json.loads((REPOSITORY / "sbom.cdx.json").read_text(encoding="utf-8"))


def locked() -> set[tuple[str, str]]:
    """Name and version of every locked package, read without the tool's own code."""
    text = "".join((REPOSITORY / name).read_text(encoding="utf-8") for name in LOCKS)
    lines = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
    pairs = [line.split(";")[0].rstrip("\\ ").split("==") for line in lines]
    return {(canonicalize_name(name), version.strip()) for name, version in pairs}


def test_the_bill_is_as_the_locks_say() -> None:
    written = (REPOSITORY / "sbom.cdx.json").read_text(encoding="utf-8")
    module = tool("sbom")
    again = json.dumps(module.bill(REPOSITORY), indent=1, ensure_ascii=False) + "\n"
    assert written == again, "run `make lock` or tools/sbom.py"


def test_every_locked_package_is_in_the_bill_once(bill: Any) -> None:
    listed = [(part["name"], part["version"]) for part in bill["components"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == locked()
    refs = {part["bom-ref"] for part in bill["components"]}
    assert all(part["purl"] == part["bom-ref"] for part in bill["components"])
    assert set(bill["dependencies"][0]["dependsOn"]) <= refs


def test_the_bill_names_the_direct_dependencies(bill: Any) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        canonicalize_name(Requirement(text).name)
        for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])
    }
    by_ref = {part["bom-ref"]: part["name"] for part in bill["components"]}
    assert {by_ref[ref] for ref in bill["dependencies"][0]["dependsOn"]} == wanted


def test_the_pandoc_inside_the_wheel_is_named_with_its_licence(bill: Any) -> None:
    """The version is what the program itself says."""
    pypandoc = pytest.importorskip("pypandoc")
    (wheel,) = [part for part in bill["components"] if part["name"] == "pypandoc-binary"]
    (inner,) = wheel["components"]
    assert inner["version"] == pypandoc.get_pandoc_version()
    assert inner["licenses"] == [{"license": {"id": "GPL-2.0-or-later"}}]


def test_the_bill_holds_nothing_of_its_making(bill: Any) -> None:
    """No time, machine or index: the same locks give the same bytes anywhere."""
    text = json.dumps(bill)
    assert "timestamp" not in text
    assert str(REPOSITORY) not in text
    assert re.findall(r"https?://[^\"]+", text) == [
        "http://cyclonedx.org/schema/bom-1.6.schema.json"
    ]


def test_the_bill_is_valid_cyclonedx() -> None:
    """Against the schema of the standard, where its library is installed."""
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    text = (REPOSITORY / "sbom.cdx.json").read_text(encoding="utf-8")
    assert validator.validate_str(text) is None


class Package(metadata.Distribution):
    """A distribution that has metadata and nothing else."""

    def __init__(self, **fields: str | list[str]) -> None:
        self.fields = Message()
        for name, values in fields.items():
            for value in values if isinstance(values, list) else [values]:
                self.fields[name.replace("_", "-")] = value

    @property
    def metadata(self) -> Any:  # type: ignore[override]
        return self.fields

    def read_text(self, filename: str) -> None:
        return None

    def locate_file(self, path: Any) -> Path:
        return Path(path)


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({"License_Expression": "MIT"}, True),
        ({"License_Expression": "MIT OR GPL-3.0-only"}, True),  # the user may choose
        ({"License_Expression": "MIT AND GPL-3.0-only"}, False),
        ({"License_Expression": "(MIT AND Zlib) OR GPL-3.0-only"}, True),
        ({"License_Expression": "AGPL-3.0-only"}, False),
        ({"License": "Apache 2.0"}, True),
        ({"License": "All rights reserved"}, False),
        ({"License": "Text of some licence\nof its own"}, False),
        ({"Classifier": ["License :: OSI Approved :: MIT License"]}, True),
        ({"Classifier": ["License :: OSI Approved"]}, False),
        (
            {
                "Classifier": [
                    "License :: OSI Approved :: MIT License",
                    "License :: OSI Approved :: GNU General Public License (GPL)",
                ]
            },
            False,
        ),
        ({}, False),
    ],
)
def test_a_licence_is_accepted_or_not(fields: dict[str, Any], accepted: bool) -> None:
    package = Package(Name="example", **fields)
    assert tool("licences").licence_of(package)[1] is accepted


def test_the_installed_environment_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("licences").main() == 0
    report = capsys.readouterr().out
    assert "pandoc, GPL-2.0-or-later" in report
    assert "not installed on this platform" in report


def test_packages_read_by_hand_are_locked() -> None:
    module = tool("licences")
    names = {name for name, _ in locked()}
    assert set(module.READ) | set(module.CARRIED) <= names


def test_the_container_recipe_fits_the_project() -> None:
    """An exact Python release that the project supports, no host name, and the locked set-up."""
    lines = (REPOSITORY / "Containerfile").read_text(encoding="utf-8").splitlines()
    steps = [line for line in lines if line and not line.startswith("#")]
    base = re.fullmatch(r"FROM python:(\d+)\.(\d+)\.(\d+)-slim-[a-z]+", steps[0])
    assert base is not None, steps[0]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"Programming Language :: Python :: {base[1]}.{base[2]}" in project["classifiers"]
    assert "RUN make setup" in steps
    ignored = (REPOSITORY / ".containerignore").read_text(encoding="utf-8").split()
    assert {".venv", "results", "logs", ".git"} <= set(ignored)
