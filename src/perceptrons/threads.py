"""Threads of all fits of a process: cores, BLAS, and how all of them are ended."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from threadpoolctl import ThreadpoolController

from perceptrons import _checks

_local = threading.local()


def use_one_thread() -> None:
    """Make trainings begun in this thread use one core: its caller shares them out."""
    _local.one_thread = True


@contextmanager
def one_thread() -> Iterator[None]:
    """Make trainings begun in this thread use one core for a while."""
    before = getattr(_local, "one_thread", False)
    _local.one_thread = True
    try:
        yield
    finally:
        _local.one_thread = before


def usable_threads(n_jobs: int | None) -> int:
    """Return how many threads one training may use.

    Parameters
    ----------
    n_jobs : int or None
        None: all cores this process may use (its affinity, the container's quota,
        OMP_NUM_THREADS), but one inside a worker process, whose parent has already
        shared them out; negative: as many below all cores, -1 being all.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ValueError
        For an ``n_jobs`` of 0, and if a variable of the environment that is asked for
        them is no number above 0.
    """
    _checks.n_jobs(n_jobs)
    if getattr(_local, "one_thread", False):
        return 1
    if n_jobs is not None and n_jobs > 0:
        return n_jobs
    if n_jobs is None and multiprocessing.parent_process() is not None:
        return 1
    most = cores()
    if n_jobs is None:
        # OpenMP takes no text for no limit, and a list of levels, the outermost first.
        return min(most, _number("OMP_NUM_THREADS", rf"({_NUMBER}(,.*)?)?") or most)
    return max(1, most + 1 + n_jobs)


def cores() -> int:
    """Return how many cores this process may use: its affinity, the container's quota.

    Raises
    ------
    ValueError
        If LOKY_MAX_CPU_COUNT, which may lower it, is no number above 0.
    """
    import joblib  # not for an import of the engine: it takes tens of milliseconds

    _number("LOKY_MAX_CPU_COUNT", _NUMBER)
    return int(joblib.cpu_count())


# Nine digits: Python refuses to read texts of some thousand.
_NUMBER = "0*(?P<number>[1-9][0-9]{0,8})"


def _number(variable: str, form: str) -> int | None:
    """Return the number of processors that a variable gives, None if it gives none."""
    given = os.environ.get(variable)
    if given is None:
        return None
    found = re.fullmatch(form, given.strip())
    if found is None:
        raise ValueError(
            f"{variable} must be a whole number above 0, got {given[:40]!r}; unset it "
            "to use all cores."
        )
    return int(found["number"]) if found["number"] else None


class _OneBlasThread:
    """Keeps BLAS at one thread while any training runs, in whatever thread.

    The setting belongs to the process, so the first training in saves it and the last
    one out restores it. One thread: the matrices of one batch are too small to share,
    and the same bits come out on every machine and for every ``n_jobs``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._pools: ThreadpoolController | None = None
        self._limit: Any = None

    def forget(self) -> None:
        """Count no training, and take a lock nobody holds."""
        if self._running:
            self._limit.__exit__(None, None, None)
        self._lock, self._running = threading.Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if self._running == 0:
                # Looking up the loaded libraries costs a millisecond: once is enough.
                self._pools = self._pools or ThreadpoolController()
                self._limit = self._pools.limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._running += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._running -= 1
            if self._running == 0:
                self._limit.__exit__(*error)


one_blas_thread = _OneBlasThread()
if hasattr(os, "register_at_fork"):
    # A child has none of its parent's other threads: no training runs in it, and a lock
    # one of them held would stay held for good.
    os.register_at_fork(after_in_child=one_blas_thread.forget)


#: Set to end every training under way, in whatever thread, as Ctrl-C does: signals
#: reach the main thread only.
interruption = threading.Event()

#: Called with True to end what never looks at ``interruption``, and with False after.
stoppers: list[Callable[[bool], object]] = []


@contextmanager
def interrupt_all() -> Iterator[None]:
    """End every training under way: between epochs, and within compiled ones."""
    interruption.set()
    for stop in stoppers:
        stop(True)
    try:
        yield
    finally:
        for stop in stoppers:
            stop(False)
        interruption.clear()


@contextmanager
def heed_ctrl_c() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end if Ctrl-C came and what ran kept it to itself.

    Networks that Ctrl-C cuts short, scikit-learn's and ours, warn and return what they
    have: fine where one is trained, not where its numbers are one of many.
    """
    before = signal.getsignal(signal.SIGINT)
    # Other threads are sent no signals, and what is no function is not ours to call.
    if threading.current_thread() is not threading.main_thread() or not callable(
        before
    ):
        yield
        return
    came = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
