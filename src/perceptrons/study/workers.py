"""Processes that work for this one, and end with it."""

from __future__ import annotations

import os
import threading
import time
from functools import cache
from typing import Any

from sklearn.utils.parallel import Parallel


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
