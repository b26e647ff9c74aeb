"""Write the conda environments from pyproject.toml and the lock: same packages, same versions.

``environment.yml`` is the whole environment with Quarto and the developers' tools;
``workflow/envs/multifidus.yaml`` is what the rules' scripts import. Run by ``make lock``.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "3.11"
# None is in the lock: Quarto is no Python package, pandoc comes inside a wheel there, and librsvg
# gives pandoc the program that turns SVG pictures of a Word file into pixels.
QUARTO, PANDOC, LIBRSVG = "1.9.38", "3.9", "2.58.4"
CONDA_NAMES = {
    "isal": "python-isal",
    "matplotlib": "matplotlib-base",
    "pandera": "pandera-pandas",
    "pypandoc-binary": "pypandoc",
    "snakemake": "snakemake-minimal",
    "typst": "typst-py",
}
# Rules run inside Snakemake; they do not import it.
NOT_IN_RULES = ("snakemake", "snakemake-executor-plugin-slurm")


def normalise(name: str) -> str:
    """Return a package's name as it stands in the lock."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_versions(lock: str) -> dict[str, str]:
    """Return name and version of every package of a lock."""
    return {normalise(name): version for name, version in re.findall(r"(?m)^(\S+)==(\S+)", lock)}


def direct_names(requirements: list[str]) -> list[str]:
    """Return the names of direct requirements."""
    return [normalise(re.split(r"[<>=!~;\[ ]", text)[0]) for text in requirements]


def lines_for(names: list[str], versions: dict[str, str]) -> list[str]:
    """Return the dependency lines of an environment, sorted."""
    pins = [f"{CONDA_NAMES.get(name, name)}={versions[name]}" for name in names]
    pins += [f"librsvg={LIBRSVG}", f"pandoc={PANDOC}", f"python={PYTHON}", f"quarto={QUARTO}"]
    return [f"  - {pin}" for pin in sorted(pins)]


def environment(comment: str, head: list[str], channels: list[str], pins: list[str]) -> str:
    """Return an environment file."""
    channel_lines = [f"  - {channel}" for channel in channels]
    return "\n".join(
        [f"# {comment}", *head, "channels:", *channel_lines, "dependencies:", *pins, ""]
    )


def main() -> None:
    """Write both files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = locked_versions((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    runtime = direct_names(project["dependencies"])
    developers = direct_names(project["optional-dependencies"]["dev"])
    files = {
        ROOT / "environment.yml": environment(
            "The versions of requirements.lock, with Quarto. Written by `make lock`."
            "\n# Snakemake and its tools come from bioconda, everything else from conda-forge.",
            ["name: multifidus"],
            ["conda-forge", "bioconda", "nodefaults"],
            lines_for(runtime + developers, versions),
        ),
        ROOT / "workflow" / "envs" / "multifidus.yaml": environment(
            "What the rules' scripts need: the versions of requirements.lock, with Quarto.",
            [],
            ["conda-forge", "nodefaults"],
            lines_for([name for name in runtime if name not in NOT_IN_RULES], versions),
        ),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
