"""A sweep in libraries that train one network at a time: joblib over the cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from perceptrons.peers.task import Layers, Task, Trained, Training

TrainOne = Callable[[Task], Layers | None]


def each(train: TrainOne, tasks: Sequence[Task], threads: int) -> Training:
    """Return a call that trains every task: alone, or in processes, largest first.

    The processes are started, and have imported the library, before the call.
    """
    if len(tasks) == 1:
        return lambda: Trained([train(tasks[0])])
    from joblib import Parallel, delayed

    pool = Parallel(threads, backend="loky", idle_worker_timeout=3600)
    pool(delayed(train)(replace(task, epochs=1)) for task in tasks[: 2 * threads])

    def work(index: int) -> int:
        return -sum(W.size for W, _ in tasks[index].layers)

    def run() -> Trained:
        order = sorted(range(len(tasks)), key=work)
        trained = pool(delayed(train)(tasks[index]) for index in order)
        by_index = dict(zip(order, trained, strict=True))
        return Trained([by_index[index] for index in range(len(tasks))])

    return run
