"""Make the project's environment in ``.venv`` from the hash-locked requirements.

Runs on nothing but the standard library of Python 3.11 or newer. ``tools/setup.sh`` finds that
Python and calls this file:

``setup``
    Make ``.venv``, or do nothing when it stands and belongs to the present locks.
``wheelhouse [FOLDER]``
    Fetch every file that the locks name into a folder, for a site without a network.

Variables: ``MULTIFIDUS_NO_UV=1`` installs with pip alone; ``MULTIFIDUS_WHEELHOUSE=FOLDER`` installs
from that folder with no index. Whatever the way, every file is held against the same hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pip_settings import parse_pip_config, refuses_index, uv_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".ready"
LOG = VENV / "setup.log"
BUILD_LOCK = ROOT / "requirements-build.lock"
UV_LOCK = ROOT / "requirements-uv.lock"
LOCK = ROOT / "requirements.lock"
# Published as source only. They are pure Python and built by the locked setuptools, so that no
# file without a hash is ever fetched.
SOURCE_ONLY = ("connection-pool",)
ENVIRONMENT_EXIT = 16
_PROBE = "import multifidus, importlib.util as u; assert u.find_spec('snakemake')"
# Settings under which pip would install elsewhere, skip hashes or write no bytecode.
_DROPPED = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "PIP_CONSTRAINT",
    "PIP_NO_BINARY",
    "PIP_NO_COMPILE",
    "PIP_ONLY_BINARY",
    "PIP_PREFIX",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_TARGET",
    "PIP_USER",
    "VIRTUAL_ENV",
)


class SetupFailure(Exception):  # noqa: N818 - a user's error, not a fault of the program
    """Set-up cannot go on; the message is one sentence with its id."""


class Installer(NamedTuple):
    """Where packages come from.

    Parameters
    ----------
    wheelhouse
        Folder that stands in for every index, or none.
    with_uv
        Whether uv may be used.
    """

    wheelhouse: Path | None
    with_uv: bool

    @property
    def index_options(self) -> list[str]:
        """Options of pip and uv alike."""
        if self.wheelhouse is None:
            return []
        return ["--no-index", "--find-links", str(self.wheelhouse)]


def say(sentence: str) -> None:
    """Print a line of progress at once."""
    print(f"set-up: {sentence}", flush=True)


def venv_program(name: str) -> Path:
    """Return a program of the environment."""
    return VENV / "bin" / name


def clean_environment() -> dict[str, str]:
    """Return the present environment without what would lead an installer astray."""
    return {name: value for name, value in os.environ.items() if name not in _DROPPED}


def fingerprint() -> str:
    """Return one hash over all that decides what the environment holds, and where it stands."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    facts = {
        "locks": [path.read_text(encoding="utf-8") for path in (BUILD_LOCK, UV_LOCK, LOCK)],
        "project": [project["name"], project["version"], project.get("scripts", {})],
        "place": os.fsencode(VENV).decode("utf-8", errors="backslashreplace"),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def is_ready() -> bool:
    """Whether the environment stands, runs and belongs to the present locks."""
    if not STAMP.is_file() or STAMP.read_text(encoding="utf-8").strip() != fingerprint():
        return False
    command = [str(venv_program("python")), "-c", _PROBE]
    return subprocess.run(command, check=False, capture_output=True, cwd=VENV).returncode == 0


def run(command: list[str], environment: dict[str, str], folder: Path = ROOT) -> bool:
    """Run an installer with its output in the log; return whether it succeeded."""
    with LOG.open("a", encoding="utf-8", errors="backslashreplace") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        result = subprocess.run(
            command, check=False, stdout=log, stderr=log, env=environment, cwd=folder
        )
    return result.returncode == 0


def must_run(command: list[str], what: str, variables: Mapping[str, str] | None = None) -> None:
    """Run an installer that there is no second way for, with variables of its own.

    Raises
    ------
    SetupFailure
        ``ENV-004`` with the last line that it wrote.
    """
    if not run(command, {**clean_environment(), **(variables or {})}):
        lines = [
            line for line in LOG.read_text("utf-8", errors="replace").splitlines() if line.strip()
        ]
        raise SetupFailure(
            f"[ENV-004] {what} failed ({lines[-1].strip().rstrip('.')}): correct what {LOG} shows,"
            " most often the network or pip's index setting, and run the command again."
        )


def pip_install(installer: Installer, *arguments: str) -> list[str]:
    """Return a pip command that installs into the environment."""
    return [
        *(str(venv_program("python")), "-m", "pip", "install"),
        *("--quiet", "--disable-pip-version-check", "--no-input"),
        *installer.index_options,
        *arguments,
    ]


def locked(lock: Path) -> list[str]:
    """Return options that install a lock: hashes required, source allowed for two packages only."""
    allowed = [word for name in SOURCE_ONLY for word in ("--no-binary", name)]
    hashed = ["--require-hashes", "--no-build-isolation", "--only-binary", ":all:", *allowed]
    return [*hashed, "--requirement", str(lock)]


def uv_settings() -> tuple[dict[str, str], list[str]]:
    """Return uv's environment and options for what pip is configured to do."""
    environment = clean_environment()
    listing = subprocess.run(
        [str(venv_program("python")), "-m", "pip", "config", "list"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    ).stdout
    settings = parse_pip_config(listing)
    options = ["--no-index"] if refuses_index(settings) else []
    return uv_environment(settings, environment), options


def install_with_uv(installer: Installer) -> bool:
    """Install the lock with uv; return whether that succeeded."""
    if not run(pip_install(installer, *locked(UV_LOCK)), clean_environment()):
        return False
    environment, options = uv_settings()
    command = [
        *(str(venv_program("uv")), "pip", "install", "--no-progress", "--compile-bytecode"),
        *("--python", str(venv_program("python"))),
        *(installer.index_options or options),
        *locked(LOCK),
    ]
    # From an empty folder: inside the project uv would read the resolver's cut-off date from
    # pyproject.toml, which a mirror without upload dates cannot answer.
    with tempfile.TemporaryDirectory() as empty:
        return run(command, environment, Path(empty))


def install_packages(installer: Installer) -> str:
    """Install the locked packages and return the name of the installer that did it.

    Raises
    ------
    SetupFailure
        ``ENV-004`` when pip, the last resort, fails.
    """
    count = sum(1 for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line)
    where = f"from {installer.wheelhouse}" if installer.wheelhouse else "from the package index"
    must_run(pip_install(installer, *locked(BUILD_LOCK)), "installing setuptools")
    if installer.with_uv:
        say(f"installing up to {count} locked packages {where} with uv")
        if install_with_uv(installer):
            return "uv"
        say("uv could not do it; the same lock again with pip")
    else:
        say(f"installing up to {count} locked packages {where} with pip (a minute or two)")
    must_run(pip_install(installer, "--compile", *locked(LOCK)), "installing the locked packages")
    return "pip"


def install_project() -> None:
    """Install the project itself, editable, and compile its bytecode.

    The project's folder may bear any name, in any locale: setuptools writes it in the encoding of
    the locale, so that one is UTF-8, and Python reads it in that of its own, so it is replaced by
    the way from the environment to the package, which is ASCII.

    Raises
    ------
    SetupFailure
        ``ENV-004``.
    """
    offline = Installer(None, with_uv=False)
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    must_run(pip_install(offline, *options), "installing the project", {"LC_ALL": "C.UTF-8"})
    for path in VENV.glob("lib/python*/site-packages/__editable__.multifidus-*.pth"):
        path.write_text(f"{os.path.relpath(ROOT / 'workflow', path.parent)}\n", encoding="ascii")
    package = str(ROOT / "workflow" / "multifidus")
    must_run(
        [str(venv_program("python")), "-m", "compileall", "-q", package], "compiling the project"
    )


def make_environment(installer: Installer) -> None:
    """Make ``.venv`` from nothing.

    Raises
    ------
    SetupFailure
        ``ENV-003`` when the wheelhouse is missing, ``ENV-004`` when an installer fails,
        ``ENV-005`` when the folder cannot be made.
    """
    if installer.wheelhouse is not None and not installer.wheelhouse.is_dir():
        raise SetupFailure(
            "[ENV-003] MULTIFIDUS_WHEELHOUSE names no folder: make one with `make wheelhouse` on a"
            " connected machine of the same kind and give its path."
        )
    began = time.monotonic()
    say(f"Python {sys.version.split()[0]}, new environment in {VENV.name}")
    if VENV.is_symlink():
        VENV.unlink()  # never empty another project's environment through a link
    shutil.rmtree(VENV, ignore_errors=True)
    result = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        check=False,
        capture_output=True,
        env=clean_environment(),
    )
    if result.returncode != 0:
        raise SetupFailure(
            "[ENV-005] The environment's folder .venv could not be made: see that the project's"
            " folder can be written to and that Python's venv module works, then try again."
        )
    installed_by = install_packages(installer)
    install_project()
    STAMP.write_text(fingerprint() + "\n", encoding="utf-8")
    say(f"ready in {time.monotonic() - began:.0f} s, installed by {installed_by}")


def make_wheelhouse(folder: Path) -> None:
    """Fetch every locked file for this Python and platform into ``folder``.

    Raises
    ------
    SetupFailure
        ``ENV-004`` when a file cannot be fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for lock in (BUILD_LOCK, UV_LOCK, LOCK):
        command = [*(str(venv_program("python")), "-m", "pip", "download", "--quiet")]
        command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder)]
        must_run([*command, *locked(lock)], f"fetching the files of {lock.name}")
    files = sum(1 for _ in folder.iterdir())
    say(f"{files} files in {folder}; on the other machine: MULTIFIDUS_WHEELHOUSE={folder} make ...")


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code."""
    wheelhouse = os.environ.get("MULTIFIDUS_WHEELHOUSE")
    installer = Installer(
        wheelhouse=Path(wheelhouse).resolve() if wheelhouse else None,
        with_uv=os.environ.get("MULTIFIDUS_NO_UV", "0") in ("", "0"),
    )
    try:
        if not is_ready():
            make_environment(installer)
        if arguments[:1] == ["wheelhouse"]:
            make_wheelhouse(Path(arguments[1] if len(arguments) > 1 else "wheelhouse").resolve())
    except SetupFailure as failure:
        print(failure, file=sys.stderr)
        return ENVIRONMENT_EXIT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
