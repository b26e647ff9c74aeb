"""Set-up: pip's settings carried over to uv, and a clear sentence where there is no Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pip
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LISTING = """\
:env:.disable-pip-version-check='1'
download.no-index='1'
global.cert='/etc/pki/hospital.pem'
global.extra-index-url='https://mirror.example/more https://mirror.example/other'
global.find-links='/media/wheels\\n/media/more'
global.index-url='https://user:word@mirror.example/simple'
global.timeout='90'
global.trusted-host='mirror.example'
install.index-url='https://install.example/simple'
"""


@pytest.fixture(scope="module")
def pip_settings() -> ModuleType:
    """The module of tools/, which is no package."""
    sys.path.insert(0, str(REPOSITORY / "tools"))
    try:
        import pip_settings as module
    finally:
        sys.path.pop(0)
    return module


def test_a_listing_is_read_as_it_holds_for_install(pip_settings: ModuleType) -> None:
    """Precedence as pip documents it: environment, then the command's section, then global."""
    settings = pip_settings.parse_pip_config(LISTING)
    assert settings["index-url"] == "https://install.example/simple"
    assert "no-index" not in settings
    over = pip_settings.parse_pip_config(LISTING + ":env:.index-url='https://env.example'\n")
    assert over["index-url"] == "https://env.example"


@pytest.mark.parametrize("listing", ["", "nonsense\n", "global.cert=unquoted\n", "no-dot='1'\n"])
def test_lines_of_another_form_are_passed_over(pip_settings: ModuleType, listing: str) -> None:
    assert pip_settings.parse_pip_config(listing) == {}


def test_uv_sees_what_pip_sees(pip_settings: ModuleType) -> None:
    settings = pip_settings.parse_pip_config(LISTING)
    variables = pip_settings.uv_environment(settings, {"PATH": "here"})
    assert variables == {
        "PATH": "here",
        "SSL_CERT_FILE": "/etc/pki/hospital.pem",
        "UV_DEFAULT_INDEX": "https://install.example/simple",
        "UV_FIND_LINKS": "/media/wheels,/media/more",
        "UV_HTTP_TIMEOUT": "90",
        "UV_INDEX": "https://mirror.example/more https://mirror.example/other",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": "mirror.example",
        "UV_SYSTEM_CERTS": "1",
    }


def test_what_the_user_set_for_uv_stays(pip_settings: ModuleType) -> None:
    settings = pip_settings.parse_pip_config(LISTING)
    present = {"UV_DEFAULT_INDEX": "https://own.example", "SSL_CERT_FILE": "/own.pem"}
    assert present.items() <= pip_settings.uv_environment(settings, present).items()


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("true", True), ("0", False), ("false", False)]
)
def test_no_index_is_understood(pip_settings: ModuleType, value: str, expected: bool) -> None:
    assert pip_settings.refuses_index({"no-index": value}) is expected
    assert pip_settings.refuses_index({}) is False


def test_pip_itself_writes_listings_of_this_form(pip_settings: ModuleType) -> None:
    """Asked of pip: a variable that is set comes back under its section."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env={**os.environ, "PIP_INDEX_URL": "https://mirror.example/simple"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert pip_settings.parse_pip_config(listing)["index-url"] == "https://mirror.example/simple"


def run_launcher(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup.sh with a PATH that holds the shell's own programs and ``folder`` alone."""
    for name in ("sh", "dirname"):
        (folder / name).symlink_to(
            f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}"
        )
    return subprocess.run(
        [str(folder / "sh"), str(REPOSITORY / "tools" / "setup.sh"), "setup"],
        env={"PATH": str(folder), **variables},
        check=False,
        capture_output=True,
        text=True,
    )


def fake_python(folder: Path, name: str, script: str) -> None:
    """Put a program of that name on the PATH."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def test_without_python_there_is_one_sentence(tmp_path: Path) -> None:
    result = run_launcher(tmp_path)
    assert result.returncode == 16
    assert result.stderr.startswith("[ENV-001] No Python 3.11 or newer was found on the PATH: ")
    assert result.stderr.count("\n") == 1


def test_an_old_python_does_not_count(tmp_path: Path) -> None:
    """A Python below 3.11 fails the launcher's question, as an empty shim of a manager does."""
    fake_python(tmp_path, "python3", "exit 1")
    result = run_launcher(tmp_path)
    assert result.returncode == 16
    assert result.stderr.startswith("[ENV-001] ")


def test_a_python_without_ensurepip_names_the_package_to_install(tmp_path: Path) -> None:
    """Debian keeps ensurepip in a package of its own."""
    script = 'case "$2" in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; *) exit 0 ;; esac'
    fake_python(tmp_path, "python3.12", script)
    result = run_launcher(tmp_path)
    assert result.returncode == 16
    assert result.stderr.startswith("[ENV-002] python3.12 cannot make virtual environments")
    assert "apt-get install python3.12-venv" in result.stderr


def test_the_next_complete_python_is_taken(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3.13", 'case "$2" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac')
    fake_python(tmp_path, "python3.11", 'case "$1" in -c) exit 0 ;; *) echo "took $1 $2" ;; esac')
    result = run_launcher(tmp_path)
    assert result.returncode == 0
    assert re.fullmatch(r"took .*/tools/setup\.py setup\n", result.stdout)


def test_a_python_named_by_variable_is_the_only_one_tried(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "exit 0")
    result = run_launcher(tmp_path, MULTIFIDUS_PYTHON="/nowhere/python")
    assert result.returncode == 16
    assert result.stderr.startswith("[ENV-001] MULTIFIDUS_PYTHON names no Python 3.11 or newer")


def test_a_missing_wheelhouse_is_named(tmp_path: Path) -> None:
    """In a copy, so that this project's own environment stays as it is."""
    for name in ("tools", "pyproject.toml", *(path.name for path in REPOSITORY.glob("*.lock"))):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    script = (
        "import sys; sys.path.insert(0, 'tools'); import setup, pathlib;"
        "setup.VENV = pathlib.Path('.venv'); setup.STAMP = setup.VENV / '.ready';"
        "sys.exit(setup.main(['setup']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "MULTIFIDUS_WHEELHOUSE": "nowhere"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 16
    assert result.stderr.startswith("[ENV-003] MULTIFIDUS_WHEELHOUSE names no folder")
    assert not (tmp_path / ".venv").exists()


def test_a_folder_of_any_name_is_set_up_in_any_locale(tmp_path: Path) -> None:
    """The last step of set-up, in an environment that borrows its pip and setuptools."""
    root = tmp_path / "\u00e9tude \u4e2d"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, root)
    shutil.copytree(REPOSITORY / "tools", root / "tools")
    package = root / "workflow" / "multifidus"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    venv = [sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")]
    subprocess.run(venv, check=True)
    (borrowed,) = {Path(pip.__file__).parents[1]}
    (site,) = (root / ".venv").glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", "import setup; setup.install_project()"],
        cwd=root / "tools",
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    for locale in ("C", "C.UTF-8"):
        found = subprocess.run(
            [root / ".venv/bin/python", "-c", "import multifidus as m; print(ascii(m.__file__))"],
            cwd=tmp_path,
            env={**os.environ, "LC_ALL": locale},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert found.strip() == ascii(str(package / "__init__.py"))
