"""pyproject.toml, the lock and the conda environments name the same packages and versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

# Names on conda-forge and bioconda that differ from those of the wheels.
CONDA_NAMES = {
    "isal": "python-isal",
    "matplotlib": "matplotlib-base",
    "pandera": "pandera-pandas",
    "pypandoc-binary": "pypandoc",
    "snakemake": "snakemake-minimal",
    "typst": "typst-py",
}
LOCKS = ("requirements.lock", "requirements-uv.lock", "requirements-build.lock")
ENVIRONMENTS = ("environment.yml", "workflow/envs/multifidus.yaml")


def read_lock(path: Path) -> dict[str, tuple[str, int]]:
    """Return name to version and number of hashes of every locked package."""
    packages: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?=\S)", path.read_text(encoding="utf-8")):
        if head := re.match(r"([A-Za-z0-9_.-]+)==(\S+)", entry):
            hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))
            packages[canonicalize_name(head[1])] = (head[2], hashes)
    return packages


def read_environment(path: Path) -> dict[str, str]:
    """Return name to version of a conda environment; only exact ``name=version`` lines pass."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    pins = {}
    for line in content["dependencies"]:
        found = re.fullmatch(r"([a-z0-9-]+)=(\d[\w.]*)", line)
        assert found, f"{path.name}: not an exact pin: {line}"
        pins[found[1]] = found[2]
    return pins


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    """The project table of pyproject.toml."""
    text = (repository / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]


@pytest.fixture(scope="module")
def lock(repository: Path) -> dict[str, tuple[str, int]]:
    """The lock of the environment."""
    return read_lock(repository / "requirements.lock")


@pytest.fixture(scope="module")
def direct(project: dict[str, Any]) -> list[Requirement]:
    """Direct requirements, the developers' too."""
    texts = project["dependencies"] + project["optional-dependencies"]["dev"]
    return [Requirement(text) for text in texts]


def test_every_direct_dependency_is_locked_in_an_allowed_version(
    direct: list[Requirement], lock: dict[str, tuple[str, int]]
) -> None:
    for requirement in direct:
        version, _ = lock[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(repository: Path, name: str) -> None:
    packages = read_lock(repository / name)
    assert packages
    assert [package for package, (_, hashes) in packages.items() if hashes == 0] == []


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_host_and_no_path(repository: Path, name: str) -> None:
    """Only pins, markers and hashes: an address or a folder would bind the lock to one site."""
    text = (repository / name).read_text(encoding="utf-8")
    pin = r"[A-Za-z0-9_.-]+==\S+(?: ; [\w.'\" =!<>()]+)?"
    line = re.compile(rf"(?:{pin}|    --hash=sha256:[0-9a-f]{{64}})(?: \\)?")
    strange = [row for row in text.splitlines() if not line.fullmatch(row)]
    assert strange == []


def test_the_tools_of_set_up_are_locked_alone(repository: Path) -> None:
    assert set(read_lock(repository / "requirements-uv.lock")) == {"uv"}
    assert set(read_lock(repository / "requirements-build.lock")) == {"setuptools"}
    version, _ = read_lock(repository / "requirements-build.lock")["setuptools"]
    build = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["build-system"]
    assert Requirement(build["requires"][0]).specifier.contains(version)


def test_source_only_packages_are_the_ones_that_set_up_builds(
    repository: Path, lock: dict[str, tuple[str, int]]
) -> None:
    """A package published as source only has one file, hence one hash, in the lock."""
    text = (repository / "tools" / "setup.py").read_text(encoding="utf-8")
    allowed = re.search(r"SOURCE_ONLY = \(([^)]*)\)", text)
    assert allowed
    names = set(re.findall(r'"([^"]+)"', allowed[1]))
    assert names <= {name for name, (_, hashes) in lock.items() if hashes == 1}


def test_the_whole_environment_holds_every_direct_dependency(
    repository: Path, direct: list[Requirement], lock: dict[str, tuple[str, int]]
) -> None:
    pins = read_environment(repository / "environment.yml")
    wanted = {}
    for requirement in direct:
        name = canonicalize_name(requirement.name)
        wanted[CONDA_NAMES.get(name, name)] = lock[name][0]
    extra = {"librsvg", "pandoc", "python", "quarto"}
    assert {name: pins[name] for name in pins if name not in extra} == wanted
    assert extra <= set(pins)


def test_the_rules_environment_is_a_part_of_the_whole_one(
    repository: Path, project: dict[str, Any]
) -> None:
    """Everything that a rule's script may import: all but the workflow engine itself."""
    whole, part = (read_environment(repository / name) for name in ENVIRONMENTS)
    assert part.items() <= whole.items()
    names = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    names -= {"snakemake", "snakemake-executor-plugin-slurm"}
    assert {CONDA_NAMES.get(name, name) for name in names} <= set(part)
    assert "quarto" in part


def test_channels_are_named_and_the_default_ones_shut_out(repository: Path) -> None:
    for name in ENVIRONMENTS:
        content = yaml.safe_load((repository / name).read_text(encoding="utf-8"))
        assert content["channels"][0] == "conda-forge"
        assert content["channels"][-1] == "nodefaults"


def test_quarto_is_no_python_dependency(lock: dict[str, tuple[str, int]]) -> None:
    """Its package downloads a program while it is built, which no closed network allows."""
    assert {"quarto", "quarto-cli"}.isdisjoint(lock)


def test_conda_has_the_pandoc_that_the_wheel_carries(repository: Path) -> None:
    """Asked of the program itself."""
    import pypandoc

    carried = Version(pypandoc.get_pandoc_version())
    assert Version(read_environment(repository / "environment.yml")["pandoc"]) == carried


def test_python_is_the_lowest_supported_one(repository: Path, project: dict[str, Any]) -> None:
    pins = read_environment(repository / "environment.yml")
    assert project["requires-python"] == f">={pins['python']}"
