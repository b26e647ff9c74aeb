"""Work over several processes, with results in the order of the jobs."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["map_processes"]

Job = TypeVar("Job")
Answer = TypeVar("Answer")


def map_processes(
    function: Callable[[Job], Answer], jobs: Sequence[Job], workers: int, *, chunksize: int = 1
) -> Iterator[Answer]:
    """Apply a function to every job and yield the answers in the order of the jobs.

    Processes are spawned, not forked: a fork of a process whose libraries run threads may hang. A
    script that calls this therefore guards its work with ``if __name__ == "__main__"``. They end
    with the process that calls this, also when it is killed.

    Parameters
    ----------
    function
        A function of a module, so that processes can import it.
    jobs
        What it is applied to.
    workers
        Processes; with one, or for one job, the work is done here.
    chunksize
        Jobs handed to a process at a time.
    """
    if workers > 1 and len(jobs) > 1:
        with ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=_end_with_caller
        ) as pool:
            yield from pool.map(function, jobs, chunksize=chunksize)
    else:
        yield from map(function, jobs)


def _end_with_caller() -> None:
    """Let a worker end when the process that started it has: left alone, it would wait for ever."""
    caller = parent_process()

    def wait() -> None:
        if caller is not None:
            connection.wait([caller.sentinel])
            os._exit(1)

    threading.Thread(target=wait, name="end-with-caller", daemon=True).start()
