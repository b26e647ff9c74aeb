"""Processes of a run: who is at work in a project's folder, and jobs that end with their run.

Every run and every job holds a shared lock on a file under ``.snakemake``. The system releases it
when the process ends, however it ends; so a lock that can be had alone proves that no process is
at work, and what a killed run left behind can be removed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import shutil
import signal
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from multifidus.base.errors import MultifidusError, SetupError
from multifidus.base.files import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "PARENT_VARIABLE",
    "Role",
    "at_work",
    "attend",
    "end_with",
    "environment_error",
    "keep_modes",
    "killed",
    "no_space",
    "not_permitted",
    "refuse_unwritable",
    "start_run",
]

PARENT_VARIABLE = "MULTIFIDUS_RUN_PROCESS"
"""Environment variable in which a run gives its process number to its jobs."""
_STATE = Path(".snakemake")
_PATIENCE = 15.0
"""Seconds in which the jobs of a killed run end by themselves."""
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_PERMITTED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


class Role(StrEnum):
    """What a process is to a run."""

    RUN = "run"
    JOB = "job"


def attend(role: Role, state: Path = _STATE) -> int:
    """Say, until this process ends, that it is at work.

    Parameters
    ----------
    role
        A run, or one of its jobs.
    state
        Folder of the lock files.

    Returns
    -------
    int
        The open file that holds the lock; closing it ends the attendance.
    """
    handle = _open(role, state)
    _lock(handle, fcntl.LOCK_SH)
    return handle


def at_work(role: Role, state: Path = _STATE) -> bool | None:
    """Whether a process of this role is at work; none where the file system has no locks."""
    if not (state / _name(role)).exists():
        return False
    handle = _open(role, state)
    try:
        alone = _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(handle)
    return None if alone is None else not alone


def start_run(results: Path, state: Path = _STATE, *, patience: float = _PATIENCE) -> int:
    """Attend as a run, after removing what a killed one left: locks and half-written files.

    Nothing is removed while another run is at work; Snakemake then compares what both would write.

    Parameters
    ----------
    results
        The results folder.
    state
        Snakemake's folder.
    patience
        Seconds to wait for the jobs of a killed run, which end by themselves.

    Returns
    -------
    int
        As :func:`attend`.

    Raises
    ------
    SetupError
        ``ENV-021`` when jobs of a run that is gone are still at work.
    """
    handle = _open(Role.RUN, state)
    if _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB):
        if _wait_until(lambda: not at_work(Role.JOB, state), patience):
            if at_work(Role.JOB, state) is False:
                _remove_leftovers(results, state)
        else:
            os.close(handle)
            raise SetupError(
                "ENV-021",
                "Jobs of a run that was stopped are still at work in this folder: wait until they"
                " end or stop them (on a cluster: scancel), then give the same command again.",
            )
    _lock(handle, fcntl.LOCK_SH)
    return handle


def end_with(parent: int) -> None:
    """End this process as soon as another one has ended.

    A thread waits for it. Nothing is cleaned up: files are written under temporary names.
    """

    def wait() -> None:
        _wait_for_end(parent)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


def environment_error(error: BaseException | None) -> SetupError | None:
    """Return what a full disk, a folder without write access or a killed worker means to a user.

    Parameters
    ----------
    error
        Any error; those that it was raised from are looked at too.

    Returns
    -------
    SetupError or None
        ``ENV-011`` no space, ``ENV-012`` no access, ``ENV-013`` killed or out of memory; none for
        anything else.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MultifidusError):
            return None
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            return no_space(error.filename)
        if isinstance(error, OSError) and error.errno in _NOT_PERMITTED:
            return not_permitted(error.filename)
        if isinstance(error, MemoryError) or type(error).__name__ == "BrokenProcessPool":
            return killed("A job")
        error = error.__cause__ or error.__context__
    return None


def no_space(path: object = None) -> SetupError:
    """Return ``ENV-011``."""
    where = f" for {path}" if path else ""
    return SetupError(
        "ENV-011",
        f"There is no space left on the disk{where}: free some, or let paths.results in the"
        " configuration name a folder on another disk, and give the same command again; finished"
        " steps are kept.",
    )


def not_permitted(path: object = None) -> SetupError:
    """Return ``ENV-012``."""
    return SetupError(
        "ENV-012",
        f"This account has no access to {path or 'a file that the run needs'}: change its owner or"
        " mode, mount its disk for writing, or let paths.results and paths.logs in the"
        " configuration name other folders, and give the same command again.",
    )


def killed(what: str) -> SetupError:
    """Return ``ENV-013``, also left in a job's record before its work begins."""
    return SetupError(
        "ENV-013",
        f"{what} was killed, most often because memory ran out (signal 9): free memory or take"
        " fewer cores (make report CORES=1), and give the same command again; finished steps are"
        " kept.",
    )


def keep_modes(paths: Iterable[Path | str]) -> None:
    """Take from files and folders, and all in them, the permissions that the umask withholds.

    A copy of a file has the modes of the original, whatever the umask.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    for path in map(Path, paths):
        for found in [path, *path.rglob("*")] if path.is_dir() else [path]:
            mode = found.stat().st_mode & 0o777
            if mode & umask:
                found.chmod(mode & ~umask)


def refuse_unwritable(*folders: Path) -> None:
    """Check that files can be made in folders, or that the folders can be made.

    Raises
    ------
    SetupError
        ``ENV-012`` with the first folder that cannot be written to.
    """
    for folder in map(Path.absolute, folders):
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise not_permitted(nearest)


def _name(role: Role) -> str:
    return f"multifidus.{role}"


def _open(role: Role, state: Path) -> int:
    state.mkdir(exist_ok=True)
    return os.open(state / _name(role), os.O_RDWR | os.O_CREAT, 0o666)


def _lock(handle: int, operation: int) -> bool | None:
    """Return whether a lock was had; none where the file system has none."""
    try:
        fcntl.flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True


def _wait_until(done: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _wait_for_end(process: int) -> None:
    try:
        handle = os.pidfd_open(process)  # Linux: exact, whatever becomes of the number
    except (AttributeError, OSError):
        while _exists(process):
            time.sleep(0.5)
    else:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll()


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove_leftovers(results: Path, state: Path) -> None:
    shutil.rmtree(state / "locks", ignore_errors=True)
    for path in [*results.rglob(f".*{PARTIAL}"), *results.rglob(f".*{PARTIAL}.*")]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
