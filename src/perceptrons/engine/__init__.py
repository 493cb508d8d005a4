"""Which engine trains: the compiled one, or NumPy, the reference and fallback.

An engine is a class like :class:`perceptrons.objective.Objective`, bound to a problem
and the most rows of a batch, with ``value_and_grad``, ``run_epochs`` and
``raw_outputs``. The compiled one may decline a case with a reason.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from perceptrons import _checks
from perceptrons.objective import BoundObjective, Objective, Problem, Rule

ENGINES = ("auto", "numpy", "compiled")


@dataclass(frozen=True)
class Choice:
    """An engine, and in a sentence why it was chosen; ``bind`` makes it work."""

    name: str
    reason: str
    n_threads: int

    def bind(self, problem: Problem, rows: int) -> BoundObjective:
        """Return the objective of one training run, its buffers allocated."""
        if self.name == "numpy":
            return Objective(problem, rows)
        from perceptrons.engine.compiled import CompiledObjective

        return CompiledObjective(problem, rows, self.n_threads)


def missing() -> str | None:
    """Return why there is no compiled engine, or None where there is one."""
    if find_spec("perceptrons.engine._kernels") is None:
        return "this installation was built without the compiled engine"
    try:
        import perceptrons.engine.compiled  # noqa: F401
    except ImportError as error:
        return f"the compiled engine does not load ({error})"
    return None


def choose(
    name: str, problem: Problem, rule: Rule | None, n_jobs: int | None
) -> Choice:
    """Return the engine for a problem and a rule (None: L-BFGS).

    Parameters
    ----------
    name : {"auto", "numpy", "compiled"}
        "auto" falls back to NumPy where the compiled engine is missing or declines.
    problem : Problem
    rule : Rule or None
    n_jobs : int or None
        Most threads; see :func:`usable_threads`.

    Raises
    ------
    ValueError
        For an unknown name, or for "compiled" where it is missing or declines.
    """
    _checks.choice("engine", name, ENGINES)
    if name == "numpy":
        return Choice("numpy", "asked for", 1)
    why_not = missing()
    if why_not is None:
        from perceptrons.engine.compiled import declines, instruction_set

        why_not = declines(problem, rule)
    if why_not is None:
        return Choice(
            "compiled", f"fastest ({instruction_set()})", usable_threads(n_jobs)
        )
    if name == "compiled":
        raise ValueError(
            f"engine='compiled' is not available: {why_not}; use engine='auto' or "
            "engine='numpy'."
        )
    return Choice("numpy", why_not, 1)


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


@contextmanager
def interrupt_all() -> Iterator[None]:
    """End every compiled epoch under way, in whatever thread, as Ctrl-C does.

    Signals reach the main thread only; the others have to be told.
    """
    if missing() is not None:
        yield
        return
    from perceptrons.engine import _kernels

    _kernels.interrupt(True)
    try:
        yield
    finally:
        _kernels.interrupt(False)


def usable_threads(n_jobs: int | None) -> int:
    """Return how many threads one training may use.

    Parameters
    ----------
    n_jobs : int or None
        None: all cores this process may use (its affinity, the container's quota,
        OMP_NUM_THREADS), but one inside a worker process, whose parent has already
        shared them out; negative: as many below all cores, -1 being all.
    """
    if getattr(_local, "one_thread", False):
        return 1
    if n_jobs is not None and n_jobs > 0:
        return n_jobs
    if n_jobs is None and multiprocessing.parent_process() is not None:
        return 1
    import joblib

    cores: int = joblib.cpu_count()
    if n_jobs is None:
        limit = os.environ.get("OMP_NUM_THREADS", "")
        return min(cores, int(limit)) if limit.isdigit() and int(limit) else cores
    return max(1, cores + 1 + n_jobs)
