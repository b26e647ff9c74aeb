"""Work over several processes, with results in the order of the jobs."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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
    script that calls this therefore guards its work with ``if __name__ == "__main__"``.

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
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield from pool.map(function, jobs, chunksize=chunksize)
    else:
        yield from map(function, jobs)
