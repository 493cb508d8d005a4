"""Which engine trains: the compiled one, or NumPy, the reference and fallback.

An engine is a :class:`perceptrons.objective.BoundObjective`: bound to a problem and the
most rows of a batch, with ``value_and_grad``, ``run_epochs`` and ``raw_outputs``. The
compiled one may decline a case with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from perceptrons import _checks, threads
from perceptrons.engine.reference import NumPyObjective
from perceptrons.objective import BoundObjective, Problem
from perceptrons.optimizers import Rule

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
            return NumPyObjective(problem, rows)
        from perceptrons.engine.compiled import CompiledObjective

        return CompiledObjective(problem, rows, self.n_threads)


@cache
def missing() -> str | None:
    """Return why there is no compiled engine, or None where there is one.

    Looked up once: every fit and every prediction asks.
    """
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
        Most threads; see :func:`perceptrons.threads.usable_threads`.

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
            "compiled", f"fastest ({instruction_set()})", threads.usable_threads(n_jobs)
        )
    if name == "compiled":
        raise ValueError(
            f"engine='compiled' is not available: {why_not}; use engine='auto' or "
            "engine='numpy'."
        )
    return Choice("numpy", why_not, 1)
