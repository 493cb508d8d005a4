"""Processes that work for this one, and end with it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pickle import PicklingError
from typing import Any, TypeVar

from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from perceptrons import threads

T = TypeVar("T")

# Seconds until processes have started and imported what they work with.
_START = 3.0


def pool(jobs: int, **options: Any) -> Parallel:
    """Return scikit-learn's pool, whose processes do not outlive this one.

    It hands on scikit-learn's configuration and the filters of warnings, and takes
    calls that are ``sklearn.utils.parallel.delayed``.

    Parameters
    ----------
    jobs : int >= 1
        Processes; 1 stays in this one.
    **options
        Further arguments of joblib's ``Parallel``.
    """
    if jobs == 1:
        return Parallel(n_jobs=1, **options)
    # By the time a worker has its first task, this process may have been killed.
    watch = {"initializer": end_with, "initargs": (os.getpid(),)}
    return Parallel(n_jobs=jobs, backend="loky", **watch, **options)


@cache
def end_with(parent: int) -> None:
    """Let this process end within a second of its parent, even one killed by -9.

    Parameters
    ----------
    parent : int
        Its process number, as ``os.getppid`` gives it here while it lives.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="perceptrons-orphan", daemon=True).start()


class Crew:
    """Processes that share tasks, started once they save more than they cost.

    Each task uses one thread: many folds side by side leave no core idle, where threads
    within a fold wait for each other, and the seconds that candidates take are compared
    on equal terms.

    Parameters
    ----------
    jobs : int >= 1
        Processes; 1 stays in this one.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._started = False

    def share(
        self, work: Callable[..., T], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[T]:
        """Yield what comes of each task, in order; errors come through as they are.

        Parameters
        ----------
        work : callable
        tasks : sequence of tuple
            Arguments of the calls.

        Raises
        ------
        ValueError
            If a process is killed.
        """
        done = 0
        while done < len(tasks) and not self._started:
            begun = time.perf_counter()
            result = _on_one_thread(work, tasks[done])
            done += 1
            left = (time.perf_counter() - begun) * (len(tasks) - done)
            jobs = min(self._jobs, len(tasks) - done)
            self._started = jobs > 1 and left * (1 - 1 / jobs) > _START
            yield result
        rest = tasks[done:]
        if self._started and len(rest) > 1:
            jobs = min(self._jobs, len(rest))
            ask = pool(jobs, batch_size=1, return_as="generator")
            try:
                for result in ask(delayed(_on_one_thread)(work, t) for t in rest):
                    done += 1
                    yield result
            except TerminatedWorkerError as error:
                raise ValueError(
                    "A process that fitted candidates was ended from outside, often "
                    "for lack of memory; use fewer at a time: n_jobs=1, or --jobs 1."
                ) from error
            except (PicklingError, BrokenProcessPool):
                # A candidate that cannot be sent, or not be received, such as one of a
                # class that no file holds, is fitted here as well, only later.
                self._jobs = 1
        for task in tasks[done:]:
            yield _on_one_thread(work, task)


def _on_one_thread(work: Callable[..., T], task: tuple[Any, ...]) -> T:
    """Return what comes of one task, in whatever process this is."""
    with threadpool_limits(1), threads.one_thread():
        return work(*task)
