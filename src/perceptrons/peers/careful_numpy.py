"""NumPy, written with care: the reference engine, buffers allocated once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from perceptrons.peers import ours
from perceptrons.peers._sharing import each
from perceptrons.peers.task import Array, Task, Training


def trainer(tasks: Sequence[Task], threads: int) -> Training:
    """Return a call that trains every task."""
    return each(partial(ours.train, engine="numpy"), tasks, threads)


def predictor(task: Task) -> Callable[[], Array]:
    """Return a call that predicts."""
    return ours.predictor(task, engine="numpy")
